/*
 * login_records.c - logins by wtmp and btmp, where no log can be read.
 *
 * A fallback: what they say has no method and no reason, and sshd, su and login all write there
 * what the log says better. The first time they are read from their ends.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/sources/file_tail.h"
#include "agent/sources/log_watch.h"
#include "agent/sources/login_records.h"
#include "agent/sources/table.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/mem.h"
#include "formats/utmp.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define FOLDER       "/var/log"
#define READ_RECORDS 32

/* Records taken in one turn. */
#define TAKEN_MAX 1024

enum { WTMP, BTMP, FILES };

struct login_records {
	struct event_sink *sink;
	struct log_watch *watch;
	struct file_tail files[FILES];
	uint64_t watched[FILES]; /* their identities */
	bool is_on;
	bool was_off; /* by the policy: what came then is not told */
};

/* The address in numbers, or the name where there is none. */
static struct span address_of(const struct utmp_record *record, char text[INET6_ADDRSTRLEN])
{
	static const uint8_t none[16];
	bool is_v4 = mem_compare(record->address + 4, none, 12) == 0;

	if (mem_compare(record->address, none, 16) == 0 ||
	    inet_ntop(is_v4 ? AF_INET : AF_INET6, record->address, text, INET6_ADDRSTRLEN) ==
		    NULL) {
		return record->host;
	}
	return span_of(text);
}

static void put(struct login_records *l, const struct utmp_record *record, bool is_success)
{
	char text[INET6_ADDRSTRLEN];
	bool is_ssh = span_starts_with(record->line, "ssh:");
	struct row row;

	row_init(&row, schema_event_by_number(EVENT_LOGINS));
	row_set_text_if_any(&row, LOGINS_USER, record->user);
	row_set_boolean(&row, LOGINS_IS_SUCCESS, is_success);
	if (is_ssh) {
		row_set_text(&row, LOGINS_SERVICE, span_of("sshd"));
	} else {
		row_set_text_if_any(&row, LOGINS_TERMINAL, record->line);
	}
	row_set_text_if_any(&row, LOGINS_ADDRESS, address_of(record, text));
	event_sink_put(l->sink, record->at_ms, &row);
}

static void take(struct login_records *l, int which, struct span bytes)
{
	struct utmp_record record;

	if (utmp_parse(bytes, UTMP_NATIVE, &record) != 0) {
		return;
	}
	if (which == BTMP ? record.user.len > 0 || record.host.len > 0
			  : record.type == UTMP_USER_PROCESS && record.user.len > 0) {
		put(l, &record, which == WTMP);
	}
}

/* Returns how many records were consumed. */
static size_t read_some(struct login_records *l, int which)
{
	uint8_t bytes[READ_RECORDS * UTMP_SIZE_MAX];
	size_t size = utmp_size(UTMP_NATIVE);
	size_t len = file_tail_peek(&l->files[which], bytes, READ_RECORDS * size);
	size_t count = len / size;

	for (size_t i = 0; i < count; i++) {
		take(l, which, (struct span){ bytes + i * size, size });
	}
	file_tail_consume(&l->files[which], count * size);
	return count;
}

static void keep_position(struct login_records *l)
{
	uint8_t bytes[FILES * FILE_TAIL_POSITION];
	struct writer w = writer_over(bytes, sizeof bytes);

	for (int i = 0; i < FILES; i++) {
		file_tail_write(&l->files[i], &w);
	}
	event_sink_keep_position(l->sink, SLOT_LOGINS, writer_span(&w));
}

static void watch(struct login_records *l)
{
	for (int i = 0; i < FILES; i++) {
		if (l->watched[i] != l->files[i].identity) {
			l->watched[i] = l->files[i].identity;
			log_watch_file(l->watch, l->files[i].path);
		}
	}
}

static void on_changed(void *context)
{
	struct login_records *l = context;
	size_t taken = 0;

	if (!l->is_on) {
		return;
	}
	for (int i = 0; i < FILES; i++) {
		size_t count;

		do {
			count = read_some(l, i);
			taken += count;
		} while (taken < TAKEN_MAX && (count > 0 || file_tail_next_file(&l->files[i])));
		if (l->files[i].is_cut) {
			l->files[i].is_cut = false;
			event_sink_lost(l->sink, "source", 0);
		}
	}
	watch(l);
	keep_position(l);
	if (taken >= TAKEN_MAX) {
		log_watch_poke(l->watch);
	}
}

static void login_records_enable(void *state, bool is_on)
{
	struct login_records *l = state;

	if (!is_on && l->is_on) {
		l->was_off = true;
		event_sink_keep_position(l->sink, SLOT_LOGINS, (struct span){ NULL, 0 });
	}
	l->is_on = is_on;
	for (int i = 0; is_on && l->was_off && i < FILES; i++) {
		file_tail_skip(&l->files[i]);
	}
	if (is_on) {
		l->was_off = false;
		on_changed(l);
	}
}

static void login_records_close(void **state)
{
	struct login_records *l = *state;

	if (l == NULL) {
		return;
	}
	log_watch_free(&l->watch);
	for (int i = 0; i < FILES; i++) {
		file_tail_close(&l->files[i]);
	}
	free(l);
	*state = NULL;
}

int login_records_open_in(const struct source_host *host, const char *folder, void **out_state,
			  struct why *why)
{
	static const char *const names[FILES] = { "wtmp", "btmp" };
	struct span position = event_sink_position(host->sink, SLOT_LOGINS);
	struct reader r = reader_over(position);
	bool is_known = position.len == (size_t)FILES * FILE_TAIL_POSITION;
	struct login_records *l = alloc_zeroed(1, sizeof *l);
	int error = log_watch_new(host->loop, on_changed, l, &l->watch, why);

	if (error != 0) {
		free(l);
		return error;
	}
	l->sink = host->sink;
	log_watch_folder(l->watch, folder);
	for (int i = 0; i < FILES; i++) {
		char path[FILE_TAIL_PATH_SIZE];

		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		file_tail_open(&l->files[i], path, is_known ? &r : NULL);
	}
	if (l->files[WTMP].fd < 0 && l->files[BTMP].fd < 0) {
		*out_state = l;
		login_records_close(out_state);
		return why_set(why, ERR_UNSUPPORTED, "no wtmp and no btmp in %s to be read",
			       folder);
	}
	*out_state = l;
	return 0;
}

static int login_records_open(const struct source_host *host, void **out_state, struct why *why)
{
	return login_records_open_in(host, FOLDER, out_state, why);
}

const struct event_source event_source_login_records = {
	.name = "login_records",
	.summary = "logins, by wtmp and btmp",
	.slot = SLOT_LOGINS,
	.events = 1u << EVENT_LOGINS,
	.open = login_records_open,
	.enable = login_records_enable,
	.close = login_records_close,
};
