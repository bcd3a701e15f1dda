/*
 * events.c - what happened on assets: stored once each, in the order in which it came.
 *
 * What came together stays together: one record holds the events of a message, in the bytes in
 * which they came, and its indexes have an entry a record.
 */
#include <assert.h>

#include "base/error.h"
#include "base/mem.h"
#include "server/inventory/state.h"
#include "sys/alloc.h"
#include "wire/row.h"

/* Room for a list that is written anew: what came, and a gap's event. */
#define GAP_BYTES_MAX 128

const struct store_event_limits events_limits_default = { INVENTORY_EVENTS_KEEP_MS,
							  INVENTORY_EVENTS_MAX };

/* NULL for kinds that are not known here, and those that no sensor may tell. */
static const struct table *kind_of(uint16_t event)
{
	const struct table *kind = schema_event_by_number(event);

	return kind == NULL || kind->is_derived ? NULL : kind;
}

/* Takes one more event into what a record says of its list. */
static void count_in(struct store_events *record, const struct message_event *event)
{
	bool is_first = record->count == 0;

	record->kinds |= UINT32_C(1) << event->event;
	record->at_min_ms =
		is_first || event->at_ms < record->at_min_ms ? event->at_ms : record->at_min_ms;
	record->at_max_ms =
		is_first || event->at_ms > record->at_max_ms ? event->at_ms : record->at_max_ms;
	record->count++;
}

/* Counts the events from skip on into the record. ERR_MALFORMED, ERR_UNSUPPORTED, ERR_LIMIT for a
 * row that does not follow the schema. */
static int judge(struct event_list list, uint64_t skip, struct store_events *record,
		 size_t *out_unknown, struct why *why)
{
	struct message_event event;

	for (uint64_t i = 0; event_list_take(&list, &event); i++) {
		const struct table *kind = kind_of(event.event);
		struct row row;
		int error;

		if (i < skip) {
			continue;
		}
		if (kind == NULL) {
			(*out_unknown)++;
			continue;
		}
		error = row_decode(kind, event.row, &row);
		if (error != 0) {
			return why_set(why, error, "an event of %s does not follow the schema",
				       kind->name);
		}
		count_in(record, &event);
	}
	return 0;
}

/* The event that says how many were lost, before those that came. */
static void write_gap(struct writer *list, uint64_t lost, int64_t at_ms,
		      struct store_events *record)
{
	uint8_t room[GAP_BYTES_MAX / 2];
	struct writer bytes = writer_over(room, sizeof room);
	struct message_event event = { .event = EVENT_GAPS, .at_ms = at_ms };
	struct row row;

	row_init(&row, schema_event_by_number(EVENT_GAPS));
	row_set_text(&row, GAPS_REASON, span_of("ring"));
	row_set_integer(&row, GAPS_COUNT, lost > INT64_MAX ? INT64_MAX : (int64_t)lost);
	(void)!row_encode(&row, &bytes);
	event.row = writer_span(&bytes);
	event_list_append(list, &event);
	count_in(record, &event);
}

/* The list as it is stored: without what was told before, what is not known here, and with the
 * gap. */
static void write_list(struct event_list list, uint64_t skip, struct writer *out)
{
	struct message_event event;

	for (uint64_t i = 0; event_list_take(&list, &event); i++) {
		if (i >= skip && kind_of(event.event) != NULL) {
			event_list_append(out, &event);
		}
	}
}

static int64_t first_time(struct event_list list, int64_t fallback_ms)
{
	struct message_event event;

	return event_list_take(&list, &event) ? event.at_ms : fallback_ms;
}

static uint64_t gaps_among(struct event_list list)
{
	struct message_event event;
	uint64_t count = 0;

	while (event_list_take(&list, &event)) {
		count += event.event == EVENT_GAPS;
	}
	return count;
}

static int put(struct inventory *inv, struct store_events *record, struct why *why)
{
	int error;

	if (record->count == 0) {
		return 0;
	}
	record->first = inv->last_event + 1;
	error = store_put_events(inv->store, record, why);
	if (error == 0) {
		inv->last_event += record->count;
		if ((record->kinds >> EVENT_GAPS & 1) != 0) {
			inv->event_gaps +=
				gaps_among((struct event_list){ record->list, record->count });
		}
	}
	return error;
}

/* Where the sensor's numbers stand: how many of the list were told before, and how many are lost
 * between. */
static int compare(struct inventory *inv, uint32_t asset, const struct message_events *events,
		   uint64_t *out_skip, uint64_t *out_lost, struct why *why)
{
	struct store_event_mark mark;
	int error = store_get_event_mark(inv->store, asset, &mark, why);

	*out_skip = 0;
	*out_lost = 0;
	if (error == ERR_NOT_FOUND || (error == 0 && mark.epoch != events->epoch)) {
		mark.next = 0; /* counting starts anew */
		error = 0;
	}
	if (error == 0 && events->first > mark.next) {
		*out_lost = events->first - mark.next;
	} else if (error == 0) {
		*out_skip = mark.next - events->first;
	}
	return error;
}

