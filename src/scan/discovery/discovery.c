/* discovery.c - what runs when; the packets are others' work. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "scan/discovery/discovery_parts.h"
#include "scan/discovery/drops.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"

enum { PROGRESS_EACH_MS = 1000, LATE_MS = 100 };

/* More than one target in two thousand probably missed: a third probe is worth its packets. */
#define MISSED_MAX 0.0005

/* The least rate that drops lower it to. */
#define RATE_MIN 1000

/* --- answers ------------------------------------------------------------------------------- */

/* A port where nobody listens: above those of services, below those of programs. Which one, the
 * address decides with the key, so that nobody can leave it out. */
static uint16_t control_port(const struct discovery *d, const struct address *address)
{
	struct cookie_key key = cookie_key_from(d->plan->key);

	return (uint16_t)(23000 + cookie_siphash(&key, address->bytes, ADDRESS_SIZE) % 9000);
}

/* What the line does not take now goes when there is room. */
static void tell_controls(struct discovery *d)
{
	while (d->shooter_watch != NULL && d->controls_told < results_count(d->controlled)) {
		const struct result *row = results_at(d->controlled, d->controls_told);

		if (!shooter_probe(d->shooter, &row->address, control_port(d, &row->address))) {
			loop_watch_change(d->shooter_watch, LOOP_READ | LOOP_WRITE);
			return;
		}
		d->controls_told++;
	}
	if (d->shooter_watch != NULL) {
		loop_watch_change(d->shooter_watch, LOOP_READ);
	}
}

/* One probe more for an address with an open port, to a port that nobody uses. */
static void want_control(struct discovery *d, const struct answer *answer)
{
	struct answer about = { .address = answer->address, .state = PORT_HOST };
	const struct result *row;

	if (results_add(d->controlled, &about, &row) == RESULTS_NEW) {
		tell_controls(d);
	}
}

void discovery_take_answer(struct discovery *d, const struct answer *answer)
{
	const struct result *row = NULL;
	enum results_news news;
	struct answer marked = *answer;

	if (answer->probe == COOKIE_PASSES) {
		/* the control probe: a row only where something is there that should not be */
		if (answer->state != PORT_OPEN) {
			return;
		}
		marked.middlebox |= MIDDLEBOX_EVERY_PORT;
	}
	news = results_add(d->results, &marked, &row);
	d->duplicates += news == RESULTS_DUPLICATE ? 1 : 0;
	if (news == RESULTS_NEW && answer->reason == ANSWER_SYN_ACK &&
	    answer->probe != COOKIE_PASSES && !d->is_stopped) {
		want_control(d, answer);
	}
	if ((news == RESULTS_NEW || news == RESULTS_CHANGED) && d->events.row != NULL) {
		d->events.row(d->context, row, answer->payload);
	}
}

void discovery_catcher_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct discovery *d = context;
	struct answer answer;
	struct catcher_stats stats;

	(void)id;
	if (kind == CATCHER_ANSWER && catcher_answer_parse(body, &answer) == 0) {
		discovery_take_answer(d, &answer);
	} else if (kind == CATCHER_STATS && catcher_stats_parse(body, &stats) == 0) {
		d->caught = stats;
	}
}

void discovery_connect_answer(void *context, const struct answer *answer)
{
	discovery_take_answer(context, answer);
}

/* --- progress ------------------------------------------------------------------------------ */

static struct discovery_progress progress_of(const struct discovery *d)
{
	struct discovery_progress p = {
		.sent = d->shot.sent,
		.refused = d->shot.refused,
		.skipped = d->shot.skipped,
		.answers = d->caught.answers,
		.duplicates = d->duplicates,
		.foreign = d->caught.foreign,
		.ring_drops = d->caught.drops,
		.kernel_drops = drops_total() - d->kernel_drops_before,
		.rate = d->rate,
		.elapsed_ms = clock_ms() - d->began_ms,
		.left_ms = -1,
		.is_waiting = d->is_all_sent,
		.is_resolving = d->is_resolving,
		.is_link_down = d->shot.is_link_down,
		.fallen = d->shot.fallen,
	};

