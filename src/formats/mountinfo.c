/*
 * mountinfo.c - fields between single blanks:
 *
 *   36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
 *   id parent major:minor root target options tags... - type source super_options
 */
#include "formats/mountinfo.h"

#include "base/text.h"
#include "formats/split.h"

struct mountinfo_iterator mountinfo_over(struct span file)
{
	return (struct mountinfo_iterator){ .rest = reader_over(file) };
}

static uint32_t take_number(struct reader *r, uint8_t delimiter)
{
	uint64_t value = 0;

	if (text_to_u64(reader_until(r, delimiter), UINT32_MAX, &value) != 0) {
		reader_fail(r);
	}
	return (uint32_t)value;
}

static bool parse(struct span line, struct mountinfo_entry *out)
{
	struct reader r = reader_over(line);
	struct mountinfo_entry entry = { 0 };
	struct span tag;

	entry.id = take_number(&r, ' ');
	entry.parent = take_number(&r, ' ');
	entry.major = take_number(&r, ':');
	entry.minor = take_number(&r, ' ');
	entry.root = reader_until(&r, ' ');
	entry.target = reader_until(&r, ' ');
	entry.options = reader_until(&r, ' ');
	do {
		tag = reader_until(&r, ' ');
	} while (tag.len > 0 && !span_is(tag, "-"));
	entry.type = reader_until(&r, ' ');
	entry.source = reader_until(&r, ' '); /* may be empty */
	entry.super_options = reader_until(&r, ' ');
	if (!reader_done(&r) || entry.target.len == 0 || entry.options.len == 0 ||
	    entry.type.len == 0 || entry.super_options.len == 0) {
		return false;
	}
	*out = entry;
	return true;
}

bool mountinfo_next(struct mountinfo_iterator *it, struct mountinfo_entry *out)
{
	while (reader_left(&it->rest) > 0) {
		struct span line = reader_line(&it->rest);

		if (parse(line, out)) {
			return true;
		}
		it->malformed += !split_is_blank(line);
	}
	return false;
}

void mountinfo_write(struct span raw, struct writer *w)
{
	struct reader r = reader_over(raw);

	while (reader_left(&r) > 0) {
		uint8_t c = reader_u8(&r);
		struct reader ahead = r;
		uint64_t octal;

		if (c == '\\' && text_to_octal(reader_bytes(&ahead, 3), UINT8_MAX, &octal) == 0) {
			c = (uint8_t)octal;
			r = ahead;
		}
		writer_u8(w, c);
	}
}

bool mountinfo_has_option(struct span options, const char *option)
{
	struct reader r = reader_over(options);

	while (reader_left(&r) > 0) {
		if (span_is(reader_until(&r, ','), option)) {
			return true;
		}
	}
	return false;
}

bool mountinfo_is_read_only(const struct mountinfo_entry *entry)
{
	return mountinfo_has_option(entry->options, "ro") ||
	       mountinfo_has_option(entry->super_options, "ro");
}

/* Appends options but ro and rw, a comma before each. */
static void write_others(struct span options, struct writer *w)
{
	struct reader r = reader_over(options);

	while (reader_left(&r) > 0) {
		struct span option = reader_until(&r, ',');

		if (option.len > 0 && !span_is(option, "ro") && !span_is(option, "rw")) {
			writer_u8(w, ',');
			mountinfo_write(option, w);
		}
	}
}

void mountinfo_write_options(const struct mountinfo_entry *entry, struct writer *w)
{
	writer_text(w, mountinfo_is_read_only(entry) ? "ro" : "rw");
	write_others(entry->options, w);
	/* as libmount: the same list twice is shown once */
	if (!span_equal(entry->options, entry->super_options)) {
		write_others(entry->super_options, w);
	}
}
