/* log_text.c - lines, their times, their meaning. */
#include "agent/sources/log_text.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "formats/syslog.h"
#include "sys/clock.h"

#define CHUNK_BYTES 32768

/* Bytes of one file that are read in one turn. */
#define TURN_BYTES (512u << 10)

#define DAY_MS INT64_C(86400000)

#define ALL_KINDS                                                                                  \
	(LOG_KIND(AUTHLOG_LOGIN) | LOG_KIND(AUTHLOG_SUDO) | LOG_KIND(AUTHLOG_ACCOUNT) |            \
	 LOG_KIND(AUTHLOG_SERVICE))

static bool find_log(char out[FILE_TAIL_PATH_SIZE], const char *folder, const char *const names[2])
{
	for (int i = 0; i < 2; i++) {
		snprintf(out, FILE_TAIL_PATH_SIZE, "%s/%s", folder, names[i]);
		if (access(out, R_OK) == 0) {
			return true;
		}
	}
	return false;
}

bool log_text_open(struct log_text *log, const char *folder, struct reader *position)
{
	static const char *const auth[2] = { "auth.log", "secure" };
	static const char *const all[2] = { "syslog", "messages" };
	char paths[LOG_TEXT_FILES][FILE_TAIL_PATH_SIZE];
	bool has_auth = find_log(paths[0], folder, auth);
	bool has_all = find_log(paths[1], folder, all);

	*log = (struct log_text){ .files[0].kinds = 0 };
	log->files[0].kinds =
		has_auth ? ALL_KINDS & ~(has_all ? LOG_KIND(AUTHLOG_SERVICE) : 0u) : 0;
	log->files[1].kinds = has_all ? (has_auth ? LOG_KIND(AUTHLOG_SERVICE) : ALL_KINDS) : 0;
	for (int i = 0; i < LOG_TEXT_FILES; i++) {
		file_tail_open(&log->files[i].tail, paths[i], position);
	}
	return has_auth || has_all;
}

void log_text_close(struct log_text *log)
{
	for (int i = 0; i < LOG_TEXT_FILES; i++) {
		file_tail_close(&log->files[i].tail);
	}
}

void log_text_write(const struct log_text *log, struct writer *w)
{
	for (int i = 0; i < LOG_TEXT_FILES; i++) {
		file_tail_write(&log->files[i].tail, w);
	}
}

void log_text_watch(struct log_text *log, struct log_watch *watch)
{
	for (int i = 0; i < LOG_TEXT_FILES; i++) {
		struct log_text_file *file = &log->files[i];

		if (file->kinds != 0 && file->watched != file->tail.identity) {
			file->watched = file->tail.identity;
			log_watch_file(watch, file->tail.path);
		}
	}
}

void log_text_skip(struct log_text *log)
{
	for (int i = 0; i < LOG_TEXT_FILES; i++) {
		if (log->files[i].kinds != 0) {
			file_tail_skip(&log->files[i].tail);
		}
	}
}

/* In the machine's own zone; a line without a year is of the last twelve months. */
static int64_t local_ms(const struct syslog_line *line, int64_t now_ms)
{
	time_t now = (time_t)(now_ms / 1000);
	struct tm when = { .tm_mon = (int)line->when.month - 1,
			   .tm_mday = (int)line->when.day,
			   .tm_hour = (int)line->when.hour,
			   .tm_min = (int)line->when.minute,
			   .tm_sec = (int)line->when.second,
			   .tm_isdst = -1 };
	struct tm today;
	int64_t ms;

	if (line->when.year != 0) {
		when.tm_year = (int)line->when.year - 1900;
		return (int64_t)mktime(&when) * 1000 + line->millisecond;
	}
	if (localtime_r(&now, &today) == NULL) {
		return now_ms;
	}
	when.tm_year = today.tm_year;
	ms = (int64_t)mktime(&when) * 1000;
	if (ms > now_ms + DAY_MS) {
		when.tm_year--;
		when.tm_isdst = -1;
		ms = (int64_t)mktime(&when) * 1000;
	}
	return ms;
}

static int64_t time_of(const struct syslog_line *line)
{
	if (line->has_offset) {
		return (civil_to_seconds(&line->when) - line->offset_seconds) * 1000 +
		       line->millisecond;
	}
	return local_ms(line, clock_wall_ms());
}

static void take(const struct log_text_file *file, struct span bytes, struct log_events *events)
{
	struct authlog_event event;
	struct syslog_line line;

	if (syslog_parse(bytes, &line) == 0 &&
	    authlog_parse(line.program, line.message, &event) == 0 &&
	    (file->kinds & LOG_KIND(event.kind)) != 0) {
		log_events_put(events, time_of(&line), line.pid, &event, line.message);
	}
}

/* Returns how many bytes are done with: whole lines, or all of what is too long for one. */
static size_t take_lines(const struct log_text_file *file, struct span chunk,
			 struct log_events *events)
{
	size_t done = 0;

	for (;;) {
		struct span rest = span_after(chunk, done);
		size_t len = span_find(rest, '\n');

		if (len == rest.len) {
			return len > LOG_TEXT_LINE_MAX ? chunk.len : done;
		}
		take(file, span_first(rest, len), events);
		done += len + 1;
	}
}

static bool read_file(struct log_text_file *file, struct log_events *events)
{
	uint8_t bytes[CHUNK_BYTES];
	size_t total = 0;

	while (total < TURN_BYTES) {
		size_t len = file_tail_peek(&file->tail, bytes, sizeof bytes);
		size_t done = take_lines(file, (struct span){ bytes, len }, events);

		file_tail_consume(&file->tail, done);
		total += done;
		if (done == 0 && !file_tail_next_file(&file->tail)) {
			break;
		}
	}
	if (file->tail.is_cut) {
		file->tail.is_cut = false;
		event_sink_lost(events->sink, "source", 0);
	}
	return total >= TURN_BYTES;
}

bool log_text_read(struct log_text *log, struct log_events *events)
{
	bool has_more = false;

	for (int i = 0; i < LOG_TEXT_FILES; i++) {
		if (log->files[i].kinds != 0) {
			has_more = read_file(&log->files[i], events) || has_more;
		}
	}
	return has_more;
}