	for (unsigned i = 0; i < DISCOVERY_LEGS; i++) {
		p.total += d->legs[i].total;
		p.done += d->legs[i].position;
	}
	if (d->connects != NULL) {
		struct connect_stats stats = connect_scan_stats(d->connects);

		p.sent += stats.sent;
		p.skipped += stats.skipped;
	}
	if (d->rate > 0) {
		p.left_ms = (int64_t)((double)(p.total - p.done) * 1000 / (double)d->rate) +
			    d->plan->wait_ms;
	}
	return p;
}

/* Drops halve the rate; ten seconds without any give a quarter back. */
static void adapt_rate(struct discovery *d)
{
	uint64_t rate = d->rate;

	if (d->caught.drops > d->drops_told) {
		rate = rate / 2 < RATE_MIN ? (rate < RATE_MIN ? rate : RATE_MIN) : rate / 2;
		d->calm_seconds = 0;
	} else if (rate < d->plan->rate && ++d->calm_seconds >= 10) {
		rate = rate + rate / 4 > d->plan->rate ? d->plan->rate : rate + rate / 4;
		d->calm_seconds = 0;
	}
	d->drops_told = d->caught.drops;
	if (rate != d->rate && d->shooter >= 0) {
		d->rate = rate;
		shooter_set_rate(d->shooter, rate);
	}
}

static void remember_position(struct discovery *d)
{
	d->past[d->past_next % DISCOVERY_SAFE_SLOTS].at_ms = clock_ms();
	d->past[d->past_next % DISCOVERY_SAFE_SLOTS].position = d->legs[d->leg].position;
	d->past_next++;
}

static void each_second(void *context)
{
	struct discovery *d = context;
	struct discovery_progress p;

	if (d->connects != NULL) {
		d->legs[LEG_CONNECT].position = connect_scan_stats(d->connects).position;
	}
	adapt_rate(d);
	remember_position(d);
	p = progress_of(d);
	if (d->events.progress != NULL) {
		d->events.progress(d->context, &p);
	}
	loop_timer_arm(d->second, PROGRESS_EACH_MS);
}

void discovery_safe_positions(const struct discovery *discovery, uint64_t out[DISCOVERY_LEGS])
{
	int64_t limit = clock_ms() - discovery->plan->wait_ms;
	uint64_t safe = discovery->plan->positions[discovery->leg];

	for (size_t i = 0; i < DISCOVERY_SAFE_SLOTS && i < discovery->past_next; i++) {
		if (discovery->past[i].at_ms <= limit && discovery->past[i].position > safe) {
			safe = discovery->past[i].position;
		}
	}
	for (unsigned i = 0; i < DISCOVERY_LEGS; i++) {
		out[i] = discovery->legs[i].position;
	}
	out[discovery->leg] = safe;
}

/* --- the end ------------------------------------------------------------------------------- */

/* The sender's process knows; it may have fallen to a worse rung. */
static enum sender_kind sender_in_use(const struct discovery *d)
{
	return d->shot.sender != SENDER_BEST ? d->shot.sender : sender_kind(d->senders[0]);
}

/* That the sender cannot go on is said, not only that the scan is not complete. */
static void note_failure(struct discovery *d)
{
	if (d->shot.has_failed && d->note[0] == '\0') {
		snprintf(d->note, sizeof d->note, "%s",
			 d->shot.is_link_down ? "the link went down and did not come back in time"
					      : "the interface is gone, or takes no frames");
	}
}

