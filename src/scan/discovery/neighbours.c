/* neighbours.c - questions in rounds, some each few milliseconds; answers as they come. */
#include "scan/discovery/neighbours.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "formats/packet_ip.h"
#include "formats/packet_link.h"
#include "scan/discovery/frame.h"
#include "sys/alloc.h"
#include "sys/clock.h"

enum { ROUNDS = 3, ROUND_WAIT_MS = 400, TICK_MS = 5, STUCK_MS = 200 };

#define BATCH 256u

/* Where frames of one ring go. */
struct listener {
	struct neighbours *n;
	unsigned interface;
};

struct neighbours_search {
	struct loop *loop;
	struct neighbours *n;
	struct neighbours_link links[WAYS_MAX];
	unsigned templates[WAYS_MAX]; /* the question of each */
	struct loop_watch *watches[WAYS_MAX];
	size_t count;
	unsigned batch; /* questions a tick */
	unsigned round;
	size_t link; /* that is asked on now; count: all of this round were */
	size_t next; /* item */
	int64_t stuck_ms;
	int64_t round_until_ms;
	struct loop_timer *timer;
	loop_callback *done;
	void *context;
};

int neighbours_want(struct neighbours *n, const struct address *address, const struct way *way)
{
	if (n->count == NEIGHBOURS_MAX) {
		return ERR_LIMIT;
	}
	if (n->count == n->capacity) {
		n->capacity = n->capacity == 0 ? 64 : 2 * n->capacity;
		n->items = alloc_resize(n->items, n->capacity, sizeof *n->items);
	}
	n->items[n->count++] = (struct neighbour){ .address = *address, .way = way };
	return 0;
}

void neighbours_done(struct neighbours *n)
{
	free(n->items);
	*n = (struct neighbours){ .count = 0 };
}

static int by_address(const void *a, const void *b)
{
	return address_compare(&((const struct neighbour *)a)->address,
			       &((const struct neighbour *)b)->address);
}

/* Sorted, each once. */
static void settle(struct neighbours *n)
{
	size_t kept = 0;

	if (n->count > 0) {
		qsort(n->items, n->count, sizeof *n->items, by_address);
	}
	for (size_t i = 0; i < n->count; i++) {
		if (kept == 0 || by_address(&n->items[kept - 1], &n->items[i]) != 0) {
			n->items[kept++] = n->items[i];
		}
	}
	n->count = kept;
}

static struct neighbour *find(const struct neighbours *n, const struct address *address)
{
	struct neighbour wanted = { .address = *address };

	return n->count == 0 ? NULL
			     : bsearch(&wanted, n->items, n->count, sizeof *n->items, by_address);
}

const uint8_t *neighbours_mac(const struct neighbours *n, const struct address *address)
{
	const struct neighbour *found = find(n, address);

	return found != NULL && found->is_known ? found->mac : NULL;
}

/* A packet of the link: an answer, or something else. */
static void take_frame(void *context, struct span bytes)
{
	const struct listener *listener = context;
	struct neighbours *n = listener->n;
	struct packet_neighbour answer;
	struct packet_frame frame;
	struct packet_ip ip;
	struct address address;
	struct neighbour *found;

	if (packet_frame_parse(bytes, &frame) != 0) {
		return;
	}
	if (frame.type == PACKET_TYPE_ARP) {
		if (packet_arp_parse(frame.payload, &answer) != 0) {
			return;
		}
	} else if (packet_ip_parse(frame.payload, &ip) != 0 || ip.protocol != PACKET_ICMP_V6 ||
		   ip.ttl != 255 || packet_advertisement_parse(ip.payload, &answer) != 0) {
		return;
	}
	if (answer.address.len == 16) {
		address = address_v6(answer.address.ptr);
		address = address_in_zone(&address, listener->interface);
	} else {
		struct reader r = reader_over(answer.address);

		address = address_v4(reader_be32(&r));
	}
	found = find(n, &address);
	if (found != NULL && !found->is_known) {
		/* without the option it is the frame's sender (RFC 4861 section 4.4) */
		mem_copy(found->mac, answer.mac.len == 6 ? answer.mac.ptr : frame.source.ptr, 6);
		found->is_known = true;
		n->known++;
	}
}

static void end_search(struct neighbours_search *s)
{
	for (size_t i = 0; i < s->count; i++) {
		loop_unwatch(&s->watches[i]);
	}
	loop_timer_disarm(s->timer);
	s->done(s->context);
}

