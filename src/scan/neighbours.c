/* neighbours.c - questions in rounds; answers are read between them. */
#include "scan/neighbours.h"

#include <poll.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "formats/packet_ip.h"
#include "formats/packet_link.h"
#include "scan/frame.h"
#include "sys/alloc.h"
#include "sys/clock.h"

enum { ROUNDS = 3, ROUND_WAIT_MS = 400, TICK_MS = 5, STUCK_MS = 200 };

#define BATCH 256

int neighbours_want(struct neighbours *n, const struct address *address)
{
	if (n->count == NEIGHBOURS_MAX) {
		return ERR_LIMIT;
	}
	if (n->count == n->capacity) {
		n->capacity = n->capacity == 0 ? 64 : 2 * n->capacity;
		n->items = alloc_resize(n->items, n->capacity, sizeof *n->items);
	}
	n->items[n->count++] = (struct neighbour){ .address = *address };
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
	struct neighbours *n = context;
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

static void listen_for(struct neighbours *n, struct packet_ring *ring, int timeout_ms)
{
	struct pollfd waiting = { .fd = packet_ring_fd(ring), .events = POLLIN };

	(void)poll(&waiting, 1, timeout_ms);
	while (packet_ring_read(ring, take_frame, n) > 0) {
	}
}

static int flush(struct sender *sender, const struct sender_probe *probes, size_t count)
{
	int64_t until = clock_ms() + STUCK_MS;
	size_t done = 0;
	int error = 0;

	/* a link that is down takes nothing, and says nothing */
	while (done < count && error == 0 && clock_ms() < until) {
		size_t sent = 0;

		error = sender_send(sender, probes + done, count - done, &sent);
		done += sent;
		if (sent == 0) {
			(void)poll(NULL, 0, 1);
		}
	}
	return error;
}

static int ask_round(struct neighbours *n, const struct way *way, struct sender *sender,
		     unsigned template, struct packet_ring *ring, unsigned batch)
{
	struct sender_probe probes[BATCH];
	size_t filled = 0;
	int error = 0;

	for (size_t i = 0; i < n->count && error == 0; i++) {
		const struct neighbour *item = &n->items[i];
		struct span bytes = address_bytes(&item->address);

		if (!item->is_known && (bytes.len == 16) == way->is_v6) {
			probes[filled] = (struct sender_probe){ .template = (uint16_t) template };
			mem_copy(probes[filled++].destination, bytes.ptr, bytes.len);
		}
		if (filled == batch || (i + 1 == n->count && filled > 0)) {
			error = flush(sender, probes, filled);
			filled = 0;
			listen_for(n, ring, TICK_MS);
		}
	}
	return error;
}

static size_t missing(const struct neighbours *n, const struct way *way)
{
	size_t count = 0;

	for (size_t i = 0; i < n->count; i++) {
		if (!n->items[i].is_known && address_is_v4(&n->items[i].address) != way->is_v6) {
			count++;
		}
	}
	return count;
}

int neighbours_resolve(struct neighbours *n, const struct way *way, struct sender *sender,
		       struct packet_ring *ring, unsigned rate, struct why *why)
{
	struct frame_link link = { .link_size = 14,
				   .source_v4 = way->source,
				   .source_v6 = way->source };
	uint8_t bytes[SENDER_FRAME_MAX];
	struct sender_template question;
	unsigned batch = rate * TICK_MS / 1000;
	unsigned template;
	int error;

	mem_copy(link.mac, way->mac, sizeof link.mac);
	frame_neighbour(&link, way->is_v6, bytes, &question);
	error = sender_add_template(sender, &question, &template, why);
	if (n->count > 0) {
		qsort(n->items, n->count, sizeof *n->items, by_address);
	}
	batch = batch < 1 ? 1 : batch > BATCH ? BATCH : batch;
	for (unsigned round = 0; round < ROUNDS && error == 0 && missing(n, way) > 0; round++) {
		int64_t until;

		error = ask_round(n, way, sender, template, ring, batch);
		until = clock_ms() + ROUND_WAIT_MS * (round + 1);
		while (error == 0 && missing(n, way) > 0 && clock_ms() < until) {
			listen_for(n, ring, 4 * TICK_MS);
		}
	}
	return error;
}
