/* connect_scan.c - a fixed number of slots; a tick begins what the rate allows and ends what is
 * late. */
#include "scan/discovery/connect_scan.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "scan/probes/probe.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/process.h"

#define TICK_MS       5
#define FILES_SPARED  64
#define UDP_BYTES_MAX 2048

struct slot {
	struct connect_scan *scan;
	int fd; /* -1: free */
	struct loop_watch *watch;
	int64_t began_us;
	struct address address;
	struct port port;
};

struct connect_scan {
	struct connect_plan plan;
	struct connect_events events;
	void *context;
	struct loop *loop;
	struct loop_timer *tick;
	struct slot *slots;
	size_t slot_count;
	size_t free_hint;
	struct connect_stats stats;
	int64_t told_us;
	double tokens;
	bool is_stopped;
};

static void release(struct slot *slot)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };

	loop_unwatch(&slot->watch);
	/* no TIME_WAIT for a thousand connections that said nothing */
	(void)setsockopt(slot->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	close(slot->fd);
	slot->fd = -1;
	slot->scan->stats.under_way--;
}

static void report(struct slot *slot, enum port_state state, enum answer_reason reason,
		   struct span payload)
{
	struct answer answer = {
		.address = slot->address,
		.reporter = slot->address,
		.port = slot->port.number,
		.transport = slot->port.transport,
		.state = state,
		.reason = reason,
		.probe = slot->port.question == 0 ? 1 : 0, /* only one is counted */
		.rtt_us = (int32_t)(clock_us() - slot->began_us),
		.stack = { .window_scale = -1 },
		.payload = payload,
	};

	slot->scan->events.answer(slot->scan->context, &answer);
}

static void judge_error(struct slot *slot, int error)
{
	struct span none = { NULL, 0 };

	if (error == ECONNREFUSED || error == ECONNRESET) {
		report(slot, PORT_CLOSED, ANSWER_REFUSED, none);
	} else if (error == EHOSTUNREACH || error == ENETUNREACH || error == EACCES ||
		   error == EPERM) {
		report(slot, PORT_FILTERED, ANSWER_ICMP, none);
	}
}

