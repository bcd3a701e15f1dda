/* mask_name.c - lists of words, behind a quick look that most names do not pass. */
#include "formats/mask_name.h"

#include "base/attr.h"
#include "formats/ascii.h"

#define NAME_MAX_LEN 64

/* Most texts differ in their first character; this runs for each word of each execution. */
static bool begins(struct span text, const char *with)
{
	return text.len > 0 && text.ptr[0] == (uint8_t)with[0] && span_starts_with(text, with);
}

static bool is_any_of(struct span name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (begins(name, list[i]) && span_is(name, list[i])) {
			return true;
		}
	}
	return false;
}

static bool contains(struct span text, const char *wanted)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == (uint8_t)wanted[0] &&
		    span_starts_with(span_after(text, i), wanted)) {
			return true;
		}
	}
	return false;
}

static bool is_alphanumeric(uint8_t c)
{
	uint8_t lower = ascii_lower(c);

	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

/* In lower case, - as _, without what leads options. */
static struct span normalize(struct span name, uint8_t out[NAME_MAX_LEN])
{
	while (name.len > 0 && !is_alphanumeric(*name.ptr)) {
		name = span_after(name, 1);
	}
	if (name.len > NAME_MAX_LEN) {
		name = span_after(name, name.len - NAME_MAX_LEN);
	}
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = ascii_lower(name.ptr[i]);

		out[i] = c == '-' || c == '.' ? '_' : c;
	}
	return (struct span){ out, name.len };
}

static bool is_root_at(struct span raw, size_t i, const char *root)
{
	for (; *root != '\0'; root++, i++) {
		if (i >= raw.len || (raw.ptr[i] | 0x20) != (uint8_t)*root) {
			return false;
		}
	}
	return true;
}

/* Each of the names below has one of these in it: most have none, and are done with. */
static bool may_be_secret(struct span raw)
{
	for (size_t i = 0; i < raw.len; i++) {
		const char *root = NULL;

		switch (raw.ptr[i] | 0x20) {
		case 'p':
			if (is_root_at(raw, i, "pass") || is_root_at(raw, i, "psk")) {
				return true;
			}
			root = "pw";
			break;
		case 's':
			root = "secr";
			break;
		case 'k':
			root = "key";
			break;
		case 'b':
			root = "bear";
			break;
		case 't':
			root = "tok";
			break;
		case 'a':
			root = "auth";
			break;
		case 'c':
			if (is_root_at(raw, i, "cook")) {
				return true;
			}
			root = "cred";
			break;
		default:
			continue;
		}
		if (is_root_at(raw, i, root)) {
			return true;
		}
	}
	return false;
}

bool mask_is_secret_name(struct span raw)
{
	static const char *const whole[] = { "pass",      "pw",      "auth", "authorization",
					     "cookie",    "mypwd",   "key",  "passin",
					     "passout",   "userpwd", "psk",  "dpass",
					     "basicauth", "bearer" };
	static const char *const parts[] = {
		"password",   "passwd",      "passphrase",     "secret",         "token",
		"apikey",     "api_key",     "accesskey",      "access_key",     "privatekey",
		"credential", "_pwd",        "private_key",    "storepass",      "keypass",
		"authkey",    "auth_key",    "_pass",          "encryption_key", "account_key",
		"shared_key", "signing_key", "_authorization",
	};
	static const char *const harmless[] = {
		"file",   "path",  "dir",     "name", "id",      "type",    "length",
		"len",    "ttl",   "age",     "url",  "uri",     "policy",  "stdin",
		"prompt", "store", "min",     "max",  "count",   "expires", "format",
		"hash",   "fd",    "enabled", "days", "quality",
	};
	uint8_t bytes[NAME_MAX_LEN];
	struct span name;
	size_t tail;

	if (!may_be_secret(raw)) {
		return false;
	}
	name = normalize(raw, bytes);
	tail = name.len;
	if (is_any_of(name, whole, COUNT_OF(whole))) {
		return !span_is(name, "key") || raw.len == 3; /* not an option's --key */
	}
	while (tail > 0 && name.ptr[tail - 1] != '_') {
		tail--;
	}
	if (is_any_of(span_after(name, tail), harmless, COUNT_OF(harmless)) ||
	    span_ends_with(name, "file") || span_ends_with(name, "path")) {
		return false;
	}
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (contains(name, parts[i])) {
			return true;
		}
	}
	return false;
}

bool mask_is_header_name(struct span raw)
{
	uint8_t bytes[NAME_MAX_LEN];
	struct span name;

	if (!may_be_secret(raw)) {
		return false;
	}
	name = normalize(raw, bytes);
	return span_ends_with(name, "authorization") || span_ends_with(name, "cookie");
}
