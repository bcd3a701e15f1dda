/*
 * syslog.c - the three forms:
 *
 *	<13>Nov 22 03:11:00 host program[123]: message
 *	<13>2026-11-22T03:11:00.123456+01:00 host program[123]: message
 *	<13>1 2026-11-22T03:11:00.123Z host program 123 ID [data x="y"] message
 *
 * Busybox writes "Nov 22 03:11:00 host auth.info program[123]: message".
 */
#include "formats/syslog.h"

#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "formats/split.h"

static bool number(struct span digits, uint64_t max, unsigned *out)
{
	uint64_t value;

	if (text_to_u64(digits, max, &value) != 0) {
		return false;
	}
	*out = (unsigned)value;
	return true;
}

static void skip_blanks(struct reader *r)
{
	while (reader_peek(r) == ' ') {
		(void)reader_u8(r);
	}
}

/* "03:11:00" */
static bool parse_clock(struct span text, struct civil *out)
{
	struct reader r = reader_over(text);
	struct span hour = reader_bytes(&r, 2);
	uint8_t first = reader_u8(&r);
	struct span minute = reader_bytes(&r, 2);
	uint8_t second = reader_u8(&r);
	struct span rest = reader_bytes(&r, 2);

	return reader_done(&r) && first == ':' && second == ':' && number(hour, 23, &out->hour) &&
	       number(minute, 59, &out->minute) && number(rest, 60, &out->second);
}

static bool parse_month(struct span name, unsigned *out)
{
	static const char names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

	for (unsigned i = 0; i < 12; i++) {
		if (span_is(name, names[i])) {
			*out = i + 1;
			return true;
		}
	}
	return false;
}

static bool parse_traditional(struct reader *r, struct syslog_line *out)
{
	struct span month = reader_until(r, ' ');
	struct span day;

	skip_blanks(r);
	day = reader_until(r, ' ');
	return parse_month(month, &out->when.month) && number(day, 31, &out->when.day) &&
	       out->when.day > 0 && parse_clock(reader_until(r, ' '), &out->when);
}

