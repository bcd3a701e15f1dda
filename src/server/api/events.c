/* events.c - reading the view's `events`. */
#include "server/api/events.h"

#include "base/error.h"
#include "base/writer.h"

#define COLUMNS           7
#define NEWEST_TIMEOUT_MS 2000

struct reading {
	events_each *each;
	void *context;
};

struct events_range events_range_all(void)
{
	return (struct events_range){ .since_ms = INT64_MIN, .until_ms = INT64_MAX };
}

static bool on_row(void *context, size_t count, const char *const *names,
		   const struct view_value *values)
{
	const struct reading *reading = context;
	struct event event;

	(void)names;
	if (values == NULL || count != COLUMNS) {
		return true;
	}
	event = (struct event){
		.no = values[0].integer,
		.at_ms = values[1].integer,
		.received_ms = values[2].integer,
		.asset = values[3].bytes,
		.asset_name = values[4].bytes,
		.kind = values[5].bytes,
		.row = values[6].bytes,
	};
	return reading->each(reading->context, &event);
}

/* The statement is put together from these pieces only; what is asked for is bound. */
static void write_sql(const struct events_range *range, struct writer *sql)
{
	writer_text(sql, "SELECT no, at, received_at, asset, asset_name, kind, \"row\" FROM events "
			 "WHERE no > ?1");
	writer_text(sql, range->before > 0 ? " AND no < ?2" : "");
	writer_text(sql, range->asset != NULL ? " AND asset = ?3" : "");
	writer_text(sql, range->kind != NULL ? " AND kind = ?4" : "");
	writer_text(sql, range->since_ms != INT64_MIN ? " AND at >= ?5" : "");
	writer_text(sql, range->until_ms != INT64_MAX ? " AND at < ?6" : "");
	writer_text(sql, range->is_newest_first ? " ORDER BY no DESC" : " ORDER BY no");
}

int events_read(struct view *view, const struct events_range *range, events_each *each,
		void *context, struct why *why)
{
	char text[512];
	struct writer sql = writer_over((uint8_t *)text, sizeof text);
	const struct view_limits limits = { .timeout_ms = range->timeout_ms };
	struct reading reading = { each, context };
	const struct view_value bound[] = {
		view_integer(range->after),
		view_integer(range->before),
		view_text(range->asset != NULL ? range->asset : ""),
		view_text(range->kind != NULL ? range->kind : ""),
		view_integer(range->since_ms),
		view_integer(range->until_ms),
	};

	write_sql(range, &sql);
	return view_query(view, writer_span(&sql), bound, COUNT_OF(bound), &limits, on_row,
			  &reading, NULL, why);
}

static bool take_no(void *context, const struct event *event)
{
	*(int64_t *)context = event->no;
	return false;
}

int64_t events_newest(struct view *view)
{
	struct events_range range = events_range_all();
	struct why why = { 0 };
	int64_t no = 0;

	range.is_newest_first = true;
	range.timeout_ms = NEWEST_TIMEOUT_MS;
	return events_read(view, &range, take_no, &no, &why) == 0 ? no : 0;
}

void event_write(struct emit *j, const struct event *event)
{
	emit_object(j);
	emit_key(j, "no");
	emit_integer(j, event->no);
	emit_key(j, "at");
	emit_time(j, event->at_ms);
	emit_key(j, "received_at");
	emit_time(j, event->received_ms);
	emit_key(j, "asset");
	emit_span(j, event->asset);
	emit_key(j, "asset_name");
	emit_span(j, event->asset_name);
	emit_key(j, "kind");
	emit_span(j, event->kind);
	emit_key(j, "row");
	emit_raw(j, event->row);
	emit_object_end(j);
}
