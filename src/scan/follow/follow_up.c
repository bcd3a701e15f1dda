/* follow_up.c - queues a host, hosts in turn, a window to the process. */
#include "scan/follow/follow_up.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/writer.h"
#include "scan/discovery/cookie.h"
#include "scan/follow/follower.h"
#include "scan/identify/prober.h"
#include "sys/alloc.h"
#include "sys/channel.h"
#include "sys/line.h"

#define RESTARTS_MAX 16
#define BUCKETS_MIN  1024

/* In this order: new or changed; ports that a protocol has, or below 1024; others. */
enum { QUEUE_FIRST, QUEUE_USUAL, QUEUE_OTHERS, QUEUES };

/* Hosts that have something of the first queue take their turns before the others. */
enum { READY_FIRST, READY_OTHERS, READIES };

struct item {
	struct item *next;
	uint64_t about;
	uint8_t queue;
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
	struct host *next_ready[READIES];
	struct queue queues[QUEUES];
	unsigned waiting;
	unsigned under_way;
	unsigned begun;
	unsigned fruitless;
	unsigned known;
	bool is_ready[READIES];
	bool is_every_port;
};

/* A port under way. */
struct slot {
	struct host *host; /* NULL: free */
	struct item *item;
	uint64_t id; /* never used before: an answer may be late */
};

struct follow_up {
	struct loop *loop;
	struct follower_plan plan;
	struct follow_up_events events;
	void *context;
	struct host **buckets;
	size_t bucket_count;
	size_t host_count;
	struct host *ready_first[READIES];
	struct host *ready_last[READIES];
	struct slot slots[FOLLOW_UP_WINDOW];
	size_t window;
	uint64_t number; /* of all that was ever begun */
	pid_t pid;
	struct channel *line;
	struct loop_timer *turn;
	struct follow_up_counts counts;
	unsigned restarts;
	bool is_over; /* the process was started by somebody else */
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

/* Of a host of which nothing is left to do, in a life without end. */
static void forget_host(struct follow_up *f, struct host *host)
{
	struct host **link = &f->buckets[bucket_of(f, &host->address)];

	if (!f->is_over || host->waiting > 0 || host->under_way > 0 ||
	    host->is_ready[READY_FIRST] || host->is_ready[READY_OTHERS]) {
		return;
	}
	while (*link != host) {
		link = &(*link)->next_in_bucket;
	}
	*link = host->next_in_bucket;
	f->host_count--;
	free(host);
}

static void queue_host(struct follow_up *f, struct host *host)
{
	unsigned r = host->queues[QUEUE_FIRST].first != NULL ? READY_FIRST : READY_OTHERS;

	if (host->is_ready[r] || host->waiting == 0 || host->under_way >= FOLLOW_UP_PER_HOST) {
		return;
	}
	host->is_ready[r] = true;
	host->next_ready[r] = NULL;
	if (f->ready_last[r] != NULL) {
		f->ready_last[r]->next_ready[r] = host;
	} else {
		f->ready_first[r] = host;
	}
	f->ready_last[r] = host;
}

static void take_ready(struct follow_up *f, unsigned r)
{
	struct host *host = f->ready_first[r];

	f->ready_first[r] = host->next_ready[r];
	if (f->ready_first[r] == NULL) {
		f->ready_last[r] = NULL;
	}
	host->is_ready[r] = false;
}

/* The next one of a host that has some: whatever came when. */
static struct queue *next_queue(struct host *host)
{
	for (unsigned i = 0; i < QUEUE_OTHERS; i++) {
		if (host->queues[i].first != NULL) {
			return &host->queues[i];
		}
	}
	return &host->queues[QUEUE_OTHERS];
}

static struct item *take_item(struct follow_up *f, struct host *host, struct queue *queue)
{
	struct item *item = queue->first;