static void slot_ready(void *context, unsigned events)
{
	struct slot *slot = context;
	uint8_t bytes[UDP_BYTES_MAX];
	int error = 0;
	socklen_t size = sizeof error;

	(void)events;
	if (slot->port.transport == TRANSPORT_UDP) {
		ssize_t got = recv(slot->fd, bytes, sizeof bytes, MSG_DONTWAIT);

		if (got >= 0) {
			report(slot, PORT_OPEN, ANSWER_UDP, (struct span){ bytes, (size_t)got });
		} else {
			judge_error(slot, errno);
		}
	} else if (getsockopt(slot->fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) {
		report(slot, PORT_OPEN, ANSWER_CONNECTED, (struct span){ NULL, 0 });
	} else {
		judge_error(slot, error);
	}
	release(slot);
}

/* True where the attempt is under way, or ended at once with an answer. */
static bool begin(struct slot *slot)
{
	bool is_udp = slot->port.transport == TRANSPORT_UDP;
	struct net_address to = address_socket(&slot->address, slot->port.number);
	uint8_t payload[PROBE_PAYLOAD_MAX];

	if (slot->port.transport == TRANSPORT_ICMP) {
		return false;
	}
	slot->fd = socket(to.storage.ss_family,
			  (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (slot->fd < 0) {
		return false;
	}
	slot->scan->stats.under_way++;
	slot->began_us = clock_us();
	if (connect(slot->fd, (struct sockaddr *)&to.storage, to.length) != 0 &&
	    errno != EINPROGRESS) {
		judge_error(slot, errno);
		release(slot);
		return true;
	}
	if (is_udp) {
		size_t len =
			probe_fill(probe_question(slot->port.number, slot->port.question), payload);

		if (send(slot->fd, payload, len, MSG_NOSIGNAL) < 0) {
			judge_error(slot, errno);
			release(slot);
			return true;
		}
	}
	slot->watch = loop_watch(slot->scan->loop, slot->fd, is_udp ? LOOP_READ : LOOP_WRITE,
				 slot_ready, slot);
	return true;
}

static struct slot *free_slot(struct connect_scan *scan)
{
	for (size_t i = 0; i < scan->slot_count; i++) {
		struct slot *slot = &scan->slots[(scan->free_hint + i) % scan->slot_count];

		if (slot->fd < 0) {
			scan->free_hint = (scan->free_hint + i + 1) % scan->slot_count;
			return slot;
		}
	}
	return NULL;
}

static bool begin_next(struct connect_scan *scan)
{
	const struct connect_plan *plan = &scan->plan;
	struct slot *slot;
	uint64_t index;

	if (scan->stats.under_way == scan->slot_count || (slot = free_slot(scan)) == NULL) {
		return false;
	}
	index = permutation_at(plan->order, scan->stats.position * plan->shard_count + plan->shard);
	scan->stats.position++;
	slot->address = targets_at(plan->targets, index / plan->ports->count);
	slot->port = plan->ports->items[index % plan->ports->count];
	if (begin(slot)) {
		scan->stats.sent++;
	} else {
		scan->stats.skipped++;
	}
	return true;
}

static void end_late(struct connect_scan *scan)
{
	int64_t limit = clock_us() - INT64_C(1000) * CONNECT_WAIT_MS;

	for (size_t i = 0; i < scan->slot_count && scan->stats.under_way > 0; i++) {
		if (scan->slots[i].fd >= 0 && scan->slots[i].began_us < limit) {
			release(&scan->slots[i]);
		}
	}
}

static void tick(void *context)
{
	struct connect_scan *scan = context;
	int64_t now = clock_us();

	scan->tokens += (double)(now - scan->told_us) * (double)scan->plan.rate / 1e6;
	scan->told_us = now;
	if (scan->tokens > (double)scan->plan.rate / 50 + 1) {
		scan->tokens = (double)scan->plan.rate / 50 + 1;
	}
	while (scan->tokens >= 1 && !scan->is_stopped &&
	       scan->stats.position < scan->plan.shard_size && begin_next(scan)) {
		scan->tokens -= 1;
	}
	end_late(scan);
	if (scan->stats.under_way == 0 &&
	    (scan->is_stopped || scan->stats.position >= scan->plan.shard_size)) {
		scan->events.done(scan->context);
		return;
	}
	loop_timer_arm(scan->tick, TICK_MS);
}

struct connect_scan *connect_scan_start(struct loop *loop, const struct connect_plan *plan,
					const struct connect_events *events, void *context)
{
	struct connect_scan *scan = alloc_zeroed(1, sizeof *scan);
	uint64_t files = process_raise_files();

	scan->plan = *plan;
	scan->events = *events;
	scan->context = context;
	scan->loop = loop;
	scan->stats.position = plan->position;
	scan->slot_count = files > CONNECT_AT_ONCE + FILES_SPARED ? CONNECT_AT_ONCE
			   : files > 2 * FILES_SPARED             ? (size_t)files - FILES_SPARED
								  : FILES_SPARED;
	scan->slots = alloc_zeroed(scan->slot_count, sizeof *scan->slots);
	for (size_t i = 0; i < scan->slot_count; i++) {
		scan->slots[i] = (struct slot){ .scan = scan, .fd = -1 };
	}
	scan->told_us = clock_us();
	scan->tick = loop_timer(loop, tick, scan);
	loop_timer_arm(scan->tick, 0);
	return scan;
}

void connect_scan_free(struct connect_scan **scan)
{
	if (*scan == NULL) {
		return;
	}
	for (size_t i = 0; i < (*scan)->slot_count; i++) {
		if ((*scan)->slots[i].fd >= 0) {
			release(&(*scan)->slots[i]);
		}
	}
	loop_timer_free(&(*scan)->tick);
	free((*scan)->slots);
	free(*scan);
	*scan = NULL;
}

void connect_scan_stop(struct connect_scan *scan)
{
	scan->is_stopped = true;
}
struct connect_stats connect_scan_stats(const struct connect_scan *scan)
{
	return scan->stats;
}