/* Z, +01:00, +0100 or nothing. */
static bool parse_offset(struct span text, struct syslog_line *out)
{
	struct reader r = reader_over(text);
	uint8_t sign = reader_u8(&r);
	struct span hour;
	unsigned hours;
	unsigned minutes;

	if (text.len == 0 || span_is(text, "Z")) {
		out->has_offset = text.len > 0;
		return true;
	}
	hour = reader_bytes(&r, 2);
	if (reader_peek(&r) == ':') {
		(void)reader_u8(&r);
	}
	if ((sign != '+' && sign != '-') || !number(hour, 23, &hours) ||
	    !number(reader_rest(&r), 59, &minutes)) {
		return false;
	}
	out->has_offset = true;
	out->offset_seconds = (int32_t)(hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
	return true;
}

static struct span take_digits(struct reader *r)
{
	struct span rest = r->rest;
	size_t len = 0;

	while (len < rest.len && rest.ptr[len] >= '0' && rest.ptr[len] <= '9') {
		len++;
	}
	return reader_bytes(r, len);
}

/* "2026-11-22T03:11:00.123456+01:00" */
static bool parse_iso(struct span text, struct syslog_line *out)
{
	struct reader r = reader_over(text);
	struct span year = reader_until(&r, '-');
	struct span month = reader_until(&r, '-');
	struct span day = reader_bytes(&r, 2);
	uint8_t delimiter = reader_u8(&r);
	struct span clock = reader_bytes(&r, 8);
	struct span fraction = { NULL, 0 };
	unsigned year_number;

	if (reader_peek(&r) == '.') {
		(void)reader_u8(&r);
		fraction = span_first(take_digits(&r), 3);
	}
	if (delimiter != 'T' || year.len != 4 || !number(year, 9999, &year_number) ||
	    !number(month, 12, &out->when.month) || !number(day, 31, &out->when.day) ||
	    !parse_clock(clock, &out->when) || !parse_offset(reader_rest(&r), out)) {
		return false;
	}
	out->when.year = year_number;
	out->millisecond = 0;
	if (fraction.len > 0 && !number(fraction, 999, &out->millisecond)) {
		return false;
	}
	for (size_t i = fraction.len; fraction.len > 0 && i < 3; i++) {
		out->millisecond *= 10;
	}
	out->when.second = out->when.second == 60 ? 59 : out->when.second;
	return civil_is_valid(&out->when);
}

/* "-", or elements in brackets in which ] is escaped. */
static bool skip_data(struct reader *r)
{
	bool is_quoted = false;

	if (reader_peek(r) != '[') {
		return reader_until(r, ' ').len > 0;
	}
	while (reader_left(r) > 0) {
		uint8_t c = reader_u8(r);

		if (is_quoted && c == '\\') {
			(void)reader_u8(r);
		} else if (c == '"') {
			is_quoted = !is_quoted;
		} else if (c == ']' && !is_quoted && reader_peek(r) != '[') {
			skip_blanks(r);
			return reader_ok(r);
		}
	}
	return false;
}

/* "program[123]: message", "program: message" */
static bool parse_tag(struct reader *r, struct syslog_line *out)
{
	struct span rest = r->rest;
	struct span tag = span_first(rest, span_find(rest, ':'));
	struct span digits;
	size_t bracket;
	unsigned pid;

	if (tag.len == rest.len || tag.len == 0) {
		return false;
	}
	bracket = span_find(tag, '[');
	out->program = span_first(tag, bracket);
	if (span_find(out->program, ' ') != out->program.len) {
		/* busybox's facility and level come first */
		size_t blank = span_find(out->program, ' ');

		if (span_find(span_first(out->program, blank), '.') == blank) {
			return false;
		}
		out->program = span_after(out->program, blank + 1);
	}
	digits = span_after(tag, bracket + 1);
	if (digits.len > 1 && number(span_first(digits, digits.len - 1), UINT32_MAX, &pid)) {
		out->pid = pid;
	}
	out->message = span_trim(span_after(rest, tag.len + 1));
	return span_find(out->program, ' ') == out->program.len && out->program.len > 0;
}

static bool parse_5424(struct reader *r, struct syslog_line *out)
{
	struct span when = reader_until(r, ' ');
	struct span pid;
	unsigned pid_number;

	out->host = reader_until(r, ' ');
	out->program = reader_until(r, ' ');
	pid = reader_until(r, ' ');
	(void)reader_until(r, ' '); /* the message's id */
	if (!parse_iso(when, out) || reader_left(r) == 0 || !skip_data(r)) {
		return false;
	}
	out->pid = number(pid, UINT32_MAX, &pid_number) ? pid_number : 0;
	out->message = span_trim(reader_rest(r));
	if (span_starts_with(out->message, "\xef\xbb\xbf")) {
		out->message = span_after(out->message, 3);
	}
	return out->program.len > 0;
}

int syslog_parse(struct span line, struct syslog_line *out)
{
	struct syslog_line parsed = { .pid = 0 };
	struct reader r;
	bool is_good;

	if (line.len > 0 && line.ptr[0] == '<') {
		line = span_after(line, span_find(line, '>') + 1);
	}
	r = reader_over(line);
	if (span_starts_with(line, "1 ")) {
		(void)reader_until(&r, ' ');
		is_good = parse_5424(&r, &parsed);
	} else {
		bool is_iso = line.len > 0 && line.ptr[0] >= '0' && line.ptr[0] <= '9';

		is_good = is_iso ? parse_iso(reader_until(&r, ' '), &parsed)
				 : parse_traditional(&r, &parsed);
		parsed.host = reader_until(&r, ' ');
		is_good = is_good && parse_tag(&r, &parsed);
	}
	if (!is_good) {
		return ERR_MALFORMED;
	}
	*out = parsed;
	return 0;
}