	queue->first = item->next;
	if (queue->first == NULL) {
		queue->last = NULL;
	}
	item->next = NULL;
	host->waiting--;
	f->counts.waiting--;
	return item;
}

static void put_item(struct follow_up *f, struct host *host, struct item *item, bool is_at_front)
{
	struct queue *queue = &host->queues[item->queue];

	if (queue->first == NULL) {
		queue->first = item;
		queue->last = item;
	} else if (is_at_front) {
		item->next = queue->first;
		queue->first = item;
	} else {
		queue->last->next = item;
		queue->last = item;
	}
	host->waiting++;
	f->counts.waiting++;
}

/* A protocol has the port, or it is one of the system's (RFC 6335). */
static bool is_usual(uint16_t port)
{
	for (size_t i = 0; probers[i] != NULL; i++) {
		if (prober_has_port(probers[i], port)) {
			return true;
		}
	}
	return port < 1024;
}

/* Who told something now and then is asked longer. */
static bool is_fruitless(const struct host *host)
{
	return host->fruitless >= FOLLOW_UP_FRUITLESS_MAX + FOLLOW_UP_FRUITLESS_EACH * host->known;
}

static void skip(struct follow_up *f, uint64_t about, enum follow_up_skip why)
{
	uint64_t *const counts[] = {
		[FOLLOW_UP_EVERY_PORT] = &f->counts.every_port,
		[FOLLOW_UP_TOO_MANY] = &f->counts.too_many,
		[FOLLOW_UP_FRUITLESS] = &f->counts.fruitless,
	};

	(*counts[why])++;
	if (f->events.skipped != NULL) {
		f->events.skipped(f->context, about, why);
	}
}

static void skip_queue(struct follow_up *f, struct host *host, unsigned which,
		       enum follow_up_skip why)
{
	while (host->queues[which].first != NULL) {
		struct item *item = take_item(f, host, &host->queues[which]);

		skip(f, item->about, why);
		free(item);
	}
}

/* --- turns --------------------------------------------------------------------------------- */

static struct slot *free_slot(struct follow_up *f)
{
	for (size_t i = 0; i < f->window && f->counts.under_way < f->window; i++) {
		if (f->slots[i].host == NULL) {
			return &f->slots[i];
		}
	}
	return NULL;
}

/* False where the line takes no more. */
static bool begin(struct follow_up *f, struct slot *slot, struct host *host)
{
	uint8_t body[FOLLOW_ASK_SIZE_MAX];
	struct writer w = writer_over(body, sizeof body);
	struct queue *queue = next_queue(host);
	struct item *item = queue->first;
	struct follow_ask ask;

	if (!f->events.ask(f->context, item->about, &ask)) {
		free(take_item(f, host, queue));
		return true;
	}
	ask.payload = (struct span){ item->payload, item->payload_len };
	follow_ask_write(&ask, &w);
	slot->id = f->number * FOLLOW_UP_WINDOW + (uint64_t)(slot - f->slots);
	if (channel_send(f->line, FOLLOWER_ASK, slot->id, writer_span(&w)) != 0) {
		return false; /* it is closed, or full: answers make room */
	}
	f->number++;
	slot->host = host;
	slot->item = take_item(f, host, queue);
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

	while (f->line != NULL && !f->is_stopped && (slot = free_slot(f)) != NULL) {
		unsigned r = f->ready_first[READY_FIRST] != NULL ? READY_FIRST : READY_OTHERS;
		struct host *host = f->ready_first[r];

		if (host == NULL || (host->waiting > 0 && host->under_way < FOLLOW_UP_PER_HOST &&
				     !begin(f, slot, host))) {
			break;
		}
		take_ready(f, r);
		queue_host(f, host);
		forget_host(f, host);
	}
	tell_idle(f);
}

/* Its item is the caller's. */
static void clear_slot(struct follow_up *f, struct slot *slot)
{
	slot->host->under_way--;
	*slot = (struct slot){ NULL, NULL, 0 };
	f->counts.under_way--;
}

static void end_slot(struct follow_up *f, struct slot *slot)
{
	struct host *host = slot->host;

	free(slot->item);
	clear_slot(f, slot);
	queue_host(f, host);
	forget_host(f, host);
	loop_timer_arm(f->turn, 0);
}

/* --- the process --------------------------------------------------------------------------- */

static void take_answer(struct follow_up *f, struct slot *slot, const struct follow_answer *answer)
{
	struct host *host = slot->host;

	f->counts.ended++;
	f->counts.connections += answer->service.connections;
	if (answer->service.outcome == IDENTIFY_KNOWN) {
		f->counts.known++;
		host->known++;
	} else {
		host->fruitless++;
	}
	if (is_fruitless(host)) {
		skip_queue(f, host, QUEUE_OTHERS, FOLLOW_UP_FRUITLESS);
	}
	f->events.answered(f->context, slot->item->about, answer);
	end_slot(f, slot);
}

static void on_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct follow_up *f = context;
	struct slot *slot = &f->slots[id % FOLLOW_UP_WINDOW];
	struct follow_answer answer;

