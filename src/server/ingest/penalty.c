/* penalty.c - a small table by source address: eight places a bucket. */
#include "server/ingest/penalty.h"

#include "base/mem.h"
#include "server/ingest/limits.h"
#include "sys/alloc.h"
#include "sys/pki.h"

#include <netinet/in.h>
#include <stdlib.h>

#define PLACES 8

struct entry {
	uint64_t source; /* 0: free */
	int64_t last_ms;
	unsigned failures;
	unsigned delayed; /* attempts that wait now */
};

struct penalty_table {
	uint64_t salt; /* so that nobody can choose who shares a bucket with him */
	size_t buckets;
	struct entry *entries;
};

struct penalty_table *penalty_new(size_t entries)
{
	struct penalty_table *table = alloc_zeroed(1, sizeof *table);

	table->buckets = entries / PLACES > 0 ? entries / PLACES : 1;
	table->entries = alloc_zeroed(table->buckets * PLACES, sizeof *table->entries);
	pki_random((uint8_t *)&table->salt, sizeof table->salt);
	return table;
}

void penalty_free(struct penalty_table **table)
{
	if (*table != NULL) {
		free((*table)->entries);
		free(*table);
		*table = NULL;
	}
}

/* An IPv4 address, or the first half of an IPv6 address; never 0. */
static uint64_t source_of(const struct net_address *from)
{
	uint64_t source = 0;

	if (from->storage.ss_family == AF_INET6) {
		struct sockaddr_in6 in6;

		mem_copy(&in6, &from->storage, sizeof in6);
		mem_copy(&source, &in6.sin6_addr, sizeof source);
		if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
			mem_copy(&source, &in6.sin6_addr.s6_addr[8], sizeof source);
		}
	} else {
		struct sockaddr_in in;

		mem_copy(&in, &from->storage, sizeof in);
		source = in.sin_addr.s_addr;
	}
	return source | UINT64_C(1) << 63;
}

static struct entry *bucket_of(struct penalty_table *table, uint64_t source)
{
	uint64_t hash = (source ^ table->salt) * UINT64_C(0x9e3779b97f4a7c15);

	return &table->entries[(hash >> 32) % table->buckets * PLACES];
}

static struct entry *find(struct penalty_table *table, const struct net_address *from)
{
	uint64_t source = source_of(from);
	struct entry *bucket = bucket_of(table, source);

	for (size_t i = 0; i < PLACES; i++) {
		if (bucket[i].source == source) {
			return &bucket[i];
		}
	}
	return NULL;
}

static bool is_forgotten(const struct entry *e, int64_t now_ms)
{
	return e->delayed == 0 && now_ms - e->last_ms >= PENALTY_FORGET_MS;
}

static struct entry *find_or_make(struct penalty_table *table, const struct net_address *from,
				  int64_t now_ms)
{
	struct entry *e = find(table, from);
	struct entry *bucket = bucket_of(table, source_of(from));
	struct entry *least = &bucket[0];

	if (e != NULL) {
		return e;
	}
	for (size_t i = 0; i < PLACES; i++) {
		if (bucket[i].source == 0 || is_forgotten(&bucket[i], now_ms)) {
			least = &bucket[i];
			break;
		}
		if (bucket[i].failures < least->failures) {
			least = &bucket[i];
		}
	}
	*least = (struct entry){ .source = source_of(from), .last_ms = now_ms };
	return least;
}

int64_t penalty_delay(struct penalty_table *table, const struct net_address *from, int64_t now_ms)
{
	struct entry *e = find(table, from);
	int64_t delay_ms = PENALTY_FIRST_MS;

	if (e == NULL || e->failures == 0 || now_ms - e->last_ms >= PENALTY_FORGET_MS) {
		return 0;
	}
	for (unsigned i = 1; i < e->failures && delay_ms < PENALTY_LAST_MS; i++) {
		delay_ms *= 2;
	}
	return delay_ms < PENALTY_LAST_MS ? delay_ms : PENALTY_LAST_MS;
}

bool penalty_enter(struct penalty_table *table, const struct net_address *from, int64_t now_ms)
{
	struct entry *e = find_or_make(table, from, now_ms);

	if (e->delayed >= PENALTY_DELAYED_MAX) {
		return false;
	}
	e->delayed++;
	return true;
}

void penalty_leave(struct penalty_table *table, const struct net_address *from)
{
	struct entry *e = find(table, from);

	/* it may have given way to another meanwhile */
	if (e != NULL && e->delayed > 0) {
		e->delayed--;
	}
}

void penalty_failed(struct penalty_table *table, const struct net_address *from, int64_t now_ms)
{
	struct entry *e = find_or_make(table, from, now_ms);

	if (now_ms - e->last_ms >= PENALTY_FORGET_MS) {
		e->failures = 0;
	}
	if (e->failures < 32) {
		e->failures++;
	}
	e->last_ms = now_ms;
}

void penalty_succeeded(struct penalty_table *table, const struct net_address *from)
{
	struct entry *e = find(table, from);

	if (e != NULL) {
		e->failures = 0;
	}
}
