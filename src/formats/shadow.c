/* shadow.c - what is said about passwords. */
#include "formats/shadow.h"

#include "base/text.h"
#include "formats/split.h"

enum { NAME, PASSWORD, CHANGE, MIN, MAX, WARN, INACTIVE, EXPIRES, RESERVED, FIELDS };

#define DAYS_MAX        INT32_MAX
#define DES_HASH_LENGTH 13

/* Prefixes of crypt(5); the longer of two that begin alike first. */
static const struct {
	const char *prefix;
	const char *name;
} algorithms[] = {
	{ "$gy$", "gost-yescrypt" },
	{ "$y$", "yescrypt" },
	{ "$7$", "scrypt" },
	{ "$2a$", "bcrypt" },
	{ "$2b$", "bcrypt" },
	{ "$2x$", "bcrypt" },
	{ "$2y$", "bcrypt" },
	{ "$6$", "sha512" },
	{ "$5$", "sha256" },
	{ "$sha1$", "sha1" },
	{ "$md5", "sunmd5" },
	{ "$1$", "md5" },
	{ "$3$", "nt" },
	{ "_", "bsdi-des" },
};

struct shadow_iterator shadow_over(struct span file)
{
	return (struct shadow_iterator){ .rest = reader_over(file) };
}

static const char *algorithm_of(struct span hash)
{
	for (size_t i = 0; i < COUNT_OF(algorithms); i++) {
		if (span_starts_with(hash, algorithms[i].prefix)) {
			return algorithms[i].name;
		}
	}
	return hash.len == DES_HASH_LENGTH ? "des" : "unknown";
}

static void take_password(struct span password, struct shadow_entry *out)
{
	size_t marks = 0;

	while (marks < password.len && password.ptr[marks] == '!') {
		marks++;
	}
	out->is_locked = marks > 0 || span_starts_with(password, "*");
	password = span_after(password, marks);
	out->has_password = password.len > 0 && password.ptr[0] != '*';
	out->algorithm = out->has_password ? algorithm_of(password) : NULL;
}

static bool take_days(struct span digits, int64_t *out)
{
	if (digits.len == 0) {
		*out = SHADOW_NONE;
		return true;
	}
	return text_to_i64(digits, out) == 0 && *out >= SHADOW_NONE && *out <= DAYS_MAX;
}

static bool parse(struct span line, struct shadow_entry *out)
{
	struct span fields[FIELDS];
	struct shadow_entry entry = { .algorithm = NULL };

	if (line.len > SHADOW_LINE_MAX || !split_fields(line, ':', fields, FIELDS) ||
	    fields[NAME].len == 0 || fields[NAME].ptr[0] == '+' || fields[NAME].ptr[0] == '-' ||
	    !take_days(fields[CHANGE], &entry.last_change) ||
	    !take_days(fields[MIN], &entry.min_days) || !take_days(fields[MAX], &entry.max_days) ||
	    !take_days(fields[WARN], &entry.warn_days) ||
	    !take_days(fields[INACTIVE], &entry.inactive_days) ||
	    !take_days(fields[EXPIRES], &entry.expires)) {
		return false;
	}
	entry.name = fields[NAME];
	take_password(fields[PASSWORD], &entry);
	*out = entry;
	return true;
}

bool shadow_next(struct shadow_iterator *it, struct shadow_entry *out)
{
	while (reader_left(&it->rest) > 0) {
		struct span line = reader_line(&it->rest);

		if (split_is_blank(line)) {
			continue;
		}
		if (parse(line, out)) {
			return true;
		}
		it->malformed++;
	}
	return false;
}
