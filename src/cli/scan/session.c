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
#include "scan/discovery/cookie.h"
#include "sys/clock.h"
#include "sys/pki.h"

/* What was found when Ctrl-C came may be identified this long after the last answers. */
#define INTERRUPTED_MS 15000
#define SECOND_MS      1000

struct session {
	struct loop *loop;
	struct discovery *discovery;
	struct follow_up *follow_up; /* NULL: nothing is identified */
	struct loop_timer *second;   /* after discovery's end */
	int64_t until_ms;            /* to begin identifying */
	bool is_discovered;
	struct journal *journal;
	struct discovery_plan *plan;
	struct session_outcome *out;
	struct results *results;
	const char *plan_text;
	const struct session_options *options;
	bool has_line; /* of progress, on the terminal */
	bool has_told_fall;
	bool has_told_link;
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

static void follow_row(struct session *s, const struct result *row, struct span payload)
{
	size_t number = results_number(s->results, row);

	if (s->follow_up == NULL) {
		return;
	}
	if ((row->middlebox & MIDDLEBOX_EVERY_PORT) != 0) {
		follow_up_skip(s->follow_up, &row->address);
	}
	if (row->state == PORT_OPEN && !services_has(s->options->services, number)) {
		const struct follow_up_port port = { .address = row->address,
						     .port = row->port,
						     .payload = payload };

		follow_up_add(s->follow_up, &port, number);
	}
}

/* What an earlier run found and did not identify; its answers of UDP are not kept. */
static void follow_known_rows(struct session *s)
{
	size_t count = results_count(s->results);

	for (unsigned turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < count && s->follow_up != NULL; i++) {
			const struct result *row = results_at(s->results, i);
			bool is_every = (row->middlebox & MIDDLEBOX_EVERY_PORT) != 0;

			if (is_every == (turn == 0)) {
				follow_row(s, row, (struct span){ NULL, 0 });
			}
		}
	}
}

static void on_row(void *context, const struct result *row, struct span payload)
{
	struct session *s = context;

	if (s->journal != NULL) {
		journal_row(s->journal, row);
	}
	follow_row(s, row, payload);
}

static bool on_ask(void *context, uint64_t row, struct follow_ask *out)
{
	const struct session *s = context;
	const struct result *result = results_at(s->results, (size_t)row);

	*out = (struct follow_ask){ .address = result->address,
				    .port = result->port,
				    .transport = result->transport,
				    .reason = result->reason };
	return true;
}

static void on_answered(void *context, uint64_t row, const struct follow_answer *answer)
{
	struct session *s = context;

	services_put(s->options->services, (size_t)row, answer->packed);
	if (s->journal != NULL) {
		journal_service(s->journal, results_at(s->results, (size_t)row), answer->packed);
	}
}

static void on_idle(void *context)
{
	struct session *s = context;

	if (s->is_discovered) {
		keep(s, s->out->report.is_complete, s->out->report.positions);
		loop_stop(s->loop);
	}
}

