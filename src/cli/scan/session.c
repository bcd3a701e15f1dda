/* session.c - the loop, and what is kept of it. */
#include "cli/scan/session.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "scan/cookie.h"
#include "sys/clock.h"
#include "sys/pki.h"

struct session {
	struct loop *loop;
	struct discovery *discovery;
	struct journal *journal;
	struct discovery_plan *plan;
	struct session_outcome *out;
	struct results *results;
	const char *plan_text;
	const struct session_options *options;
	bool has_line; /* of progress, on the terminal */
	unsigned interrupts;
	int error;
	struct why *why;
};

static void keep(struct session *s, bool is_complete, const uint64_t positions[DISCOVERY_LEGS])
{
	if (s->journal != NULL && s->error == 0) {
		s->error = journal_commit(s->journal, positions, is_complete, s->why);
	}
}

static void on_row(void *context, const struct result *row, struct span payload)
{
	struct session *s = context;

	(void)payload;
	if (s->journal != NULL) {
		journal_row(s->journal, row);
	}
}

static void show_progress(struct session *s, const struct discovery_progress *p)
{
	int64_t left_s = (p->left_ms + 999) / 1000;

	if (s->options->is_quiet) {
		return;
	}
	s->has_line = true;
	if (p->is_waiting) {
		fprintf(stderr,
			"\r\033[K%" PRIu64 " sent, waiting for the last answers: %" PRIu64
			" answers, %" PRIu64 " dropped",
			p->sent, p->answers, p->ring_drops + p->kernel_drops);
	} else {
		fprintf(stderr,
			"\r\033[K%.1f %%  %" PRIu64 "/s  %" PRIu64 " sent  %" PRIu64
			" answers  %" PRIu64 " dropped  %" PRId64 ":%02" PRId64 " left",
			p->total > 0 ? 100.0 * (double)p->done / (double)p->total : 0.0, p->rate,
			p->sent, p->answers, p->ring_drops + p->kernel_drops, left_s / 60,
			left_s % 60);
	}
	fflush(stderr);
}

static void on_progress(void *context, const struct discovery_progress *progress)
{
	struct session *s = context;
	uint64_t safe[DISCOVERY_LEGS];

	show_progress(s, progress);
	discovery_safe_positions(s->discovery, safe);
	keep(s, false, safe);
	if (s->error != 0 && s->interrupts == 0) {
		/* what cannot be kept must not be lost: end, and say why */
		s->interrupts = 1;
		discovery_stop(s->discovery);
	}
}

static void on_done(void *context, const struct discovery_report *report)
{
	struct session *s = context;

	s->out->report = *report;
	keep(s, report->is_complete, report->positions);
	loop_stop(s->loop);
}

static void write_new_file(struct session *s, const uint64_t positions[DISCOVERY_LEGS])
{
	char path[64];
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(path, sizeof path, "bartizan-scan-%Y%m%d-%H%M%S.resume", &tm);
	s->error = journal_create(path, s->plan_text, s->plan->key, &s->journal, s->why);
	for (size_t i = 0; s->error == 0 && i < results_count(s->results); i++) {
		journal_row(s->journal, results_at(s->results, i));
		if (i % 65536 == 65535) {
			keep(s, false, s->plan->positions);
		}
	}
	keep(s, false, positions);
	snprintf(s->out->kept, sizeof s->out->kept, "%s", path);
}

static void on_interrupt(void *context)
{
	struct session *s = context;

	if (s->interrupts++ == 0) {
		discovery_stop(s->discovery);
		if (!s->options->is_quiet) {
			fprintf(stderr, "\nstopping: waiting for the last answers (Ctrl-C again "
					"to end at once)\n");
		}
		return;
	}
	/* now: what is not surely answered is probed again by the next run */
	discovery_safe_positions(s->discovery, s->out->report.positions);
	s->out->report.is_complete = false;
	keep(s, false, s->out->report.positions);
	loop_stop(s->loop);
}

static int open_journal(struct session *s)
{
	const char *path = s->options->resume;
	struct journal_state state;
	int error;

	pki_random(s->plan->key, COOKIE_KEY_SIZE);
	if (path == NULL) {
		return 0;
	}
	if (access(path, F_OK) != 0) {
		return journal_create(path, s->plan_text, s->plan->key, &s->journal, s->why);
	}
	error = journal_open(path, s->plan_text, s->results, &state, &s->journal, s->why);
	if (error == 0) {
		mem_copy(s->plan->key, state.key, sizeof state.key);
		mem_copy(s->plan->positions, state.positions, sizeof state.positions);
		if (!s->options->is_quiet) {
			fprintf(stderr, "going on with %s: %zu answers are known%s\n", path,
				state.rows, state.is_complete ? "; the scan was complete" : "");
		}
	}
	return error;
}

static void end(struct session *s)
{
	if (s->has_line) {
		fputs("\r\033[K", stderr);
	}
	if (!s->out->report.is_complete && s->error == 0) {
		if (s->journal == NULL) {
			write_new_file(s, s->out->report.positions);
		} else {
			snprintf(s->out->kept, sizeof s->out->kept, "%s", s->options->resume);
		}
	}
}

int session_run(const struct session_options *options, struct discovery_plan *plan,
		const char *plan_text, struct results *results, struct session_outcome *out,
		struct why *why)
{
	static const struct discovery_events events = { on_row, on_progress, on_done };
	struct session s = {
		.plan = plan,
		.out = out,
		.results = results,
		.plan_text = plan_text,
		.options = options,
		.why = why,
	};

	*out = (struct session_outcome){ .kept = "" };
	s.loop = loop_new();
	s.error = open_journal(&s);
	if (s.error == 0) {
		s.error = discovery_start(s.loop, plan, results, &events, &s, &s.discovery, why);
	}
	if (s.error == 0) {
		loop_on_signal(s.loop, SIGINT, on_interrupt, &s);
		loop_on_signal(s.loop, SIGTERM, on_interrupt, &s);
		loop_run(s.loop);
		end(&s);
	}
	discovery_free(&s.discovery);
	journal_close(&s.journal);
	loop_free(&s.loop);
	return s.error;
}
