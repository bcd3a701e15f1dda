/* changes.c - reading the view's `changes`. */
#include "server/api/changes.h"

#include <string.h>

#include "base/error.h"
#include "base/writer.h"
#include "server/api/call.h"

#define COLUMNS 11

struct reading {
	changes_each *each;
	void *context;
};

static int64_t integer_of(const struct view_value *value)
{
	return value->kind == VIEW_INTEGER ? value->integer : 0;
}

static struct span text_of(const struct view_value *value)
{
	return value->kind == VIEW_TEXT ? value->bytes : (struct span){ 0 };
}

static bool on_row(void *context, size_t count, const char *const *names,
		   const struct view_value *values)
{
	const struct reading *reading = context;
	struct change change;

	(void)names;
	if (values == NULL || count != COLUMNS) {
		return true;
	}
	change = (struct change){
		.no = integer_of(&values[0]),
		.index = integer_of(&values[1]),
		.at_ms = integer_of(&values[2]),
		.observed_ms = integer_of(&values[3]),
		.asset = text_of(&values[4]),
		.asset_name = text_of(&values[5]),
		.table = text_of(&values[6]),
		.op = text_of(&values[7]),
		.key = text_of(&values[8]),
		.row = text_of(&values[9]),
		.old = text_of(&values[10]),
	};
	return reading->each(reading->context, &change);
}

/* The statement is put together from these pieces only; what is asked for is bound. */
static void write_sql(const struct changes_range *range, struct writer *sql)
{
	writer_text(sql, "SELECT no, idx, at, observed_at, asset, asset_name, table_name, op, "
			 "\"key\", \"row\", old FROM changes WHERE no >= ?1");
	writer_text(sql, range->before > 0 ? " AND no < ?2" : "");
	writer_text(sql, range->asset != NULL ? " AND asset = ?3" : "");
	writer_text(sql, range->table != NULL ? " AND table_name = ?4" : "");
	writer_text(sql,
		    range->is_newest_first ? " ORDER BY no DESC, idx DESC" : " ORDER BY no, idx");
}

int changes_read(struct view *view, const struct changes_range *range, changes_each *each,
		 void *context, struct why *why)
{
	char text[512];
	struct writer sql = writer_over((uint8_t *)text, sizeof text);
	const struct view_limits limits = { .timeout_ms = range->timeout_ms };
	struct reading reading = { .each = each, .context = context };
	const struct view_value bound[] = {
		view_integer(range->from),
		view_integer(range->before),
		view_text(range->asset != NULL ? range->asset : ""),
		view_text(range->table != NULL ? range->table : ""),
	};

	write_sql(range, &sql);
	return view_query(view, writer_span(&sql), bound, COUNT_OF(bound), &limits, on_row,
			  &reading, NULL, why);
}

/* The view gives rows as JSON objects already. */
static void write_row(struct emit *j, const char *name, struct span row)
{
	emit_key(j, name);
	if (row.len > 0) {
		emit_raw(j, row);
	} else {
		emit_null(j);
	}
}

void change_write(struct emit *j, const struct change *change)
{
	emit_object(j);
	emit_key(j, "no");
	emit_integer(j, change->no);
	emit_key(j, "index");
	emit_integer(j, change->index);
	emit_key(j, "at");
	emit_time(j, change->at_ms);
	emit_key(j, "observed_at");
	emit_time(j, change->observed_ms);
	emit_key(j, "asset");
	emit_span(j, change->asset);
	emit_key(j, "asset_name");
	emit_span(j, change->asset_name);
	emit_key(j, "table");
	emit_span(j, change->table);
	emit_key(j, "op");
	emit_span(j, change->op);
	emit_key(j, "key");
	emit_span(j, change->key);
	write_row(j, "row", change->row);
	write_row(j, "old", change->old);
	emit_object_end(j);
}

/* --- a page --- */

#define PAGE_TIMEOUT_MS 5000

/* A page holds whole changes, so that `next` can name one; a single change may so exceed the
 * limit, but not past this. */
#define PAGE_ROWS_MAX 50000

struct page {
	struct emit *json;
	int64_t limit;
	int64_t rows;
	int64_t oldest;
	bool has_more;
};

static bool page_row(void *context, const struct change *change)
{
	struct page *page = context;

	if ((page->rows >= page->limit && change->no != page->oldest) ||
	    page->rows >= PAGE_ROWS_MAX) {
		page->has_more = true;
		return false;
	}
	page->rows++;
	page->oldest = change->no;
	change_write(page->json, change);
	return true;
}

void changes_answer(struct call *call, struct view *view, const char *asset, const char *table)
{
	struct changes_range range = { .asset = asset,
				       .table = table,
				       .is_newest_first = true,
				       .timeout_ms = PAGE_TIMEOUT_MS };
	struct page page = { .json = &call->json };
	struct why why = { 0 };
	int error;

	if (!call_integer(call, "before", 1, INT64_MAX, 0, &range.before) ||
	    !call_limit(call, &page.limit)) {
		return;
	}
	emit_object(&call->json);
	emit_key(&call->json, "items");
	emit_array(&call->json);
	error = changes_read(view, &range, page_row, &page, &why);
	if (error != 0) {
		call_fail_why(call, error, &why);
		return;
	}
	call_answer_page(call, page.has_more, page.oldest);
}
