/* results.c - rows, and an open-addressing index over them. */
#include "scan/discovery/results.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/writer.h"
#include "sys/alloc.h"
#include "scan/discovery/cookie.h"

#define SLOTS_MIN 1024
#define EMPTY     UINT32_MAX

struct results {
	struct result *rows;
	size_t count;
	size_t capacity;
	uint32_t *slots; /* row numbers; a power of two of them, at most half used */
	size_t slot_count;
	struct estimate_counts counts;
};

struct results *results_new(void)
{
	struct results *r = alloc_zeroed(1, sizeof *r);

	r->slot_count = SLOTS_MIN;
	r->slots = alloc_resize(NULL, r->slot_count, sizeof *r->slots);
	for (size_t i = 0; i < r->slot_count; i++) {
		r->slots[i] = EMPTY;
	}
	return r;
}

void results_free(struct results **results)
{
	if (*results != NULL) {
		free((*results)->rows);
		free((*results)->slots);
		free(*results);
		*results = NULL;
	}
}

/* Only those get in whose cookie was right, so nobody can choose what collides. */
static size_t slot_of(const struct results *r, const struct address *address, unsigned transport,
		      unsigned port)
{
	static const struct cookie_key key = { 0, 0 };
	uint8_t about[ADDRESS_SIZE + 4];
	size_t slot;

	mem_copy(about, address->bytes, ADDRESS_SIZE);
	about[16] = (uint8_t)transport;
	about[17] = (uint8_t)(port >> 8);
	about[18] = (uint8_t)port;
	about[19] = 0;
	slot = (size_t)cookie_siphash(&key, about, sizeof about) & (r->slot_count - 1);
	while (r->slots[slot] != EMPTY) {
		const struct result *row = &r->rows[r->slots[slot]];

		if (row->port == port && row->transport == transport &&
		    address_equal(&row->address, address)) {
			break;
		}
		slot = (slot + 1) & (r->slot_count - 1);
	}
	return slot;
}

static void grow_slots(struct results *r)
{
	r->slot_count *= 2;
	r->slots = alloc_resize(r->slots, r->slot_count, sizeof *r->slots);
	for (size_t i = 0; i < r->slot_count; i++) {
		r->slots[i] = EMPTY;
	}
	for (size_t i = 0; i < r->count; i++) {
		const struct result *row = &r->rows[i];

		r->slots[slot_of(r, &row->address, row->transport, row->port)] = (uint32_t)i;
	}
}

/* ICMP errors are rate-limited by those that send them, and so no measure of loss. */
static bool is_measured(const struct result *row)
{
	return row->reason == ANSWER_SYN_ACK || row->reason == ANSWER_RST ||
	       row->reason == ANSWER_UDP || row->reason == ANSWER_ECHO;
}

static void count(struct results *r, const struct result *row, int by)
{
	bool is_first = (row->passes & 1) != 0;
	bool is_second = (row->passes & 2) != 0;

	if (!is_measured(row) || row->passes == 0) {
		return;
	}
	r->counts.first += (uint64_t)(is_first ? by : 0);
	r->counts.second += (uint64_t)(is_second ? by : 0);
	r->counts.both += (uint64_t)(is_first && is_second ? by : 0);
	r->counts.any += (uint64_t)by;
}

static struct result *append(struct results *r, const struct result *row)
{
	size_t slot;

	if (2 * (r->count + 1) > r->slot_count) {
		grow_slots(r);
	}
	if (r->count == r->capacity) {
		r->capacity = r->capacity == 0 ? 256 : 2 * r->capacity;
		r->rows = alloc_resize(r->rows, r->capacity, sizeof *r->rows);
	}
	slot = slot_of(r, &row->address, row->transport, row->port);
	r->rows[r->count] = *row;
	r->slots[slot] = (uint32_t)r->count;
	count(r, row, 1);
	return &r->rows[r->count++];
}

static unsigned pass_bit(const struct answer *answer)
{
	return answer->probe > 0 && answer->probe <= 8 ? 1u << (answer->probe - 1) : 0;
}

struct result result_of_answer(const struct answer *answer)
{
	struct result row = {
		.address = answer->address,
		.port = answer->port,
		.transport = (uint8_t)answer->transport,
		.state = (uint8_t)answer->state,
		.reason = (uint8_t)answer->reason,
		.icmp_type = answer->icmp_type,
		.icmp_code = answer->icmp_code,
		.passes = (uint8_t)pass_bit(answer),
		.middlebox = (uint8_t)answer->middlebox,
		.stack = answer->stack,
	};

	mem_copy(row.mac, answer->mac, sizeof row.mac);
	return row;
}

/* What is said more surely. */
static unsigned weight(unsigned state)
{
	return state == PORT_OPEN || state == PORT_HOST ? 3 : state == PORT_CLOSED ? 2 : 1;
}

