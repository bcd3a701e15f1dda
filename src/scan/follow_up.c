/* follow_up.c - a queue a host, hosts in turn, a window to the process. */
#include "scan/follow_up.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/writer.h"
#include "scan/catcher.h"
#include "scan/cookie.h"
#include "scan/follower.h"
#include "scan/identify/prober.h"
#include "sys/alloc.h"
#include "sys/channel.h"

#define WINDOW_MAX   1024 /* rows under way */
#define RESTARTS_MAX 16
#define BUCKETS_MIN  1024

struct item {
	struct item *next;
	size_t row;
	uint16_t payload_len;
	uint8_t payload[];
};

struct queue {
	struct item *first;
	struct item *last;
};

struct host {
	struct address address;
	struct host *next_in_bucket;
	struct host *next_ready;
	struct queue queues[2]; /* usual ports, and others */
	unsigned waiting;
	unsigned under_way;
	unsigned begun;
	unsigned fruitless;
	unsigned known;
	bool is_ready;
	bool is_every_port;
};

/* A row under way. */
struct slot {
	struct host *host; /* NULL: free */
	size_t row;
};

struct follow_up {
	struct loop *loop;
	struct follower_plan plan;
	const struct results *results;
	struct follow_up_events events;
	void *context;
	struct host **buckets;
	size_t bucket_count;
	size_t host_count;
	struct host *ready_first;
	struct host *ready_last;
	struct slot slots[WINDOW_MAX];
	pid_t pid;
	struct channel *line;
	struct loop_timer *turn;
	struct follow_up_counts counts;
	unsigned restarts;
	bool is_stopped;
};

/* --- hosts --------------------------------------------------------------------------------- */

static size_t bucket_of(const struct follow_up *f, const struct address *address)
{
	static const struct cookie_key key = { 0, 0 };

	return (size_t)cookie_siphash(&key, address->bytes, ADDRESS_SIZE) & (f->bucket_count - 1);
}

static void grow_buckets(struct follow_up *f)
{
	struct host **old = f->buckets;
	size_t count = f->bucket_count;

	f->bucket_count = count == 0 ? BUCKETS_MIN : 2 * count;
	f->buckets = alloc_zeroed(f->bucket_count, sizeof(struct host *));
	for (size_t i = 0; i < count; i++) {
		while (old[i] != NULL) {
			struct host *host = old[i];
			size_t bucket = bucket_of(f, &host->address);

			old[i] = host->next_in_bucket;
			host->next_in_bucket = f->buckets[bucket];
			f->buckets[bucket] = host;
		}
	}
	free(old);
}

static struct host *host_of(struct follow_up *f, const struct address *address)
{
	struct host *host;
	size_t bucket;

	if (f->host_count >= f->bucket_count) {
		grow_buckets(f);
	}
	bucket = bucket_of(f, address);
	for (host = f->buckets[bucket]; host != NULL; host = host->next_in_bucket) {
		if (address_equal(&host->address, address)) {
			return host;
		}
	}
	host = alloc_zeroed(1, sizeof *host);
	host->address = *address;
	host->next_in_bucket = f->buckets[bucket];
	f->buckets[bucket] = host;
	f->host_count++;
	return host;
}

static void queue_host(struct follow_up *f, struct host *host)
{
	if (host->is_ready || host->waiting == 0 || host->under_way >= FOLLOW_UP_PER_HOST) {
		return;
	}
	host->is_ready = true;
	host->next_ready = NULL;
	if (f->ready_last != NULL) {
		f->ready_last->next_ready = host;
	} else {
		f->ready_first = host;
	}
	f->ready_last = host;
}

/* The next one of a host that has some: usual ports first, whatever came when. */
static struct queue *next_queue(struct host *host)
{
	return &host->queues[host->queues[0].first == NULL ? 1 : 0];
}

static struct item *take_item(struct follow_up *f, struct host *host, struct queue *queue)
{
	struct item *item = queue->first;

	queue->first = item->next;
	if (queue->first == NULL) {
		queue->last = NULL;
	}
	host->waiting--;
	f->counts.waiting--;
	return item;
}

/* A protocol has the port, or it is one of the system's (RFC 6335). */
static bool is_usual(const struct result *row)
{
	for (size_t i = 0; probers[i] != NULL; i++) {
		if (prober_has_port(probers[i], row->port)) {
			return true;
		}
	}
	return row->port < 1024;
}