static void show_progress(struct session *s, const struct discovery_progress *p)
{
	int64_t left_s = (p->left_ms + 999) / 1000;

	if (s->options->is_quiet) {
		return;
	}
	s->has_line = true;
	if (s->is_discovered) {
		fprintf(stderr, "\r\033[K%" PRIu64 " ports found",
			follow_up_counts(s->follow_up).asked);
	} else if (p->is_resolving) {
		fputs("\r\033[Kasking for neighbours and gateways", stderr);
	} else if (p->is_waiting) {
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
	if (s->follow_up != NULL) {
		struct follow_up_counts c = follow_up_counts(s->follow_up);

		fprintf(stderr, "  %" PRIu64 " of %" PRIu64 " identified", c.ended,
			c.ended + c.waiting + c.under_way);
	}
	fflush(stderr);
}

/* Once, and to logs as well: what was fast is slower from here on. */
static void tell_fall(struct session *s, const struct discovery_progress *p)
{
	if (p->fallen[0] != '\0' && !s->has_told_fall) {
		s->has_told_fall = true;
		fprintf(stderr, "%sbartizan scan: %s\n", s->has_line ? "\r\033[K" : "", p->fallen);
	}
	if (p->is_link_down != s->has_told_link) {
		s->has_told_link = p->is_link_down;
		fprintf(stderr, "%sbartizan scan: %s\n", s->has_line ? "\r\033[K" : "",
			p->is_link_down ? "the link is down; waiting for it"
					: "the link is up again");
	}
}

static void on_progress(void *context, const struct discovery_progress *progress)
{
	struct session *s = context;
	uint64_t safe[DISCOVERY_LEGS];

	show_progress(s, progress);
	tell_fall(s, progress);
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
	s->out->report.progress.fallen = s->out->report.fallen;
	s->is_discovered = true;
	if (report->error != 0) {
		s->error = why_set(s->why, report->error, "%s", report->reason);
		loop_stop(s->loop);
		return;
	}
	keep(s, report->is_complete, report->positions);
	if (s->follow_up == NULL || follow_up_is_idle(s->follow_up)) {
		loop_stop(s->loop);
		return;
	}
	s->until_ms = clock_ms() + s->options->identify_ms;
	if (s->interrupts > 0 && s->options->identify_ms > INTERRUPTED_MS) {
		s->until_ms = clock_ms() + INTERRUPTED_MS;
	}
	loop_timer_arm(s->second, SECOND_MS);
}

/* Only identification is left. */
static void each_second(void *context)
{
	struct session *s = context;

	show_progress(s, &s->out->report.progress);
	keep(s, false, s->out->report.positions);
	if (clock_ms() >= s->until_ms || s->error != 0) {
		follow_up_stop(s->follow_up);
	}
	loop_timer_arm(s->second, SECOND_MS);
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
		const struct result *row = results_at(s->results, i);

		journal_row(s->journal, row);
		if (s->options->services != NULL && services_has(s->options->services, i)) {
			journal_service(s->journal, row, services_packed(s->options->services, i));
		}
		if (i % 8192 == 8191) {
			keep(s, false, s->plan->positions);
		}
	}
	keep(s, s->out->report.is_complete, positions);
	snprintf(s->out->kept, sizeof s->out->kept, "%s", path);
}

static void on_interrupt(void *context)
{
	struct session *s = context;

	if (s->interrupts++ == 0) {
		if (s->is_discovered) {
			follow_up_stop(s->follow_up);
		} else {
			discovery_stop(s->discovery);
		}
		if (!s->options->is_quiet) {
			fprintf(stderr, "\nstopping: waiting for the last answers (Ctrl-C again "
					"to end at once)\n");
		}
		return;
	}
	if (!s->is_discovered) {
		/* now: what is not surely answered is probed again by the next run */
		discovery_safe_positions(s->discovery, s->out->report.positions);
		s->out->report.is_complete = false;
	}
	keep(s, s->out->report.is_complete, s->out->report.positions);
	loop_stop(s->loop);
}

static int open_journal(struct session *s)
{
	const char *path = s->options->resume;
	const struct journal_into into = { s->results, s->options->services };
	struct journal_state state;
	int error;

	pki_random(s->plan->key, COOKIE_KEY_SIZE);
	if (path == NULL) {
		return 0;
	}
	if (access(path, F_OK) != 0) {
		return journal_create(path, s->plan_text, s->plan->key, &s->journal, s->why);
	}
	error = journal_open(path, s->plan_text, &into, &state, &s->journal, s->why);
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

uint64_t session_left(const struct session_outcome *outcome)
{
	return outcome->identified.waiting + outcome->identified.under_way;
}

static void end(struct session *s)
{
	if (s->has_line) {
		fputs("\r\033[K", stderr);
	}
	if (s->follow_up != NULL) {
		s->out->identified = follow_up_counts(s->follow_up);
	}
	if ((!s->out->report.is_complete || session_left(s->out) > 0) && s->error == 0) {
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
	static const struct follow_up_events follow_events = { .ask = on_ask,
							       .answered = on_answered,
							       .idle = on_idle };
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
	s.second = loop_timer(s.loop, each_second, &s);
	if (options->services != NULL) {
		s.error = follow_up_start(s.loop, &options->follow_up, &follow_events, &s,
					  &s.follow_up, why);
	}
	if (s.error == 0) {
		s.error = open_journal(&s);
	}
	if (s.error == 0) {
		s.error = discovery_start(s.loop, plan, results, &events, &s, &s.discovery, why);
	}
	if (s.error == 0) {
		follow_known_rows(&s);
		loop_on_signal(s.loop, SIGINT, on_interrupt, &s);
		loop_on_signal(s.loop, SIGTERM, on_interrupt, &s);
		loop_run(s.loop);
		end(&s);
	}
	discovery_free(&s.discovery);
	follow_up_free(&s.follow_up);
	loop_timer_free(&s.second);
	journal_close(&s.journal);
	loop_free(&s.loop);
	return s.error;
}