static void note_sender(const struct discovery *d, struct discovery_report *report)
{
	if (d->senders[0] == NULL) {
		return;
	}
	report->sender = sender_kind_name(sender_in_use(d));
	if (d->shot.fallen[0] == '\0') {
		report->sender_detail = sender_detail(d->senders[0]);
	}
	snprintf(report->engine_note, sizeof report->engine_note, "%s", d->engine_note);
	snprintf(report->fallen, sizeof report->fallen, "%s", d->shot.fallen);
}

static void finish(struct discovery *d)
{
	struct discovery_report report = {
		.passes = d->legs[LEG_RAW].total > 0 ? d->passes : 1,
		.unreachable = targets_count(d->ways.unreachable),
		.nobodys = targets_count(d->ways.nobodys),
		.local = d->legs[LEG_CONNECT].targets != NULL
				 ? targets_count(d->legs[LEG_CONNECT].targets)
				 : 0,
		.sender = "connect",
		.sender_detail = "",
		.error = d->error,
		.sending_ms = d->sending_ms,
		.is_complete = true,
	};
	struct estimate_counts counts = results_counts(d->results);

	loop_timer_disarm(d->second);
	note_failure(d);
	note_sender(d, &report);
	snprintf(report.note, sizeof report.note, "%s", d->note);
	snprintf(report.reason, sizeof report.reason, "%s", d->why.text);
	report.progress = progress_of(d);
	report.estimate = estimate_of(&counts, report.passes);
	for (unsigned i = 0; i < DISCOVERY_LEGS; i++) {
		report.positions[i] = d->legs[i].position;
		report.is_complete = report.is_complete && d->legs[i].position >= d->legs[i].total;
	}
	d->events.done(d->context, &report);
}

static void end_child(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGKILL);
		(void)waitpid(*pid, NULL, 0);
		*pid = 0;
	}
}

static void end_raw(struct discovery *d)
{
	loop_unwatch(&d->shooter_watch);
	file_close(&d->shooter);
	channel_free(&d->catcher);
	end_child(&d->shooter_pid);
	end_child(&d->catcher_pid);
}

static bool wants_third_pass(const struct discovery *d)
{
	struct estimate_counts counts = results_counts(d->results);
	struct estimate estimate = estimate_of(&counts, d->passes);

	return d->plan->is_third_pass_allowed && !d->is_stopped && d->plan->passes == 2 &&
	       d->passes == 2 && estimate.missed > MISSED_MAX * (double)counts.any &&
	       estimate.missed >= 1;
}

/* The wait after the last probe is over. */
static void waited(void *context)
{
	struct discovery *d = context;

	if (d->leg == LEG_RAW && d->shooter_watch != NULL &&
	    (d->controls_told < results_count(d->controlled) || !d->shot.is_waiting)) {
		d->is_control_late = true;
		loop_timer_arm(d->end, LATE_MS);
		return;
	}
	if (d->is_control_late) {
		d->is_control_late = false;
		loop_timer_arm(d->end, d->plan->wait_ms);
		return;
	}
	if (d->leg == LEG_RAW && wants_third_pass(d)) {
		d->passes++;
		d->legs[LEG_RAW].total += d->legs[LEG_RAW].shard_size;
		d->is_all_sent = false;
		shooter_add_pass(d->shooter);
		return;
	}
	if (d->leg == LEG_RAW) {
		end_raw(d);
		if (!d->is_stopped && d->legs[LEG_CONNECT].total > d->legs[LEG_CONNECT].position) {
			discovery_start_leg(d, LEG_CONNECT);
			return;
		}
	}
	finish(d);
}

static void all_sent(struct discovery *d)
{
	if (!d->is_all_sent) {
		d->is_all_sent = true;
		d->sending_ms = clock_ms() - d->leg_began_ms;
		loop_timer_arm(d->end, d->plan->wait_ms);
	}
}