/* Who told something now and then is asked longer. */
static bool is_fruitless(const struct host *host)
{
	return host->fruitless >= FOLLOW_UP_FRUITLESS_MAX + FOLLOW_UP_FRUITLESS_EACH * host->known;
}

static void drop_queue(struct follow_up *f, struct host *host, unsigned which, uint64_t *reason)
{
	while (host->queues[which].first != NULL) {
		free(take_item(f, host, &host->queues[which]));
		(*reason)++;
	}
}

static void drop_waiting(struct follow_up *f, struct host *host, uint64_t *reason)
{
	drop_queue(f, host, 0, reason);
	drop_queue(f, host, 1, reason);
}

/* --- turns --------------------------------------------------------------------------------- */

static struct slot *free_slot(struct follow_up *f)
{
	for (size_t i = 0; i < WINDOW_MAX && f->counts.under_way < WINDOW_MAX; i++) {
		if (f->slots[i].host == NULL) {
			return &f->slots[i];
		}
	}
	return NULL;
}

static bool begin(struct follow_up *f, struct slot *slot, struct host *host)
{
	uint8_t body[RESULT_PACKED_SIZE + CATCHER_PAYLOAD_MAX];
	struct writer w = writer_over(body, sizeof body);
	struct queue *queue = next_queue(host);
	struct item *item = queue->first;

	result_pack(results_at(f->results, item->row), body);
	(void)writer_reserve(&w, RESULT_PACKED_SIZE);
	writer_bytes(&w, (struct span){ item->payload, item->payload_len });
	if (channel_send(f->line, FOLLOWER_ASK, (uint64_t)(slot - f->slots), writer_span(&w)) !=
	    0) {
		return false; /* it is closed, or full: answers make room */
	}
	*slot = (struct slot){ host, item->row };
	free(take_item(f, host, queue));
	host->under_way++;
	host->begun++;
	f->counts.under_way++;
	return true;
}

static void tell_idle(struct follow_up *f)
{
	if (follow_up_is_idle(f) && f->events.idle != NULL) {
		f->events.idle(f->context);
	}
}

static void take_turns(void *context)
{
	struct follow_up *f = context;
	struct slot *slot;

	while (f->ready_first != NULL && f->line != NULL && !f->is_stopped &&
	       (slot = free_slot(f)) != NULL) {
		struct host *host = f->ready_first;

		if (host->waiting > 0 && !begin(f, slot, host)) {
			break;
		}
		f->ready_first = host->next_ready;
		if (f->ready_first == NULL) {
			f->ready_last = NULL;
		}
		host->is_ready = false;
		queue_host(f, host);
	}
	tell_idle(f);
}

static void end_slot(struct follow_up *f, struct slot *slot)
{
	struct host *host = slot->host;

	slot->host = NULL;
	host->under_way--;
	f->counts.under_way--;
	queue_host(f, host);
	loop_timer_arm(f->turn, 0);
}

/* --- the process --------------------------------------------------------------------------- */

static void on_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct follow_up *f = context;
	struct service service;
	struct slot *slot;

	if (kind != FOLLOWER_SERVICE || id >= WINDOW_MAX || f->slots[id].host == NULL ||
	    service_unpack(body, &service) != 0) {
		return;
	}
	slot = &f->slots[id];
	f->counts.ended++;
	f->counts.connections += service.connections;
	if (service.outcome == IDENTIFY_KNOWN) {
		f->counts.known++;
		slot->host->known++;
	} else {
		slot->host->fruitless++;
	}
	if (is_fruitless(slot->host)) {
		drop_queue(f, slot->host, 1, &f->counts.fruitless);
	}
	if (f->events.service != NULL) {
		f->events.service(f->context, slot->row, body);
	}
	end_slot(f, slot);
}

static void on_closed(void *context);

static int start_process(struct follow_up *f, struct why *why)
{
	static const struct channel_handler handler = { on_message, NULL, on_closed };
	int line;
	int error = follower_start(&f->plan, &f->pid, &line, why);

	if (error == 0) {
		f->line = channel_new(f->loop, line, FOLLOWER_QUEUE_MAX, &handler, f);
	}
	return error;
}

