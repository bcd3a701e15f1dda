/* discovery.c - what runs when; the packets are others' work. */
#include "scan/discovery.h"

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
#include "scan/catcher.h"
#include "scan/connect_scan.h"
#include "scan/drops.h"
#include "scan/shooter.h"
#include "sys/alloc.h"
#include "sys/channel.h"
#include "sys/clock.h"
#include "sys/file.h"

enum { PROGRESS_EACH_MS = 1000, LATE_MS = 100 };

/* Answers of the fastest sender in a quarter of a second. */
#define RING_BYTES (64u << 20)

/* More than one target in two thousand probably missed: a third probe is worth its packets. */
#define MISSED_MAX 0.0005

/* A position is safe once its probes are as old as this and the wait together. */
#define SAFE_SLOTS 64

/* The least rate that drops lower it to. */
#define RATE_MIN 1000

struct leg {
	struct targets *targets;
	struct permutation order;
	uint64_t shard_size;
	uint64_t total; /* probes, over all passes */
	uint64_t position;
};

struct discovery {
	struct loop *loop;
	const struct discovery_plan *plan;
	struct results *results;
	struct discovery_events events;
	void *context;
	struct ways ways;
	struct neighbours neighbours;
	struct leg legs[DISCOVERY_LEGS];
	enum discovery_leg leg;
	/* raw */
	struct sender *senders[WAYS_MAX]; /* one a way; shared ones appear again */
	struct packet_ring *rings[WAYS_MAX];
	pid_t shooter_pid;
	int shooter;
	struct loop_watch *shooter_watch;
	pid_t catcher_pid;
	struct channel *catcher;
	struct shooter_status shot;
	struct catcher_stats caught;
	char engine_note[192];
	/* connections */
	struct connect_scan *connects;
	/* both */
	struct loop_timer *second;
	struct loop_timer *end;
	int64_t began_ms;
	int64_t leg_began_ms;
	int64_t sending_ms;
	uint64_t rate;
	uint64_t duplicates;
	uint64_t drops_told;
	unsigned calm_seconds;
	uint64_t kernel_drops_before;
	unsigned passes;
	struct results *controlled; /* addresses that got a control probe, or will */
	size_t controls_told;
	bool is_control_late; /* some went when all else was sent: they are waited for, too */
	bool is_stopped;
	bool is_all_sent;
	struct {
		int64_t at_ms;
		uint64_t position;
	} past[SAFE_SLOTS];
	size_t past_next;
};

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

static void take_answer(struct discovery *d, const struct answer *answer)
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

static void catcher_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct discovery *d = context;
	struct answer answer;
	struct catcher_stats stats;

	(void)id;
	if (kind == CATCHER_ANSWER && catcher_answer_parse(body, &answer) == 0) {
		take_answer(d, &answer);
	} else if (kind == CATCHER_STATS && catcher_stats_parse(body, &stats) == 0) {
		d->caught = stats;
	}
}