void discovery_shooter_ready(void *context, unsigned events)
{
	struct discovery *d = context;
	uint8_t bytes[SHOOTER_STATUS_MAX];
	ssize_t got;

	if ((events & LOOP_WRITE) != 0) {
		tell_controls(d);
	}
	got = recv(d->shooter, bytes, sizeof bytes, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (got <= 0 || shooter_status_parse((struct span){ bytes, (size_t)got }, &d->shot) != 0) {
		/* it died: what it sent counts, the rest is for another run */
		loop_unwatch(&d->shooter_watch);
		d->is_stopped = true;
		all_sent(d);
		return;
	}
	d->legs[LEG_RAW].position = d->shot.position;
	if (d->shot.has_failed) {
		d->is_stopped = true;
	}
	if (d->shot.is_waiting && (d->is_stopped || d->shot.position >= d->legs[LEG_RAW].total)) {
		all_sent(d);
	}
}

void discovery_catcher_closed(void *context)
{
	struct discovery *d = context;

	channel_free(&d->catcher);
	discovery_stop(d);
}

void discovery_connects_done(void *context)
{
	struct discovery *d = context;

	d->legs[LEG_CONNECT].position = connect_scan_stats(d->connects).position;
	d->sending_ms += clock_ms() - d->leg_began_ms;
	d->is_all_sent = true;
	loop_timer_arm(d->end, 0);
}

void discovery_stop(struct discovery *discovery)
{
	discovery->is_stopped = true;
	if (discovery->is_resolving) {
		discovery->is_resolving = false;
		neighbours_search_free(&discovery->search);
		loop_timer_arm(discovery->end, 0);
	} else if (discovery->leg == LEG_CONNECT) {
		connect_scan_stop(discovery->connects);
	} else if (discovery->shooter >= 0) {
		shooter_stop(discovery->shooter);
	}
}

/* --- the beginning ------------------------------------------------------------------------- */

int discovery_start(struct loop *loop, const struct discovery_plan *plan, struct results *results,
		    const struct discovery_events *events, void *context, struct discovery **out,
		    struct why *why)
{
	struct discovery *d = alloc_zeroed(1, sizeof *d);
	int error;

	d->loop = loop;
	d->plan = plan;
	d->ports = ports_questions(plan->ports, plan->is_without_anonymous_asks);
	d->results = results;
	d->events = *events;
	d->context = context;
	d->shooter = -1;
	d->rate = plan->rate;
	d->passes = plan->passes;
	d->began_ms = clock_ms();
	d->kernel_drops_before = drops_total();
	d->controlled = results_new();
	d->second = loop_timer(loop, each_second, d);
	d->end = loop_timer(loop, waited, d);
	error = discovery_find_legs(d, why);
	if (error == 0 && d->legs[LEG_RAW].total > d->legs[LEG_RAW].position) {
		error = discovery_open_raw(d, why);
		d->leg = LEG_RAW;
		d->leg_began_ms = clock_ms();
	} else if (error == 0) {
		d->is_all_sent = true;
		discovery_start_leg(d, LEG_CONNECT);
	}
	if (error != 0) {
		discovery_free(&d);
		return error;
	}
	loop_timer_arm(d->second, PROGRESS_EACH_MS);
	*out = d;
	return 0;
}

void discovery_free(struct discovery **discovery)
{
	struct discovery *d = *discovery;

	if (d == NULL) {
		return;
	}
	end_raw(d);
	connect_scan_free(&d->connects);
	for (size_t i = d->ways.count; i > 0; i--) {
		if (d->rings[i - 1] != NULL) {
			packet_ring_close(&d->rings[i - 1]);
			sender_close(&d->senders[i - 1]);
		}
	}
	results_free(&d->controlled);
	loop_timer_free(&d->second);
	loop_timer_free(&d->end);
	neighbours_search_free(&d->search);
	neighbours_done(&d->neighbours);
	ways_done(&d->ways);
	ports_done(&d->ports);
	for (unsigned i = 0; i < DISCOVERY_LEGS; i++) {
		targets_free(&d->legs[i].targets);
	}
	free(d);
	*discovery = NULL;
}
