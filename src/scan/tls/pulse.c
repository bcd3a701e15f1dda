/* pulse.c - a run as JSON and as text, and the file of all runs. */
#include "scan/tls/pulse.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "formats/civil.h"
#include "formats/json.h"
#include "scan/tls/pulse_count.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define LINE_SIZE_MAX (16u << 10)
#define FILE_SIZE_MAX ((size_t)TLS_PULSE_HISTORY_MAX * LINE_SIZE_MAX)

/* Appends; an error once is an error for good. */
static PRINTF(3, 4) void put(struct buffer *out, int *error, const char *format, ...)
{
	char text[256];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (*error == 0) {
		*error = buffer_append(out, (struct span){ (const uint8_t *)text, (size_t)len });
	}
}

static uint64_t sum_of(const struct tls_pulse *pulse, enum pulse_group group)
{
	const struct pulse_group_row *row = pulse_group_at(group);
	uint64_t sum = 0;

	for (unsigned i = 0; i < row->count; i++) {
		sum += pulse->counts[row->first + i];
	}
	return sum;
}

static uint64_t graded(const struct tls_pulse *pulse)
{
	return sum_of(pulse, PULSE_GRADE) - tls_pulse_count(pulse, "grade", "none");
}

int tls_pulse_write_json(const struct tls_pulse *pulse, struct buffer *out)
{
	int error = 0;

	put(out, &error, "{\"time\":%lld,\"servers\":%llu,\"graded\":%llu",
	    (long long)pulse->time_s, (unsigned long long)sum_of(pulse, PULSE_GRADE),
	    (unsigned long long)graded(pulse));
	for (int g = 0; g < PULSE_GROUPS; g++) {
		const struct pulse_group_row *row = pulse_group_at((enum pulse_group)g);

		put(out, &error, ",\"%s\":{", row->name);
		for (unsigned i = 0; i < row->count; i++) {
			put(out, &error, "%s\"%s\":%llu", i > 0 ? "," : "", row->name_of(i),
			    (unsigned long long)pulse->counts[row->first + i]);
		}
		put(out, &error, "}");
	}
	put(out, &error, "}\n");
	return error;
}

/* --- back */

static void take_counter(struct json *j, unsigned at, struct tls_pulse *out)
{
	struct json_token token = json_next(j);
	uint64_t value = 0;

	if (token.kind == JSON_NUMBER && at < TLS_PULSE_COUNTERS &&
	    text_to_u64(token.text, INT64_MAX, &value) == 0) {
		out->counts[at] = value;
	}
	json_skip(j, token.kind);
}

static void take_group(struct json *j, enum pulse_group group, struct tls_pulse *out)
{
	struct span name;

	if (!json_enter(j, JSON_OBJECT)) {
		return;
	}
	while (json_member(j, &name)) {
		take_counter(j, pulse_counter_find(group, name), out);
	}
}

int tls_pulse_parse(struct span line, struct tls_pulse *out)
{
	struct json j = json_over(line);
	struct tls_pulse pulse = { 0 };
	bool has_time = false;
	struct span name;

	if (!json_enter(&j, JSON_OBJECT)) {
		return ERR_MALFORMED;
	}
	while (json_member(&j, &name)) {
		enum pulse_group group = pulse_group_find(name);
		struct json_token token;

		if (group != PULSE_GROUPS) {
			take_group(&j, group, &pulse);
			continue;
		}
		token = json_next(&j);
		if (span_is(name, "time") && token.kind == JSON_NUMBER) {
			has_time = text_to_i64(token.text, &pulse.time_s) == 0;
		}
		json_skip(&j, token.kind);
	}
	if (json_next(&j).kind != JSON_END || !json_ok(&j) || !has_time) {
		return ERR_MALFORMED;
	}
	*out = pulse;
	return 0;
}

/* --- for people */

static double share(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0 : 100.0 * (double)part / (double)whole;
}

/* What a group's counters are parts of: certificates have several a server. */
static uint64_t whole_of(const struct tls_pulse *pulse, enum pulse_group group)
{
	switch (group) {
	case PULSE_FAILURE:
		return sum_of(pulse, PULSE_GRADE);
	case PULSE_KEY:
	case PULSE_SIGNATURE:
	case PULSE_CERTIFICATE:
	case PULSE_LIFETIME:
	case PULSE_EXPIRY:
		return sum_of(pulse, group);
	default:
		return graded(pulse);
	}
}

static bool is_shown(enum pulse_group group, unsigned counter)
{
	/* servers without TLS, and without failures, are told by the others */
	return !(group == PULSE_GRADE && counter == TLS_LETTER_NONE) &&
	       !(group == PULSE_FAILURE && counter == TLS_FINE);
}

static void put_group(const struct tls_pulse *pulse, const struct tls_pulse *earlier,
		      enum pulse_group group, struct buffer *out, int *error)
{
	const struct pulse_group_row *row = pulse_group_at(group);