enum results_news results_add(struct results *results, const struct answer *answer,
			      const struct result **row)
{
	struct result made = result_of_answer(answer);
	size_t slot = slot_of(results, &answer->address, answer->transport, answer->port);
	enum results_news news = RESULTS_CONFIRMED;
	struct result *known;

	if (results->slots[slot] == EMPTY) {
		*row = results->count < RESULTS_MAX ? append(results, &made) : NULL;
		return *row != NULL ? RESULTS_NEW : RESULTS_FULL;
	}
	known = &results->rows[results->slots[slot]];
	*row = known;
	count(results, known, -1);
	if (weight(made.state) > weight(known->state)) {
		made.passes |= known->passes;
		*known = made;
		news = RESULTS_CHANGED;
	} else if (made.passes != 0 && (known->passes & made.passes) != 0) {
		news = RESULTS_DUPLICATE;
	} else if (made.state == known->state) {
		known->passes |= made.passes;
	}
	count(results, known, 1);
	return news;
}

bool results_restore(struct results *results, const struct result *row)
{
	size_t slot = slot_of(results, &row->address, row->transport, row->port);

	if (results->slots[slot] == EMPTY) {
		return results->count < RESULTS_MAX && append(results, row) != NULL;
	}
	/* what was kept later says more */
	count(results, &results->rows[results->slots[slot]], -1);
	results->rows[results->slots[slot]] = *row;
	count(results, row, 1);
	return false;
}

size_t results_count(const struct results *results)
{
	return results->count;
}

const struct result *results_at(const struct results *results, size_t n)
{
	return &results->rows[n];
}

size_t results_number(const struct results *results, const struct result *row)
{
	return (size_t)(row - results->rows);
}

size_t results_find(const struct results *results, const struct address *address,
		    unsigned transport, unsigned port)
{
	uint32_t row = results->slots[slot_of(results, address, transport, port)];

	return row == EMPTY ? results->count : row;
}
struct estimate_counts results_counts(const struct results *results)
{
	return results->counts;
}

void result_pack(const struct result *row, uint8_t out[RESULT_PACKED_SIZE])
{
	struct writer w = writer_over(out, RESULT_PACKED_SIZE);

	mem_zero(out, RESULT_PACKED_SIZE);
	writer_bytes(&w, (struct span){ row->address.bytes, ADDRESS_SIZE });
	writer_be16(&w, row->port);
	writer_u8(&w, row->transport);
	writer_u8(&w, row->state);
	writer_u8(&w, row->reason);
	writer_u8(&w, row->icmp_type);
	writer_u8(&w, row->icmp_code);
	writer_u8(&w, row->passes);
	writer_u8(&w, row->middlebox);
	writer_bytes(&w, (struct span){ row->mac, sizeof row->mac });
	writer_u8(&w, row->stack.ttl);
	writer_be16(&w, row->stack.ip_id);
	writer_be16(&w, row->stack.window);
	writer_be16(&w, row->stack.mss);
	writer_u8(&w, (uint8_t)row->stack.window_scale);
	writer_u8(&w,
		  (uint8_t)((row->stack.is_unfragmentable ? 1 : 0) | (row->stack.has_sack ? 2 : 0) |
			    (row->stack.has_timestamp ? 4 : 0)));
	writer_u8(&w, row->stack.order_count);
	writer_bytes(&w, (struct span){ row->stack.order, sizeof row->stack.order });
}

int result_unpack(struct span bytes, struct result *out)
{
	struct reader r = reader_over(bytes);
	struct result row = { .port = 0 };
	struct span part = reader_bytes(&r, ADDRESS_SIZE);
	uint8_t flags;

	if (part.len == ADDRESS_SIZE) {
		row.address = address_v6(part.ptr);
	}
	row.port = reader_be16(&r);
	row.transport = reader_u8(&r);
	row.state = reader_u8(&r);
	row.reason = reader_u8(&r);
	row.icmp_type = reader_u8(&r);
	row.icmp_code = reader_u8(&r);
	row.passes = reader_u8(&r);
	row.middlebox = reader_u8(&r);
	part = reader_bytes(&r, sizeof row.mac);
	mem_copy(row.mac, part.ptr, part.len);
	row.stack.ttl = reader_u8(&r);
	row.stack.ip_id = reader_be16(&r);
	row.stack.window = reader_be16(&r);
	row.stack.mss = reader_be16(&r);
	row.stack.window_scale = (int8_t)reader_u8(&r);
	flags = reader_u8(&r);
	row.stack.is_unfragmentable = (flags & 1) != 0;
	row.stack.has_sack = (flags & 2) != 0;
	row.stack.has_timestamp = (flags & 4) != 0;
	row.stack.order_count = reader_u8(&r);
	part = reader_bytes(&r, sizeof row.stack.order);
	mem_copy(row.stack.order, part.ptr, part.len);
	if (!reader_ok(&r) || row.state < PORT_OPEN || row.state > PORT_HOST ||
	    row.stack.order_count > ANSWER_TCP_ORDER_MAX) {
		return ERR_MALFORMED;
	}
	*out = row;
	return 0;
}
