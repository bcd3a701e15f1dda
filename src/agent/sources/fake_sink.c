/* fake_sink.c - encoded rows in an array. */
#include "agent/sources/fake_sink.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"
#include "sys/alloc.h"

#define TEXT_SIZE 4096

struct put_event {
	int64_t at_ms;
	const struct table *table;
	uint8_t *bytes;
	size_t len;
};

struct event_sink {
	uint32_t refused;
	struct put_event *events;
	size_t count;
	unsigned losses;
	uint64_t lost;
	const char *reason;
	uint8_t positions[EVENT_SOURCES_MAX][EVENT_POSITION_SIZE];
	size_t position_lens[EVENT_SOURCES_MAX];
};

struct event_sink *fake_sink_new(void)
{
	return alloc_zeroed(1, sizeof(struct event_sink));
}

void fake_sink_clear(struct event_sink *sink)
{
	for (size_t i = 0; i < sink->count; i++) {
		free(sink->events[i].bytes);
	}
	free(sink->events);
	sink->events = NULL;
	sink->count = 0;
	sink->losses = 0;
	sink->lost = 0;
}

void fake_sink_free(struct event_sink **sink)
{
	fake_sink_clear(*sink);
	free(*sink);
	*sink = NULL;
}

void fake_sink_refuse(struct event_sink *sink, uint16_t event)
{
	sink->refused |= 1u << event;
}

bool event_sink_wants(const struct event_sink *sink, uint16_t event)
{
	return (sink->refused >> event & 1) == 0;
}

void event_sink_put(struct event_sink *sink, int64_t at_ms, const struct row *row)
{
	static uint8_t bytes[ROW_BYTES_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct put_event *event;
	int error = row_encode(row, &w);

	assert(error == 0);
	sink->events = alloc_resize(sink->events, sink->count + 1, sizeof *sink->events);
	event = &sink->events[sink->count++];
	*event = (struct put_event){ .at_ms = at_ms, .table = row->table, .len = writer_used(&w) };
	event->bytes = alloc_zeroed(1, event->len);
	memcpy(event->bytes, bytes, event->len);
}

void event_sink_lost(struct event_sink *sink, const char *reason, uint64_t count)
{
	sink->losses++;
	sink->lost += count;
	sink->reason = reason;
}

struct span event_sink_position(const struct event_sink *sink, unsigned source)
{
	assert(source < EVENT_SOURCES_MAX);
	return (struct span){ sink->positions[source], sink->position_lens[source] };
}

void event_sink_keep_position(struct event_sink *sink, unsigned source, struct span position)
{
	assert(source < EVENT_SOURCES_MAX && position.len <= EVENT_POSITION_SIZE);
	mem_copy(sink->positions[source], position.ptr, position.len);
	sink->position_lens[source] = position.len;
}

size_t fake_sink_count(const struct event_sink *sink)
{
	return sink->count;
}

void fake_sink_row(const struct event_sink *sink, size_t index, struct row *out, int64_t *out_at_ms)
{
	const struct put_event *event = &sink->events[index];
	int error = row_decode(event->table, (struct span){ event->bytes, event->len }, out);

	assert(index < sink->count && error == 0);
	*out_at_ms = event->at_ms;
}

static void write_list(const struct value *value, struct writer *w)
{
	struct span item;
	size_t at = 0;

	for (size_t i = 0; row_list_next(value, &at, &item); i++) {
		writer_text(w, i > 0 ? "|" : "");
		writer_bytes(w, item);
	}
}

const char *fake_sink_text(const struct row *row, unsigned column)
{
	static char texts[4][TEXT_SIZE];
	static unsigned next;
	const struct value *value = &row->values[column];
	char *text = texts[next++ % COUNT_OF(texts)];
	struct writer w = writer_over((uint8_t *)text, TEXT_SIZE - 1);

	switch (value->kind) {
	case VALUE_TEXT:
		writer_bytes(&w, value->text);
		break;
	case VALUE_LIST:
		write_list(value, &w);
		break;
	case VALUE_INTEGER:
	case VALUE_BOOLEAN:
		writer_decimal(&w, (uint64_t)value->number);
		break;
	case VALUE_NULL:
		writer_u8(&w, '-');
		break;
	}
	text[writer_used(&w)] = '\0';
	return text;
}

unsigned fake_sink_losses(const struct event_sink *sink, uint64_t *out_count,
			  const char **out_reason)
{
	*out_count = sink->lost;
	*out_reason = sink->reason;
	return sink->losses;
}