static void end_process(struct follow_up *f)
{
	channel_free(&f->line);
	if (f->pid > 0) {
		kill(f->pid, SIGKILL);
		(void)waitpid(f->pid, NULL, 0);
		f->pid = 0;
	}
}

/* Which of them it died of is not known: none of them is asked again. */
static void on_closed(void *context)
{
	struct follow_up *f = context;
	struct why why;

	end_process(f);
	for (size_t i = 0; i < WINDOW_MAX; i++) {
		if (f->slots[i].host != NULL) {
			f->counts.lost++;
			end_slot(f, &f->slots[i]);
		}
	}
	if (f->restarts++ >= RESTARTS_MAX || start_process(f, &why) != 0) {
		f->is_stopped = true; /* what waits is said to be left */
	}
	loop_timer_arm(f->turn, 0);
}

/* --- for callers --------------------------------------------------------------------------- */

int follow_up_start(struct loop *loop, const struct follow_up_options *options,
		    const struct results *results, const struct follow_up_events *events,
		    void *context, struct follow_up **out, struct why *why)
{
	struct follow_up *f = alloc_zeroed(1, sizeof *f);
	int error;

	f->loop = loop;
	f->results = results;
	f->events = *events;
	f->context = context;
	f->plan = (struct follower_plan){
		.fingerprints = options->fingerprints,
		.at_once = FOLLOW_UP_AT_ONCE,
		.per_host = FOLLOW_UP_PER_HOST,
		.source_port_first = FOLLOW_UP_PORT_FIRST,
		.source_port_last = FOLLOW_UP_PORT_LAST,
		.is_without_anonymous_asks = options->is_without_anonymous_asks,
	};
	f->turn = loop_timer(loop, take_turns, f);
	error = start_process(f, why);
	if (error != 0) {
		follow_up_free(&f);
		return error;
	}
	*out = f;
	return 0;
}

void follow_up_free(struct follow_up **follow_up)
{
	struct follow_up *f = *follow_up;
	uint64_t dropped = 0;

	*follow_up = NULL;
	if (f == NULL) {
		return;
	}
	end_process(f);
	for (size_t i = 0; i < f->bucket_count; i++) {
		while (f->buckets[i] != NULL) {
			struct host *host = f->buckets[i];

			f->buckets[i] = host->next_in_bucket;
			drop_waiting(f, host, &dropped);
			free(host);
		}
	}
	free(f->buckets);
	loop_timer_free(&f->turn);
	free(f);
}

void follow_up_add(struct follow_up *f, size_t row, struct span payload)
{
	struct host *host = host_of(f, &results_at(f->results, row)->address);
	unsigned which = is_usual(results_at(f->results, row)) ? 0 : 1;
	struct queue *queue = &host->queues[which];
	struct span kept = span_first(payload, CATCHER_PAYLOAD_MAX);
	struct item *item;

	f->counts.asked++;
	if (host->is_every_port) {
		f->counts.every_port++;
		return;
	}
	if (host->begun + host->waiting >= FOLLOW_UP_PORTS_MAX) {
		f->counts.too_many++;
		return;
	}
	if (which == 1 && is_fruitless(host)) {
		f->counts.fruitless++;
		return;
	}
	item = alloc_zeroed(1, sizeof *item + kept.len);
	item->row = row;
	item->payload_len = (uint16_t)kept.len;
	mem_copy(item->payload, kept.ptr, kept.len);
	if (queue->last != NULL) {
		queue->last->next = item;
	} else {
		queue->first = item;
	}
	queue->last = item;
	host->waiting++;
	f->counts.waiting++;
	queue_host(f, host);
	if (!loop_timer_is_armed(f->turn)) {
		loop_timer_arm(f->turn, 0);
	}
}

void follow_up_skip(struct follow_up *f, const struct address *address)
{
	struct host *host = host_of(f, address);

	host->is_every_port = true;
	drop_waiting(f, host, &f->counts.every_port);
	loop_timer_arm(f->turn, 0);
}

void follow_up_stop(struct follow_up *f)
{
	f->is_stopped = true;
	loop_timer_arm(f->turn, 0);
}

bool follow_up_is_idle(const struct follow_up *f)
{
	return f->counts.under_way == 0 && (f->counts.waiting == 0 || f->is_stopped);
}

struct follow_up_counts follow_up_counts(const struct follow_up *f)
{
	return f->counts;
}
