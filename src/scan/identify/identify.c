/* identify.c - which target has its turn, so that no host gets too many connections at once. */
#include "scan/identify/identify.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "scan/identify/talk.h"
#include "sys/alloc.h"

#define HOST_BUCKETS 4096u /* a power of two */

struct target {
	struct identifier *identifier;
	struct host *host;
	struct target *next;     /* waiting at the same host */
	struct target *previous; /* active ones */
	struct net_address address;
	enum identify_transport transport;
	char *name;
	void *context;
	struct talk *talk;
};

/* An address with targets. It is freed with the last of them. */
struct host {
	uint8_t key[17]; /* family and address */
	unsigned active;
	struct target *first; /* waiting */
	struct target *last;
	struct host *next_in_bucket;
	struct host *next_ready;
	bool is_ready; /* queued: it has a target waiting and may be connected to */
};

struct identifier {
	struct talk_setup setup;
	identify_callback *callback;
	void *context;
	struct host *buckets[HOST_BUCKETS];
	struct host *ready_first;
	struct host *ready_last;
	struct target *active;
	struct loop_timer *timer;
	struct identify_counts counts;
};

/*
 * Hosts
 */

static void write_key(const struct net_address *address, uint8_t key[17])
{
	mem_zero(key, 17);
	key[0] = (uint8_t)address->storage.ss_family;
	if (address->storage.ss_family == AF_INET6) {
		mem_copy(key + 1, &((const struct sockaddr_in6 *)&address->storage)->sin6_addr, 16);
	} else {
		mem_copy(key + 1, &((const struct sockaddr_in *)&address->storage)->sin_addr, 4);
	}
}

static size_t bucket_of(const uint8_t key[17])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (size_t i = 0; i < 17; i++) {
		hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
	}
	return (size_t)(hash ^ hash >> 32) & (HOST_BUCKETS - 1);
}

static struct host *host_of(struct identifier *d, const struct net_address *address)
{
	uint8_t key[17];
	struct host **bucket;
	struct host *host;

	write_key(address, key);
	bucket = &d->buckets[bucket_of(key)];
	for (host = *bucket; host != NULL; host = host->next_in_bucket) {
		if (mem_compare(host->key, key, sizeof key) == 0) {
			return host;
		}
	}
	host = alloc_zeroed(1, sizeof *host);
	mem_copy(host->key, key, sizeof key);
	host->next_in_bucket = *bucket;
	*bucket = host;
	return host;
}

static void forget_host(struct identifier *d, struct host *host)
{
	struct host **link = &d->buckets[bucket_of(host->key)];

	while (*link != host) {
		link = &(*link)->next_in_bucket;
	}
	*link = host->next_in_bucket;
	free(host);
}

static void queue_host(struct identifier *d, struct host *host)
{
	if (host->is_ready || host->first == NULL ||
	    host->active >= d->setup.options.connections_per_host) {
		return;
	}
	host->is_ready = true;
	host->next_ready = NULL;
	if (d->ready_last != NULL) {
		d->ready_last->next_ready = host;
	} else {
		d->ready_first = host;
	}
	d->ready_last = host;
}

/*
 * Targets
 */

static void free_target(struct target *target)
{
	talk_free(&target->talk);
	free(target->name);
	free(target);
}

static void on_done(void *context, struct talk *talk)
{
	struct target *target = context;
	struct identifier *d = target->identifier;
	struct host *host = target->host;
	struct identify_result *result = talk_result(talk);

	if (target->previous != NULL) {
		target->previous->next = target->next;
	} else {
		d->active = target->next;
	}
	if (target->next != NULL) {
		target->next->previous = target->previous;
	}
	d->counts.active--;
	d->counts.ended++;
	d->counts.connections += result->connections;
	d->counts.known += result->outcome == IDENTIFY_KNOWN;
	d->counts.gave_up += result->facts.gave_up[0] != '\0';
	host->active--;
	result->target_context = target->context;
	d->callback(d->context, result);
	free_target(target);
	queue_host(d, host);
	if (host->active == 0 && host->first == NULL && !host->is_ready) {
		forget_host(d, host);
	}
	loop_timer_arm(d->timer, 0);
}

static void begin(struct identifier *d, struct host *host)
{
	struct target *target = host->first;

	host->first = target->next;
	if (host->first == NULL) {
		host->last = NULL;
	}
	target->next = d->active;
	target->previous = NULL;
	if (d->active != NULL) {
		d->active->previous = target;
	}
	d->active = target;
	d->counts.waiting--;
	d->counts.active++;
	host->active++;
	if (host->active > d->counts.peak_per_host) {
		d->counts.peak_per_host = host->active;
	}
	target->talk = talk_new(&d->setup, &target->address, target->transport, target->name,
				on_done, target);
}

