/* discovery_open.c - from a plan to the first probe. */
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "scan/discovery/discovery_parts.h"
#include "sys/alloc.h"
#include "sys/clock.h"

/* Answers of the fastest sender in a quarter of a second. */
#define RING_BYTES (64u << 20)

static void set_leg(struct discovery *d, enum discovery_leg number, struct targets *targets,
		    unsigned passes)
{
	struct leg *leg = &d->legs[number];
	uint64_t size = targets_count(targets) * d->ports.count;
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

static struct targets *copy_of(const struct targets *targets)
{
	struct targets *copy = targets_new();

	(void)(targets_add_all(copy, targets) == 0 && targets_settle(copy, NULL) == 0);
	return copy;
}

/* Neighbours and gateways that are to be asked for. */
static int want_neighbours(struct discovery *d, struct why *why)
{
	int error = 0;

	for (size_t i = 0; i < d->ways.count && error == 0; i++) {
		if (d->ways.items[i].is_ethernet && !d->ways.items[i].is_neighbours) {
			error = neighbours_want(&d->neighbours, &d->ways.items[i].gateway,
						&d->ways.items[i]);
		}
	}
	for (size_t i = 0; i < d->ways.piece_count && error == 0; i++) {
		const struct way_piece *piece = &d->ways.pieces[i];
		struct address at = piece->first;

		while (d->ways.items[piece->way].is_neighbours && error == 0) {
			error = neighbours_want(&d->neighbours, &at, &d->ways.items[piece->way]);
			if (address_equal(&at, &piece->last)) {
				break;
			}
			at = address_plus(&at, 1);
		}
	}
	return error == 0 ? 0
			  : why_set(why, error,
				    "more than %u addresses are on the local link; scan a part",
				    NEIGHBOURS_MAX);
}

static int open_way(struct discovery *d, size_t number, struct why *why)
{
	const struct way *way = &d->ways.items[number];
	struct sender_options options = { .interface = way->interface,
					  .kind = d->plan->sender,
					  .has_standbys = true };
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
			discovery_take_answer(d, &answer);
		}
	}
}

static int start_catcher(struct discovery *d, struct why *why)
{
	static const struct channel_handler handler = { discovery_catcher_message, NULL,
							discovery_catcher_closed };
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
		plan.interfaces[plan.ring_count] = d->ways.items[i].index;
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
		.ports = &d->ports,
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
		d->shooter_watch =
			loop_watch(d->loop, d->shooter, LOOP_READ, discovery_shooter_ready, d);
	}
	return error;
}

/* Ways whose gateway is not there lead nowhere. ERR_TIMEOUT where none is left. */
static int judge_gateways(struct discovery *d, struct why *why)
{
	size_t dead = 0;
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < d->ways.count; i++) {
		struct way *way = &d->ways.items[i];

		way->is_dead = way->is_ethernet && !way->is_neighbours &&
			       neighbours_mac(&d->neighbours, &way->gateway) == NULL;
		if (way->is_dead) {
			address_text(&way->gateway, text);
			(void)why_set(why, 0,
				      "the gateway %s on %s does not answer: is the link up?", text,
				      way->interface);
			dead++;
		}
	}
	if (dead > 0 && dead == d->ways.count) {
		return ERR_TIMEOUT;
	}
	if (dead > 0) {
		snprintf(d->note, sizeof d->note, "%s", why->text);
	}
	return 0;
}

/* Who is on the links is known as far as it will be. */
static void resolved(void *context)
{
	struct discovery *d = context;

	d->is_resolving = false; /* the search is freed with the rest: this is its callback */
	d->error = judge_gateways(d, &d->why);
	if (d->error == 0) {
		d->error = start_catcher(d, &d->why);
	}
	if (d->error == 0) {
		d->error = start_shooter(d, &d->why);
	}
	if (d->error != 0) {
		d->is_stopped = true;
		loop_timer_arm(d->end, 0);
		return;
	}
	d->leg_began_ms = clock_ms();
	tell_neighbours(d);
}

int discovery_open_raw(struct discovery *d, struct why *why)
{
	unsigned rate = d->plan->rate > 20000 ? 20000 : (unsigned)d->plan->rate;
	struct neighbours_link links[WAYS_MAX];
	size_t count = 0;
	int error = 0;

	for (size_t i = 0; i < d->ways.count && error == 0; i++) {
		error = open_way(d, i, why);
		if (error == 0 && d->ways.items[i].is_ethernet) {
			links[count++] = (struct neighbours_link){ &d->ways.items[i], d->senders[i],
								   d->rings[i] };
		}
	}
	if (error == 0) {
		error = want_neighbours(d, why);
	}
	if (error == 0) {
		snprintf(d->engine_note, sizeof d->engine_note, "%s",
			 sender_why_not(d->senders[0], SENDER_XDP));
		error = neighbours_search(d->loop, &d->neighbours, links, count, rate, resolved, d,
					  &d->search, why);
	}
	d->is_resolving = error == 0;
	return error;
}

void discovery_start_leg(struct discovery *d, enum discovery_leg leg)
{
	static const struct connect_events events = { discovery_connect_answer,
						      discovery_connects_done };
	struct leg *l = &d->legs[leg];
	struct connect_plan plan = {
		.targets = l->targets,
		.ports = &d->ports,
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

int discovery_find_legs(struct discovery *d, struct why *why)
{
	const struct targets *all = d->plan->targets;
	struct targets *raw;
	int error;

	if (d->plan->is_connect_only) {
		d->ways.local = targets_new();
		d->ways.unreachable = targets_new();
		d->ways.nobodys = targets_new();
		set_leg(d, LEG_CONNECT, copy_of(all), 1);
		return 0;
	}
	error = ways_find(all, d->plan->interface, &d->ways, why);
	if (error != 0) {
		return error;
	}
	raw = copy_of(all);
	targets_subtract(raw, d->ways.local);
	targets_subtract(raw, d->ways.unreachable);
	targets_subtract(raw, d->ways.nobodys);
	set_leg(d, LEG_RAW, raw, d->passes);
	set_leg(d, LEG_CONNECT, copy_of(d->ways.local), 1);
	return 0;
}
