/* crontab.c - follows load_env() and load_entry() of Vixie cron. */
#include "formats/crontab.h"

#include "formats/split.h"

#define SCHEDULE_FIELDS 5

struct crontab_iterator crontab_over(struct span file, enum crontab_kind kind)
{
	return (struct crontab_iterator){ .rest = reader_over(file), .kind = kind };
}

/* Without quotes, where both ends have the same one. */
static struct span unquote(struct span text)
{
	if (text.len >= 2 && (text.ptr[0] == '"' || text.ptr[0] == '\'') &&
	    text.ptr[text.len - 1] == text.ptr[0]) {
		return span_first(span_after(text, 1), text.len - 2);
	}
	return text;
}

/* name = value, where the name is one word or quoted. */
static bool parse_variable(struct span line, struct crontab_entry *out)
{
	size_t equals = span_find(line, '=');
	struct span left = span_trim(span_first(line, equals));
	struct span name = unquote(left);
	struct reader words = reader_over(left);
	struct span word;

	if (equals == line.len || name.len == 0) {
		return false;
	}
	if (name.len == left.len && (!split_word(&words, &word) || word.len != left.len)) {
		return false;
	}
	*out = (struct crontab_entry){
		.type = CRONTAB_VARIABLE,
		.name = name,
		.value = unquote(span_trim(span_after(line, equals + 1))),
	};
	return true;
}

static bool is_named_schedule(struct span word)
{
	static const char *const names[] = { "@reboot", "@yearly", "@annually", "@monthly",
					     "@weekly", "@daily",  "@midnight", "@hourly" };

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (span_is(word, names[i])) {
			return true;
		}
	}
	return false;
}

/* Numbers, ranges, steps and lists; names only where months and weekdays are. */
static bool is_field(struct span field, bool may_have_names)
{
	for (size_t i = 0; i < field.len; i++) {
		uint8_t c = field.ptr[i];
		bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		bool is_mark = c == '*' || c == ',' || c == '-' || c == '/' || c == '~';

		if (!(c >= '0' && c <= '9') && !is_mark && !(is_letter && may_have_names)) {
			return false;
		}
	}
	return true;
}

static bool take_schedule(struct reader *r, struct span *schedule)
{
	struct reader start = *r;
	size_t before = reader_left(r);

	if (reader_peek(r) == '@') {
		return split_word(r, schedule) && is_named_schedule(*schedule);
	}
	for (int i = 0; i < SCHEDULE_FIELDS; i++) {
		struct span field;

		if (!split_word(r, &field) || !is_field(field, i >= 3)) {
			return false;
		}
	}
	*schedule = reader_bytes(&start, before - reader_left(r));
	return true;
}

static bool parse_job(struct span line, enum crontab_kind kind, struct crontab_entry *out)
{
	struct reader r = reader_over(line);
	struct crontab_entry entry = { .type = CRONTAB_JOB };

	if (!take_schedule(&r, &entry.schedule) ||
	    (kind == CRONTAB_SYSTEM && !split_word(&r, &entry.user))) {
		return false;
	}
	entry.command = span_trim(reader_rest(&r));
	if (entry.command.len == 0) {
		return false;
	}
	*out = entry;
	return true;
}

bool crontab_next(struct crontab_iterator *it, struct crontab_entry *out)
{
	while (reader_left(&it->rest) > 0) {
		struct span line = span_trim(reader_line(&it->rest));

		if (line.len == 0 || line.ptr[0] == '#') {
			continue;
		}
		if (line.len <= CRONTAB_LINE_MAX &&
		    (parse_variable(line, out) || parse_job(line, it->kind, out))) {
			return true;
		}
		it->malformed++;
	}
	return false;
}

void crontab_write_schedule(struct span schedule, struct writer *w)
{
	struct reader r = reader_over(schedule);
	struct span field;
	bool is_first = true;

	while (split_word(&r, &field)) {
		if (!is_first) {
			writer_u8(w, ' ');
		}
		writer_bytes(w, field);
		is_first = false;
	}
}

void crontab_write_command(struct span command, struct writer *w)
{
	struct reader r = reader_over(command);

	while (reader_left(&r) > 0) {
		uint8_t c = reader_u8(&r);

		if (c == '%') {
			return;
		}
		if (c == '\\' && reader_peek(&r) == '%') {
			c = reader_u8(&r);
		}
		writer_u8(w, c);
	}
}