static void connect_answer(void *context, const struct answer *answer)
{
	take_answer(context, answer);
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
	d->past[d->past_next % SAFE_SLOTS].at_ms = clock_ms();
	d->past[d->past_next % SAFE_SLOTS].position = d->legs[d->leg].position;
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

	for (size_t i = 0; i < SAFE_SLOTS && i < discovery->past_next; i++) {
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

static void start_leg(struct discovery *d, enum discovery_leg leg);

static void finish(struct discovery *d)
{
	struct discovery_report report = {
		.passes = d->legs[LEG_RAW].total > 0 ? d->passes : 1,
		.unreachable = targets_count(d->ways.unreachable),
		.local = d->legs[LEG_CONNECT].targets != NULL
				 ? targets_count(d->legs[LEG_CONNECT].targets)
				 : 0,
		.sender = d->senders[0] != NULL ? sender_kind_name(sender_kind(d->senders[0]))
						: "connect",
		.engine_note = d->engine_note,
		.sending_ms = d->sending_ms,
		.is_complete = true,
	};
	struct estimate_counts counts = results_counts(d->results);

	loop_timer_disarm(d->second);
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
			start_leg(d, LEG_CONNECT);
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

static void shooter_ready(void *context, unsigned events)
{
	struct discovery *d = context;
	uint8_t bytes[SHOOTER_STATUS_SIZE];
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

static void catcher_closed(void *context)
{
	struct discovery *d = context;

	channel_free(&d->catcher);
	discovery_stop(d);
}

static void connects_done(void *context)
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
	if (discovery->leg == LEG_CONNECT) {
		connect_scan_stop(discovery->connects);
	} else if (discovery->shooter >= 0) {
		shooter_stop(discovery->shooter);
	}
}

/* --- the beginning ------------------------------------------------------------------------- */

static void set_leg(struct discovery *d, enum discovery_leg number, struct targets *targets,
		    unsigned passes)
{
	struct leg *leg = &d->legs[number];
	uint64_t size = targets_count(targets) * d->plan->ports->count;
	uint64_t seed = 0;

	leg->targets = targets;
	if (size == 0) {
		return;
	}
	for (size_t i = 0; i < 8; i++) {
		seed = seed << 8 | d->plan->key[COOKIE_KEY_SIZE + i];
	}
	permutation_init(&leg->order, size, seed + number);
	leg->shard_size = permutation_shard_size(size, d->plan->shard, d->plan->shard_count);
	leg->total = leg->shard_size * passes;
	leg->position =
		d->plan->positions[number] < leg->total ? d->plan->positions[number] : leg->total;
}

static struct targets *copy_without(const struct targets *targets, const struct targets *a,
				    const struct targets *b)
{
	struct targets *copy = targets_new();

	(void)(targets_add_all(copy, targets) == 0 && targets_settle(copy, NULL) == 0);
	targets_subtract(copy, a);
	targets_subtract(copy, b);
	return copy;
}

/* Neighbours and gateways that are to be asked for. */
static int want_neighbours(struct discovery *d, const struct targets *targets, struct why *why)
{
	int error = 0;

	for (size_t i = 0; i < d->ways.count && error == 0; i++) {
		if (d->ways.items[i].is_ethernet && !d->ways.items[i].is_neighbours) {
			error = neighbours_want(&d->neighbours, &d->ways.items[i].gateway);
		}
	}
	for (size_t i = 0; i < d->ways.piece_count && error == 0; i++) {
		const struct way_piece *piece = &d->ways.pieces[i];
		struct address at = piece->first;

		while (d->ways.items[piece->way].is_neighbours && error == 0) {
			error = neighbours_want(&d->neighbours, &at);
			if (address_equal(&at, &piece->last)) {
				break;
			}
			at = address_plus(&at, 1);
		}
	}
	(void)targets;
	return error == 0 ? 0
			  : why_set(why, error,
				    "more than %u addresses are on the local link; scan a part",
				    NEIGHBOURS_MAX);
}

static int open_way(struct discovery *d, size_t number, struct why *why)
{
	const struct way *way = &d->ways.items[number];
	struct sender_options options = { .interface = way->interface, .kind = d->plan->sender };
	int error;

	for (size_t i = 0; i < number; i++) {
		if (d->ways.items[i].index == way->index) {
			d->senders[number] = d->senders[i];
			return 0;
		}
	}
	error = sender_open(&options, &d->senders[number], why);
	if (error == 0) {
		error = packet_ring_open(way->index, sender_link_size(d->senders[number]),
					 RING_BYTES, &d->rings[number], why);
	}
	return error;
}

static struct packet_ring *ring_of(const struct discovery *d, size_t way)
{
	for (size_t i = 0; i <= way; i++) {
		if (d->senders[i] == d->senders[way]) {
			return d->rings[i];
		}
	}
	return NULL;
}

static int resolve(struct discovery *d, struct why *why)
{
	unsigned rate = d->plan->rate > 20000 ? 20000 : (unsigned)d->plan->rate;

	for (size_t i = 0; i < d->ways.count; i++) {
		const struct way *way = &d->ways.items[i];
		int error;

		if (!way->is_ethernet) {
			continue;
		}
		error = neighbours_resolve(&d->neighbours, way, d->senders[i], ring_of(d, i), rate,
					   why);
		if (error != 0) {
			return error;
		}
		if (!way->is_neighbours && neighbours_mac(&d->neighbours, &way->gateway) == NULL) {
			char text[ADDRESS_TEXT_MAX];

			address_text(&way->gateway, text);
			return why_set(why, ERR_TIMEOUT,
				       "the gateway %s on %s does not answer: is the link up?",
				       text, way->interface);
		}
	}
	return 0;
}

/* Neighbours that answered are hosts, whatever their ports say. */
static void tell_neighbours(struct discovery *d)
{
	for (size_t i = 0; i < d->neighbours.count; i++) {
		const struct neighbour *n = &d->neighbours.items[i];
		struct answer answer = {
			.address = n->address,
			.reporter = n->address,
			.transport = TRANSPORT_LINK,
			.state = PORT_HOST,
			.reason = address_is_v4(&n->address) ? ANSWER_ARP : ANSWER_NDP,
			.rtt_us = -1,
			.stack = { .window_scale = -1 },
		};

		if (n->is_known && targets_contains(d->plan->targets, &n->address)) {
			mem_copy(answer.mac, n->mac, sizeof answer.mac);
			take_answer(d, &answer);
		}
	}
}

static int start_catcher(struct discovery *d, struct why *why)
{
	static const struct channel_handler handler = { catcher_message, NULL, catcher_closed };
	struct catcher_plan plan = { .key = cookie_key_from(d->plan->key) };
	int line;
	int error;

	for (size_t i = 0; i < d->ways.count; i++) {
		if (d->rings[i] == NULL) {
			continue;
		}
		if (plan.ring_count == CATCHER_RINGS_MAX) {
			return why_set(why, ERR_LIMIT,
				       "the targets are behind more than %d interfaces; scan a "
				       "part, or say --interface",
				       CATCHER_RINGS_MAX);
		}
		plan.rings[plan.ring_count] = d->rings[i];
		plan.link_sizes[plan.ring_count++] = sender_link_size(d->senders[i]);
	}
	error = catcher_start(&plan, &d->catcher_pid, &line, why);
	if (error == 0) {
		d->catcher = channel_new(d->loop, line, 1u << 20, &handler, d);
	}
	return error;
}

static int start_shooter(struct discovery *d, struct why *why)
{
	struct leg *leg = &d->legs[LEG_RAW];
	struct shooter_plan plan = {
		.targets = leg->targets,
		.ports = d->plan->ports,
		.ways = &d->ways,
		.neighbours = &d->neighbours,
		.senders = d->senders,
		.order = &leg->order,
		.key = cookie_key_from(d->plan->key),
		.contact = d->plan->contact,
		.shard = d->plan->shard,
		.shard_count = d->plan->shard_count,
		.shard_size = leg->shard_size,
		.passes = d->passes,
		.position = leg->position,
		.rate = d->plan->rate,
	};
	int error = shooter_start(&plan, &d->shooter_pid, &d->shooter, why);

	if (error == 0) {
		d->shooter_watch = loop_watch(d->loop, d->shooter, LOOP_READ, shooter_ready, d);
	}
	return error;
}

static int open_raw(struct discovery *d, struct why *why)
{
	int error = 0;

	for (size_t i = 0; i < d->ways.count && error == 0; i++) {
		error = open_way(d, i, why);
	}
	if (error == 0) {
		error = want_neighbours(d, d->legs[LEG_RAW].targets, why);
	}
	if (error == 0) {
		error = resolve(d, why);
	}
	if (error == 0) {
		snprintf(d->engine_note, sizeof d->engine_note, "%s",
			 sender_why_not(d->senders[0], SENDER_XDP));
		error = start_catcher(d, why);
	}
	return error == 0 ? start_shooter(d, why) : error;
}

static void start_leg(struct discovery *d, enum discovery_leg leg)
{
	static const struct connect_events events = { connect_answer, connects_done };
	struct leg *l = &d->legs[leg];
	struct connect_plan plan = {
		.targets = l->targets,
		.ports = d->plan->ports,
		.order = &l->order,
		.shard = d->plan->shard,
		.shard_count = d->plan->shard_count,
		.shard_size = l->shard_size,
		.position = l->position,
		.rate = d->plan->rate,
	};

	d->leg = leg;
	d->leg_began_ms = clock_ms();
	d->past_next = 0;
	d->is_all_sent = false;
	if (leg == LEG_CONNECT) {
		d->connects = connect_scan_start(d->loop, &plan, &events, d);
	}
}

static int find_legs(struct discovery *d, struct why *why)
{
	const struct targets *all = d->plan->targets;
	struct targets *none = targets_new();
	int error;

	if (d->plan->is_connect_only) {
		d->ways.local = targets_new();
		d->ways.unreachable = targets_new();
		set_leg(d, LEG_CONNECT, copy_without(all, none, none), 1);
		targets_free(&none);
		return 0;
	}
	error = ways_find(all, d->plan->interface, &d->ways, why);
	if (error == 0) {
		set_leg(d, LEG_RAW, copy_without(all, d->ways.local, d->ways.unreachable),
			d->passes);
		set_leg(d, LEG_CONNECT, copy_without(d->ways.local, none, none), 1);
	}
	targets_free(&none);
	return error;
}

int discovery_start(struct loop *loop, const struct discovery_plan *plan, struct results *results,
		    const struct discovery_events *events, void *context, struct discovery **out,
		    struct why *why)
{
	struct discovery *d = alloc_zeroed(1, sizeof *d);
	int error;

	d->loop = loop;
	d->plan = plan;
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
	error = find_legs(d, why);
	if (error == 0 && d->legs[LEG_RAW].total > d->legs[LEG_RAW].position) {
		error = open_raw(d, why);
		d->leg = LEG_RAW;
		d->leg_began_ms = clock_ms();
	} else if (error == 0) {
		d->is_all_sent = true;
		start_leg(d, LEG_CONNECT);
	}
	if (error != 0) {
		discovery_free(&d);
		return error;
	}
	tell_neighbours(d);
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
	neighbours_done(&d->neighbours);
	ways_done(&d->ways);
	for (unsigned i = 0; i < DISCOVERY_LEGS; i++) {
		targets_free(&d->legs[i].targets);
	}
	free(d);
	*discovery = NULL;
}