static void ring_ready(void *context, unsigned events)
{
	struct neighbours_search *s = context;

	(void)events;
	for (size_t i = 0; i < s->count; i++) {
		struct listener listener = { s->n, s->links[i].way->index };

		while (s->watches[i] != NULL &&
		       packet_ring_read(s->links[i].ring, take_frame, &listener) > 0) {
		}
	}
	if (s->n->known == s->n->count) {
		loop_timer_arm(s->timer, 0);
	}
}

/* The next questions of the link, at most a batch; how many. */
static size_t next_questions(struct neighbours_search *s, struct sender_probe out[BATCH])
{
	const struct way *way = s->links[s->link].way;
	size_t filled = 0;

	for (; s->next < s->n->count && filled < s->batch; s->next++) {
		const struct neighbour *item = &s->n->items[s->next];
		struct address bare = address_bare(&item->address);
		struct span bytes = address_bytes(&bare);

		if (!item->is_known && item->way == way) {
			out[filled] =
				(struct sender_probe){ .template =
							       (uint16_t)s->templates[s->link] };
			mem_copy(out[filled++].destination, bytes.ptr, bytes.len);
		}
	}
	return filled;
}

/* What a link that is down, or a full queue, does not take is asked in the next round. */
static void ask_some(struct neighbours_search *s)
{
	struct sender_probe probes[BATCH];
	size_t before = s->next;
	size_t filled = next_questions(s, probes);
	size_t sent = 0;

	if (filled > 0 &&
	    (sender_send(s->links[s->link].sender, probes, filled, &sent) != 0 || sent < filled)) {
		if (clock_ms() < s->stuck_ms) {
			s->next = before; /* all of them once more: a repeat does no harm */
			return;
		}
		s->next = s->n->count;
	}
	s->stuck_ms = clock_ms() + STUCK_MS;
	if (s->next == s->n->count) {
		s->link++;
		s->next = 0;
	}
}

static void tick(void *context)
{
	struct neighbours_search *s = context;

	if (s->n->known == s->n->count) {
		end_search(s);
		return;
	}
	if (s->link < s->count) {
		ask_some(s);
		s->round_until_ms = clock_ms() + (int64_t)ROUND_WAIT_MS * (s->round + 1);
		loop_timer_arm(s->timer, TICK_MS);
		return;
	}
	if (clock_ms() < s->round_until_ms) {
		loop_timer_arm(s->timer, s->round_until_ms - clock_ms());
		return;
	}
	s->link = 0;
	s->next = 0;
	if (++s->round == ROUNDS) {
		end_search(s);
		return;
	}
	loop_timer_arm(s->timer, 0);
}

static int add_question(struct neighbours_search *s, size_t number, struct why *why)
{
	const struct way *way = s->links[number].way;
	struct frame_link link = { .link_size = 14,
				   .source_v4 = way->source,
				   .source_v6 = way->source };
	uint8_t bytes[SENDER_FRAME_MAX];
	struct sender_template question;

	mem_copy(link.mac, way->mac, sizeof link.mac);
	frame_neighbour(&link, way->is_v6, bytes, &question);
	return sender_add_template(s->links[number].sender, &question, &s->templates[number], why);
}

int neighbours_search(struct loop *loop, struct neighbours *n, const struct neighbours_link *links,
		      size_t count, unsigned rate, loop_callback *done, void *context,
		      struct neighbours_search **out, struct why *why)
{
	struct neighbours_search *s = alloc_zeroed(1, sizeof *s);
	unsigned batch = rate * TICK_MS / 1000;
	int error = count <= WAYS_MAX ? 0 : ERR_LIMIT;

	s->loop = loop;
	s->n = n;
	s->done = done;
	s->context = context;
	s->batch = batch < 1 ? 1 : batch > BATCH ? BATCH : batch;
	s->timer = loop_timer(loop, tick, s);
	for (size_t i = 0; i < count && error == 0; i++) {
		s->links[i] = links[i];
		error = add_question(s, i, why);
	}
	if (error != 0) {
		neighbours_search_free(&s);
		return error;
	}
	s->count = count;
	settle(n);
	for (size_t i = 0; i < count; i++) {
		if (links[i].ring != NULL) {
			s->watches[i] = loop_watch(loop, packet_ring_fd(links[i].ring), LOOP_READ,
						   ring_ready, s);
		}
	}
	s->stuck_ms = clock_ms() + STUCK_MS;
	loop_timer_arm(s->timer, 0);
	*out = s;
	return 0;
}

void neighbours_search_free(struct neighbours_search **search)
{
	struct neighbours_search *s = *search;

	if (s == NULL) {
		return;
	}
	for (size_t i = 0; i < s->count; i++) {
		loop_unwatch(&s->watches[i]);
	}
	loop_timer_free(&s->timer);
	free(s);
	*search = NULL;
}
