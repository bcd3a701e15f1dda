/* clone.c - three hashes and a salt, as text. */
#include "sensor/clone.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"
#include "sys/buffer.h"
#include "sys/file.h"

#define PATH_SIZE 4200
#define FILE_MAX  4096
#define NAME      "machine"

static const char *const names[CLONE_FACTS] = { "machine-id", "product", "folder" };

/* --- text --- */

static int digit_of(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hex(struct span text, uint8_t *out, size_t size)
{
	if (text.len != 2 * size) {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		int high = digit_of(text.ptr[2 * i]);
		int low = digit_of(text.ptr[2 * i + 1]);

		if (high < 0 || low < 0) {
			return false;
		}
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void write_hex(struct writer *w, const char *name, const uint8_t *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	writer_text(w, name);
	writer_u8(w, ' ');
	for (size_t i = 0; i < size; i++) {
		writer_u8(w, (uint8_t)digits[bytes[i] >> 4]);
		writer_u8(w, (uint8_t)digits[bytes[i] & 15]);
	}
	writer_u8(w, '\n');
}

int clone_parse(struct span file, struct clone_facts *out)
{
	struct reader r = reader_over(file);
	struct clone_facts facts = { .salt = { 0 } };
	bool has_salt = false;

	while (reader_left(&r) > 0) {
		struct span line = reader_line(&r);
		struct reader words = reader_over(line);
		struct span name = reader_until(&words, ' ');
		struct span value = reader_rest(&words);

		has_salt = has_salt ||
			   (span_is(name, "salt") && take_hex(value, facts.salt, CLONE_SALT_SIZE));
		for (size_t i = 0; i < CLONE_FACTS; i++) {
			if (span_is(name, names[i])) {
				facts.is_known[i] = take_hex(value, facts.hashes[i], SHA256_SIZE);
			}
		}
	}
	if (!has_salt || !facts.is_known[CLONE_FOLDER]) {
		return ERR_MALFORMED;
	}
	*out = facts;
	return 0;
}

/* --- facts --- */

static void set(struct clone_facts *facts, unsigned which, struct span value)
{
	struct sha256 h;

	if (value.len == 0) {
		return;
	}
	sha256_init(&h);
	sha256_add(&h, (struct span){ facts->salt, sizeof facts->salt });
	sha256_add(&h, span_of(names[which]));
	sha256_add(&h, value);
	sha256_done(&h, facts->hashes[which]);
	facts->is_known[which] = true;
}

static void set_from_file(struct clone_facts *facts, unsigned which, const char *root,
			  const char *path)
{
	struct buffer file OWNED(buffer_done);
	char whole[PATH_SIZE];
	struct span value;

	buffer_init(&file, FILE_MAX);
	snprintf(whole, sizeof whole, "%s%s", strcmp(root, "/") == 0 ? "" : root, path);
	if (file_read(whole, &file) != 0) {
		return;
	}
	value = span_trim(buffer_span(&file));
	if (!span_is(value, "uninitialized")) { /* machine-id(5), before the first boot */
		set(facts, which, value);
	}
}

static void gather(const char *folder, const char *root, struct clone_facts *facts)
{
	uint8_t bytes[16];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct stat status;

	set_from_file(facts, CLONE_MACHINE_ID, root, "/etc/machine-id");
	set_from_file(facts, CLONE_PRODUCT, root, "/sys/class/dmi/id/product_uuid");
	if (stat(folder, &status) == 0) {
		writer_be64(&w, status.st_dev);
		writer_be64(&w, status.st_ino);
		set(facts, CLONE_FOLDER, writer_span(&w));
	}
}

static bool is_different(const struct clone_facts *then, const struct clone_facts *now,
			 unsigned which)
{
	return then->is_known[which] && now->is_known[which] &&
	       memcmp(then->hashes[which], now->hashes[which], SHA256_SIZE) != 0;
}

enum clone_verdict clone_compare(const struct clone_facts *then, const struct clone_facts *now)
{
	if (is_different(then, now, CLONE_MACHINE_ID) || is_different(then, now, CLONE_PRODUCT)) {
		return CLONE_COPIED;
	}
	return is_different(then, now, CLONE_FOLDER) ? CLONE_RESTORED : CLONE_SAME;
}

enum clone_verdict clone_check(const char *folder, const char *root)
{
	struct buffer file OWNED(buffer_done);
	struct clone_facts then;
	struct clone_facts now = { .salt = { 0 } };
	char path[PATH_SIZE];

	buffer_init(&file, FILE_MAX);
	snprintf(path, sizeof path, "%s/" NAME, folder);
	if (file_read(path, &file) != 0 || clone_parse(buffer_span(&file), &then) != 0) {
		return CLONE_NEW;
	}
	memcpy(now.salt, then.salt, sizeof now.salt);
	gather(folder, root, &now);
	return clone_compare(&then, &now);
}

int clone_remember(const char *folder, const char *root, struct why *why)
{
	struct clone_facts facts = { .salt = { 0 } };
	uint8_t bytes[FILE_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	char path[PATH_SIZE];

	if (getrandom(facts.salt, sizeof facts.salt, 0) != (ssize_t)sizeof facts.salt) {
		return why_set(why, ERR_IO, "no random numbers are to be had");
	}
	gather(folder, root, &facts);
	write_hex(&w, "salt", facts.salt, sizeof facts.salt);
	for (size_t i = 0; i < CLONE_FACTS; i++) {
		if (facts.is_known[i]) {
			write_hex(&w, names[i], facts.hashes[i], SHA256_SIZE);
		}
	}
	snprintf(path, sizeof path, "%s/" NAME, folder);
	return file_replace(path, writer_span(&w), S_IRUSR | S_IWUSR, why);
}