	if (kind == FOLLOWER_LACKS && f->events.lacks != NULL) {
		f->events.lacks(f->context, body);
	} else if (kind == FOLLOWER_ANSWER && slot->host != NULL && slot->id == id &&
		   follow_answer_read(body, &answer) == 0) {
		take_answer(f, slot, &answer);
	}
}

static void on_closed(void *context);

static const struct channel_handler handler = { on_message, NULL, on_closed };

static int start_process(struct follow_up *f, struct why *why)
{
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
	line_end(&f->pid);
}

/* Which of them it died of is not known: none of them is asked again. */
static void on_closed(void *context)
{
	struct follow_up *f = context;
	struct why why;

	end_process(f);
	if (f->is_over) {
		f->is_stopped = true;
		f->events.lost(f->context);
		return;
	}
	for (size_t i = 0; i < f->window; i++) {
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

static struct follow_up *make(struct loop *loop, const struct follow_up_events *events,
			      void *context)
{
	struct follow_up *f = alloc_zeroed(1, sizeof *f);

	f->loop = loop;
	f->events = *events;
	f->context = context;
	f->turn = loop_timer(loop, take_turns, f);
	return f;
}

int follow_up_start(struct loop *loop, const struct follow_up_options *options,
		    const struct follow_up_events *events, void *context, struct follow_up **out,
		    struct why *why)
{
	struct follow_up *f = make(loop, events, context);
	int error;

	f->window = FOLLOW_UP_WINDOW;
	f->plan = (struct follower_plan){
		.fingerprints = options->fingerprints,
		.at_once = FOLLOW_UP_AT_ONCE,
		.per_host = FOLLOW_UP_PER_HOST,
		.source_port_first = FOLLOW_UP_PORT_FIRST,
		.source_port_last = FOLLOW_UP_PORT_LAST,
		.is_without_anonymous_asks = options->is_without_anonymous_asks,
		.contact = options->contact,
	};
	error = start_process(f, why);
	if (error != 0) {
		follow_up_free(&f);
		return error;
	}
	*out = f;
	return 0;
}

struct follow_up *follow_up_over(struct loop *loop, int line, const struct follow_up_events *events,
				 void *context)
{
	struct follow_up *f = make(loop, events, context);

	f->window = FOLLOW_UP_WINDOW_MORE;
	f->is_over = true;
	f->line = channel_new(loop, line, FOLLOWER_QUEUE_MAX, &handler, f);
	return f;
}

static void free_items(struct host *host)
{
	for (unsigned i = 0; i < QUEUES; i++) {
		while (host->queues[i].first != NULL) {
			struct item *item = host->queues[i].first;

			host->queues[i].first = item->next;
			free(item);
		}
	}
}

void follow_up_free(struct follow_up **follow_up)
{
	struct follow_up *f = *follow_up;

	*follow_up = NULL;
	if (f == NULL) {
		return;
	}
	end_process(f);
	for (size_t i = 0; i < FOLLOW_UP_WINDOW; i++) {
		free(f->slots[i].item);
	}
	for (size_t i = 0; i < f->bucket_count; i++) {
		while (f->buckets[i] != NULL) {
			struct host *host = f->buckets[i];

			f->buckets[i] = host->next_in_bucket;
			free_items(host);
			free(host);
		}
	}
	free(f->buckets);
	loop_timer_free(&f->turn);
	free(f);
}

/* Why a port of the host is not asked at all; false where it is. */
static bool is_skipped(const struct host *host, unsigned queue, enum follow_up_skip *out)
{
	if (host->is_every_port) {
		*out = FOLLOW_UP_EVERY_PORT;
		return true;
	}
	if (host->begun + host->waiting >= FOLLOW_UP_PORTS_MAX) {
		*out = FOLLOW_UP_TOO_MANY;
		return true;
	}
	*out = FOLLOW_UP_FRUITLESS;
	return queue == QUEUE_OTHERS && is_fruitless(host);
}

void follow_up_add(struct follow_up *f, const struct follow_up_port *port, uint64_t about)
{
	struct host *host = host_of(f, &port->address);
	struct span kept = span_first(port->payload, FOLLOW_PAYLOAD_MAX);
	uint8_t queue = port->is_first         ? QUEUE_FIRST
			: is_usual(port->port) ? QUEUE_USUAL
					       : QUEUE_OTHERS;
	enum follow_up_skip why;
	struct item *item;

	f->counts.asked++;
	if (is_skipped(host, queue, &why)) {
		skip(f, about, why);
		forget_host(f, host);
		return;
	}
	item = alloc_zeroed(1, sizeof *item + kept.len);
	item->about = about;
	item->queue = queue;
	item->payload_len = (uint16_t)kept.len;
	mem_copy(item->payload, kept.ptr, kept.len);
	put_item(f, host, item, false);
	queue_host(f, host);
	if (!loop_timer_is_armed(f->turn)) {
		loop_timer_arm(f->turn, 0);
	}
}

void follow_up_skip(struct follow_up *f, const struct address *address)
{
	struct host *host = host_of(f, address);

	host->is_every_port = true;
	for (unsigned i = 0; i < QUEUES; i++) {
		skip_queue(f, host, i, FOLLOW_UP_EVERY_PORT);
	}
	forget_host(f, host);
	loop_timer_arm(f->turn, 0);
}

static void drop_waiting(struct follow_up *f, struct host *host,
			 bool (*matches)(void *context, uint64_t about), void *context)
{
	for (unsigned i = 0; i < QUEUES; i++) {
		struct queue old = host->queues[i];
		struct item *next;

		host->queues[i] = (struct queue){ NULL, NULL };
		for (struct item *item = old.first; item != NULL; item = next) {
			next = item->next;
			item->next = NULL;
			host->waiting--;
			f->counts.waiting--;
			if (matches(context, item->about)) {
				free(item);
			} else {
				put_item(f, host, item, false);
			}
		}
	}
}

/* The process ends all connections; those that do not match are made anew. */
static void drop_under_way(struct follow_up *f, bool (*matches)(void *context, uint64_t about),
			   void *context)
{
	bool is_any = false;

	for (size_t i = 0; i < f->window; i++) {
		is_any = is_any ||
			 (f->slots[i].host != NULL && matches(context, f->slots[i].item->about));
	}
	if (!is_any || f->line == NULL) {
		return;
	}
	(void)!channel_send(f->line, FOLLOWER_DROP, 0, (struct span){ NULL, 0 });
	for (size_t i = 0; i < f->window; i++) {
		struct host *host = f->slots[i].host;
		struct item *item = f->slots[i].item;

		if (host == NULL) {
			continue;
		}
		clear_slot(f, &f->slots[i]);
		if (matches(context, item->about)) {
			free(item);
		} else {
			put_item(f, host, item, true);
		}
		queue_host(f, host);
	}
}

void follow_up_drop(struct follow_up *f, bool (*matches)(void *context, uint64_t about),
		    void *context)
{
	drop_under_way(f, matches, context);
	for (size_t i = 0; i < f->bucket_count; i++) {
		struct host *next;

		for (struct host *host = f->buckets[i]; host != NULL; host = next) {
			next = host->next_in_bucket;
			drop_waiting(f, host, matches, context);
			forget_host(f, host);
		}
	}
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