/* Hosts take turns, one target each. */
static void begin_some(void *context)
{
	struct identifier *d = context;

	while (d->ready_first != NULL && d->counts.active < d->setup.options.connections_max) {
		struct host *host = d->ready_first;

		d->ready_first = host->next_ready;
		if (d->ready_first == NULL) {
			d->ready_last = NULL;
		}
		host->is_ready = false;
		begin(d, host);
		queue_host(d, host);
	}
}

/*
 * Life
 */

static void set_default(int64_t *value, int64_t standard)
{
	*value = *value != 0 ? *value : standard;
}

#define OR_DEFAULT(field, standard) ((field) = (field) != 0 ? (field) : (standard))

static void set_defaults(struct identify_options *o)
{
	OR_DEFAULT(o->connections_max, 1000);
	OR_DEFAULT(o->connections_per_host, 2);
	OR_DEFAULT(o->handshakes_max, 5);
	OR_DEFAULT(o->inner_max, 4);
	OR_DEFAULT(o->waiting_max, 65536);
	OR_DEFAULT(o->connection_bytes_max, 64u << 10);
	OR_DEFAULT(o->target_bytes_max, 256u << 10);
	OR_DEFAULT(o->source_port_last, o->source_port_first);
	set_default(&o->connect_ms, 3000);
	set_default(&o->banner_ms, 1000);
	set_default(&o->answer_ms, 2000);
	set_default(&o->connection_ms, 6000);
	set_default(&o->target_ms, 25000);
}

struct identifier *identifier_new(struct loop *loop, const struct identify_options *options,
				  identify_callback *callback, void *context)
{
	struct identifier *d = alloc_zeroed(1, sizeof *d);
	struct why why;

	d->setup.loop = loop;
	if (options != NULL) {
		d->setup.options = *options;
	}
	set_defaults(&d->setup.options);
	d->setup.contact =
		d->setup.options.contact != NULL ? *d->setup.options.contact : contact_default;
	d->setup.options.contact = NULL; /* the caller's may go */
	if (tls_unverified_context_new(&d->setup.tls, &why) != 0) {
		abort(); /* OpenSSL without TLS: nothing a caller could do */
	}
	d->callback = callback;
	d->context = context;
	d->timer = loop_timer(loop, begin_some, d);
	return d;
}

void identifier_free(struct identifier **identifier)
{
	struct identifier *d = *identifier;

	*identifier = NULL;
	if (d == NULL) {
		return;
	}
	while (d->active != NULL) {
		struct target *target = d->active;

		d->active = target->next;
		free_target(target);
	}
	for (size_t i = 0; i < HOST_BUCKETS; i++) {
		while (d->buckets[i] != NULL) {
			struct host *host = d->buckets[i];

			d->buckets[i] = host->next_in_bucket;
			while (host->first != NULL) {
				struct target *target = host->first;

				host->first = target->next;
				free_target(target);
			}
			free(host);
		}
	}
	loop_timer_free(&d->timer);
	tls_unverified_context_free(&d->setup.tls);
	free(d);
}

int identifier_add(struct identifier *d, const struct net_address *address,
		   enum identify_transport transport, const char *name, void *target_context)
{
	struct target *target;
	struct host *host;

	if (d->counts.waiting >= d->setup.options.waiting_max) {
		return ERR_FULL;
	}
	if (address->storage.ss_family != AF_INET && address->storage.ss_family != AF_INET6) {
		return ERR_UNSUPPORTED;
	}
	target = alloc_zeroed(1, sizeof *target);
	host = host_of(d, address);
	target->identifier = d;
	target->host = host;
	target->address = *address;
	target->transport = transport;
	target->name = name == NULL ? NULL : alloc_text(name);
	target->context = target_context;
	if (host->last != NULL) {
		host->last->next = target;
	} else {
		host->first = target;
	}
	host->last = target;
	d->counts.added++;
	d->counts.waiting++;
	queue_host(d, host);
	if (!loop_timer_is_armed(d->timer)) {
		loop_timer_arm(d->timer, 0);
	}
	return 0;
}

void identifier_counts(const struct identifier *d, struct identify_counts *out)
{
	*out = d->counts;
}

const char *identify_outcome_text(enum identify_outcome outcome)
{
	static const char *const texts[] = { "known", "unknown", "silent", "closed" };

	return texts[outcome];
}
