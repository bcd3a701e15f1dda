/*
 * log_follow.c - the journal where there is one, else files of lines.
 *
 * The first time it begins at the end: what was logged before the agent came is not told. Later it
 * goes on where it was, also behind a restart or a rotation.
 */
#include "agent/sources/log_follow.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/sources/log_events.h"
#include "agent/sources/log_journal.h"
#include "agent/sources/log_text.h"
#include "agent/sources/log_watch.h"
#include "agent/sources/table.h"
#include "base/error.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define FOLDER "/var/log"

/* What a kept position begins with. */
enum { POSITION_TEXT = 'T', POSITION_JOURNAL = 'J' };

static_assert(1 + LOG_JOURNAL_POSITION <= EVENT_POSITION_SIZE &&
		      1 + LOG_TEXT_FILES * FILE_TAIL_POSITION <= EVENT_POSITION_SIZE,
	      "what is kept fits");

struct log_follow {
	struct event_sink *sink;
	struct log_watch *watch;
	struct log_events events;
	struct log_journal *journal; /* NULL: the text is followed */
	struct log_text text;
	bool is_on;
	bool was_off; /* by the policy: what came then is not told */
};

static void keep_position(struct log_follow *f)
{
	uint8_t bytes[EVENT_POSITION_SIZE];
	struct writer w = writer_over(bytes, sizeof bytes);

	if (f->journal != NULL) {
		writer_u8(&w, POSITION_JOURNAL);
		log_journal_write(f->journal, &w);
	} else {
		writer_u8(&w, POSITION_TEXT);
		log_text_write(&f->text, &w);
	}
	event_sink_keep_position(f->sink, SLOT_LOG, writer_span(&w));
}

static bool read_log(struct log_follow *f)
{
	bool has_more;

	if (f->journal != NULL) {
		has_more = log_journal_read(f->journal, &f->events);
		log_journal_watch(f->journal, f->watch);
	} else {
		has_more = log_text_read(&f->text, &f->events);
		log_text_watch(&f->text, f->watch);
	}
	return has_more;
}

static void on_changed(void *context)
{
	struct log_follow *f = context;
	bool has_more;

	if (!f->is_on) {
		return;
	}
	has_more = read_log(f);
	keep_position(f);
	if (has_more) {
		log_watch_poke(f->watch);
	}
}

static void log_follow_enable(void *state, bool is_on)
{
	struct log_follow *f = state;

	if (!is_on && f->is_on) {
		f->was_off = true;
		event_sink_keep_position(f->sink, SLOT_LOG, (struct span){ NULL, 0 });
	}
	f->is_on = is_on;
	if (is_on && f->was_off) {
		if (f->journal != NULL) {
			log_journal_skip(f->journal);
		} else {
			log_text_skip(&f->text);
		}
		f->was_off = false;
	}
	on_changed(f);
}

static void log_follow_close(void **state)
{
	struct log_follow *f = *state;

	if (f == NULL) {
		return;
	}
	log_watch_free(&f->watch);
	if (f->journal == NULL) {
		log_text_close(&f->text);
	}
	log_journal_close(&f->journal);
	free(f);
	*state = NULL;
}

/* A position of the other kind of log says nothing of this one. */
static struct reader *known(struct reader *position, struct span kept, uint8_t kind)
{
	if (kept.len == 0 || kept.ptr[0] != kind) {
		return NULL;
	}
	*position = reader_over(span_after(kept, 1));
	return position;
}

static bool open_log(struct log_follow *f, const char *root, bool is_journal_off)
{
	struct span kept = event_sink_position(f->sink, SLOT_LOG);
	struct reader position;
	char folder[FILE_TAIL_PATH_SIZE];

	if (!is_journal_off) {
		f->journal = log_journal_open(root, known(&position, kept, POSITION_JOURNAL));
	}
	if (f->journal != NULL) {
		log_journal_watch(f->journal, f->watch);
		return true;
	}
	snprintf(folder, sizeof folder, "%s" FOLDER, root);
	log_watch_folder(f->watch, folder);
	return log_text_open(&f->text, folder, known(&position, kept, POSITION_TEXT));
}

int log_follow_open_in(const struct source_host *host, const char *root, bool is_journal_off,
		       void **out_state, struct why *why)
{
	struct log_follow *f = alloc_zeroed(1, sizeof *f);
	int error = log_watch_new(host->loop, on_changed, f, &f->watch, why);

	if (error != 0) {
		free(f);
		return error;
	}
	f->sink = host->sink;
	f->events.sink = host->sink;
	f->events.events = host->events;
	*out_state = f;
	if (!open_log(f, root, is_journal_off)) {
		log_follow_close(out_state);
		return why_set(why, ERR_UNSUPPORTED,
			       "no journal, and no auth.log, secure, syslog or messages in %s to "
			       "be read",
			       FOLDER);
	}
	return 0;
}

static int log_follow_open(const struct source_host *host, void **out_state, struct why *why)
{
	return log_follow_open_in(host, "", false, out_state, why);
}

const struct event_source event_source_log_follow = {
	.name = "log_follow",
	.summary = "logins, sudo, accounts and services, by the journal or the log files",
	.slot = SLOT_LOG,
	.events = 1u << EVENT_LOGINS | 1u << EVENT_SUDO_USES | 1u << EVENT_ACCOUNT_CHANGES |
		  1u << EVENT_SERVICE_CHANGES,
	.open = log_follow_open,
	.enable = log_follow_enable,
	.close = log_follow_close,
};