/* Stores what the record counts, in the bytes that came where nothing of it was left out. */
static int store(struct inventory *inv, struct store_events *record,
		 const struct message_events *events, uint64_t skip, uint64_t lost, struct why *why)
{
	size_t size = events->events.bytes.len + GAP_BYTES_MAX;
	struct writer list;
	uint8_t *room;
	int error;

	if (lost == 0 && record->count == events->events.count) {
		record->list = events->events.bytes;
		return put(inv, record, why);
	}
	room = alloc_resize(NULL, size, 1);
	list = writer_over(room, size);
	if (lost > 0) {
		write_gap(&list, lost, first_time(events->events, record->received_ms), record);
	}
	write_list(events->events, skip, &list);
	record->list = writer_span(&list);
	error = put(inv, record, why);
	alloc_free(&room);
	return error;
}

int inventory_events(struct inventory *inv, uint32_t asset, const struct message_events *events,
		     int64_t now_ms, struct why *why)
{
	struct store_events record = { .asset = asset, .received_ms = now_ms };
	struct store_event_mark mark = { events->epoch, events->first + events->events.count };
	size_t unknown = 0;
	uint64_t skip;
	uint64_t lost;
	int error = inventory_begin(inv, why);

	if (error != 0) {
		return error;
	}
	error = compare(inv, asset, events, &skip, &lost, why);
	if (error != 0) {
		return inventory_abandon(inv, error);
	}
	error = judge(events->events, skip, &record, &unknown, why);
	if (error != 0) {
		return error; /* nothing was written: the transaction goes on */
	}
	if (skip >= events->events.count) {
		return 0; /* all were told before; the mark is at or past them */
	}
	error = store(inv, &record, events, skip, lost, why);
	if (error == 0) {
		error = store_put_event_mark(inv->store, asset, &mark, why);
	}
	if (error != 0) {
		return inventory_abandon(inv, error);
	}
	inv->unknown_events += unknown;
	return 0;
}

int inventory_derived_event(struct inventory *inv, uint32_t asset, const struct row *row,
			    int64_t now_ms, struct why *why)
{
	struct store_events record = { .asset = asset, .received_ms = now_ms };
	struct message_event event = { .event = row->table->number, .at_ms = now_ms };
	uint8_t room[ROW_BYTES_MAX];
	uint8_t list_room[ROW_BYTES_MAX + GAP_BYTES_MAX];
	struct writer bytes = writer_over(room, sizeof room);
	struct writer list = writer_over(list_room, sizeof list_room);
	int error;

	assert(row->table->is_derived);
	error = row_encode(row, &bytes);
	if (error != 0) {
		return why_set(why, error, "a derived event is too large");
	}
	error = inventory_begin(inv, why);
	if (error != 0) {
		return error;
	}
	event.row = writer_span(&bytes);
	event_list_append(&list, &event);
	count_in(&record, &event);
	record.list = writer_span(&list);
	error = put(inv, &record, why);
	return error == 0 ? 0 : inventory_abandon(inv, error);
}

uint64_t inventory_last_event(const struct inventory *inv)
{
	return inv->last_event;
}

/* --- how long they are kept --- */

void inventory_event_limits(const struct inventory *inv, int64_t *out_keep_ms,
			    uint64_t *out_count_max)
{
	*out_keep_ms = inv->event_limits.keep_ms;
	*out_count_max = inv->event_limits.count_max;
}

int inventory_set_event_limits(struct inventory *inv, int64_t keep_ms, uint64_t count_max,
			       struct why *why)
{
	const struct store_event_limits limits = { keep_ms, count_max };
	int error = inventory_begin(inv, why);

	if (error != 0) {
		return error;
	}
	error = store_put_event_limits(inv->store, &limits, why);
	if (error != 0) {
		return inventory_abandon(inv, error);
	}
	inv->event_limits = limits; /* a rollback keeps it: the next start reads the file's */
	return 0;
}

bool inventory_drop_old_events(struct inventory *inv, int64_t now_ms)
{
	const struct store_event_limits *limits = &inv->event_limits;
	uint64_t upto =
		inv->last_event > limits->count_max ? inv->last_event - limits->count_max : 0;
	uint64_t dropped = 0;

	if (inv->is_open || inv->last_event == inv->dropped_events ||
	    inventory_begin(inv, NULL) != 0) {
		return false;
	}
	if (store_drop_events(inv->store, now_ms - limits->keep_ms, upto, &dropped, NULL) != 0) {
		(void)inventory_abandon(inv, ERR_IO);
		return false;
	}
	if (inventory_commit(inv, NULL) != 0) {
		return false;
	}
	inv->dropped_events = dropped > 0 ? dropped : inv->dropped_events;
	return dropped > 0;
}
