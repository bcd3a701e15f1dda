/* log.c - lines on stderr, each in one write of at most PIPE_BUF bytes, so that lines
 * of several processes do not mix. */
#include "sys/log.h"

#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/writer.h"
#include "sys/clock.h"

#define LINE_MAX_BYTES  4096
#define VALUE_MAX_BYTES 1024 /* of one field, escaped */

/* The one thing that a process has once: who it is. */
static struct {
	const char *role;
	enum log_level least;
} logger = { .role = "-", .least = LOG_INFO };

struct log_field log_text(const char *key, const char *value)
{
	return (struct log_field){ .key = key, .kind = LOG_FIELD_TEXT, .text = value };
}

struct log_field log_span(const char *key, struct span value)
{
	return (struct log_field){ .key = key, .kind = LOG_FIELD_SPAN, .span = value };
}

struct log_field log_number(const char *key, int64_t value)
{
	return (struct log_field){ .key = key, .kind = LOG_FIELD_NUMBER, .number = value };
}

void log_open(const char *role, enum log_level least)
{
	logger.role = role;
	logger.least = least;
}

static const char *level_name(enum log_level level)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };

	return names[level];
}

static bool is_plain(struct span value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] <= ' ' || strchr("\"\\=", value.ptr[i]) != NULL) {
			return false;
		}
	}
	return value.len > 0;
}

/* Control characters become \xNN; so that this can be undone, a backslash and a quote get one
 * before. */
static void write_value(struct writer *line, struct span value)
{
	uint8_t space[VALUE_MAX_BYTES];
	struct writer w = writer_over(space, sizeof space);
	bool is_quoted = !is_plain(value);

	while (value.len > 0 && writer_ok(&w)) {
		size_t quote = span_find(value, '"');
		size_t backslash = span_find(value, '\\');
		size_t piece = quote < backslash ? quote : backslash;

		text_write_escaped(&w, span_first(value, piece));
		value = span_after(value, piece);
		if (value.len > 0) {
			const uint8_t escaped[] = { '\\', value.ptr[0] };

			writer_bytes(&w, (struct span){ escaped, sizeof escaped });
			value = span_after(value, 1);
		}
	}
	writer_text(line, is_quoted ? "\"" : "");
	writer_bytes(line, writer_span(&w));
	writer_text(line, writer_ok(&w) ? "" : "...");
	writer_text(line, is_quoted ? "\"" : "");
}

static void write_field(struct writer *w, const struct log_field *field)
{
	writer_text(w, " ");
	writer_text(w, field->key);
	writer_text(w, "=");
	if (field->kind == LOG_FIELD_NUMBER) {
		uint64_t magnitude = (uint64_t)field->number;

		writer_text(w, field->number < 0 ? "-" : "");
		writer_decimal(w, field->number < 0 ? 0 - magnitude : magnitude);
	} else {
		write_value(w, field->kind == LOG_FIELD_TEXT ? span_of(field->text) : field->span);
	}
}

void log_line(enum log_level level, const char *what, const struct log_field *fields)
{
	static const char cut[] = " cut=1\n";
	uint8_t space[LINE_MAX_BYTES];
	struct writer w = writer_over(space, sizeof space - sizeof cut);
	char time[CLOCK_TEXT_SIZE];
	size_t mark;
	ssize_t written;

	if (level < logger.least) {
		return;
	}
	clock_to_text(clock_wall_ms(), time);
	writer_text(&w, time);
	writer_text(&w, " ");
	writer_text(&w, level_name(level));
	writer_text(&w, " ");
	writer_text(&w, logger.role);
	writer_text(&w, " ");
	/* always quoted: it is a sentence */
	writer_text(&w, "\"");
	text_write_escaped(&w, span_first(span_of(what), VALUE_MAX_BYTES / 4));
	writer_text(&w, "\"");
	mark = writer_used(&w);
	for (; fields->kind != LOG_FIELD_END && writer_ok(&w); fields++) {
		mark = writer_used(&w);
		write_field(&w, fields);
	}
	if (writer_ok(&w)) {
		mark = writer_used(&w);
		space[mark++] = '\n';
	} else {
		mem_copy(space + mark, cut, sizeof cut - 1);
		mark += sizeof cut - 1;
	}
	written = write(STDERR_FILENO, space, mark);
	(void)written; /* nobody is left to tell */
}

bool log_allowed(struct log_limit *limit, unsigned burst, unsigned *held_back)
{
	int64_t now = clock_ms();
	int64_t seconds = (now - limit->last_ms) / 1000;

	if (limit->last_ms == 0) {
		limit->last_ms = now;
		limit->tokens = burst;
	} else if (seconds > 0) {
		limit->last_ms += seconds * 1000;
		limit->tokens = seconds >= burst - limit->tokens
					? burst
					: limit->tokens + (unsigned)seconds;
	}
	if (limit->tokens == 0) {
		limit->held_back++;
		return false;
	}
	limit->tokens--;
	*held_back = limit->held_back;
	limit->held_back = 0;
	return true;
}