	for (unsigned i = 0; i < row->count; i++) {
		uint64_t count = pulse->counts[row->first + i];
		uint64_t before = earlier != NULL ? earlier->counts[row->first + i] : 0;
		double now = share(count, whole_of(pulse, group));

		if (!is_shown(group, i) || (count == 0 && before == 0)) {
			continue;
		}
		put(out, error, "%-16s %-26s %8llu %6.1f%%", row->name, row->name_of(i),
		    (unsigned long long)count, now);
		if (earlier != NULL) {
			put(out, error, " %+6.1f", now - share(before, whole_of(earlier, group)));
		}
		put(out, error, "\n");
	}
}

int tls_pulse_write_text(const struct tls_pulse *pulse, const struct tls_pulse *earlier,
			 struct buffer *out)
{
	int error = 0;

	put(out, &error, "%llu servers, %llu graded\n",
	    (unsigned long long)sum_of(pulse, PULSE_GRADE), (unsigned long long)graded(pulse));
	for (int g = 0; g < PULSE_GROUPS; g++) {
		put_group(pulse, earlier, (enum pulse_group)g, out, &error);
	}
	return error;
}

static double share_of(const struct tls_pulse *run, const char *group, const char *name)
{
	return share(tls_pulse_count(run, group, name),
		     whole_of(run, pulse_group_find(span_of(group))));
}

static void put_run(const struct tls_pulse *run, struct buffer *out, int *error)
{
	static const char *const good[] = { "A+", "A", "A-" };
	static const struct {
		const char *group;
		const char *name;
	} columns[] = {
		{ "grade", "B" },          { "grade", "F" },          { "grade", "T" },
		{ "protocol", "TLSv1.3" }, { "protocol", "TLSv1.0" }, { "post_quantum", "yes" },
		{ "hsts", "long" },        { "certificate", "fine" },
	};
	struct civil day = civil_from_seconds(run->time_s);
	double a = 0;

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		a += share_of(run, "grade", good[i]);
	}
	put(out, error, "%04d-%02u-%02u %8llu %6.1f%%", (int)day.year, day.month, day.day,
	    (unsigned long long)graded(run), a);
	for (size_t i = 0; i < COUNT_OF(columns); i++) {
		put(out, error, " %6.1f%%", share_of(run, columns[i].group, columns[i].name));
	}
	put(out, error, "\n");
}

int tls_pulse_write_trend(const struct tls_pulse *runs, size_t count, struct buffer *out)
{
	int error = 0;

	put(out, &error, "%-10s %8s %7s %7s %7s %7s %7s %7s %7s %7s %7s\n", "day", "graded", "A",
	    "B", "F", "T", "1.3", "1.0", "PQ", "HSTS", "cert");
	for (size_t i = 0; i < count; i++) {
		put_run(&runs[i], out, &error);
	}
	return error;
}

/* --- the file */

static void keep(struct span line, struct tls_pulse_history *history)
{
	struct tls_pulse run;

	if (tls_pulse_parse(line, &run) != 0) {
		history->skipped++;
		return;
	}
	history->runs = alloc_resize(history->runs, history->count + 1, sizeof *history->runs);
	history->runs[history->count++] = run;
}

int tls_pulse_history_read(const char *path, struct tls_pulse_history *out, struct why *why)
{
	struct tls_pulse_history history = { 0 };
	struct buffer text;
	struct reader r;
	int error;

	buffer_init(&text, FILE_SIZE_MAX);
	error = file_read(path, &text);
	r = reader_over(buffer_span(&text));
	while (error == 0 && reader_left(&r) > 0) {
		struct span line = reader_line(&r);

		if (history.count == TLS_PULSE_HISTORY_MAX) {
			error = ERR_LIMIT;
		} else if (line.len > 0) {
			keep(line, &history);
		}
	}
	buffer_done(&text);
	if (error != 0 && error != ERR_NOT_FOUND) {
		tls_pulse_history_done(&history);
		return why_set(why, error, "%s: %s", path, error_text(error));
	}
	*out = history;
	return 0;
}

void tls_pulse_history_done(struct tls_pulse_history *history)
{
	free(history->runs);
	*history = (struct tls_pulse_history){ 0 };
}

int tls_pulse_history_append(const char *path, const struct tls_pulse *pulse, struct why *why)
{
	struct buffer line;
	struct span bytes;
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	int error;

	buffer_init(&line, LINE_SIZE_MAX);
	error = tls_pulse_write_json(pulse, &line);
	bytes = buffer_span(&line);
	/* in one piece: a run that was cut off by a crash is passed over when it is read */
	if (error == 0 && (fd < 0 || write(fd, bytes.ptr, bytes.len) != (ssize_t)bytes.len)) {
		error = ERR_IO;
	}
	buffer_done(&line);
	file_close(&fd);
	return error == 0
		       ? 0
		       : why_set(why, error, "%s cannot be added to: %s", path, error_text(error));
}
