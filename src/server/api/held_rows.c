/* held_rows.c - one SELECT over a table of the view, its values put back into rows. */
#include "server/api/held_rows.h"

#include "base/error.h"
#include "base/writer.h"
#include "schema/schema.h"

#define TIMEOUT_MS 5000

struct reading {
	const struct table *table;
	held_row *each;
	void *context;
};

static void set(struct row *row, unsigned column, const struct view_value *value)
{
	enum column_type type = row->table->columns[column].type;

	if (value->kind == VIEW_TEXT && type == COLUMN_TEXT) {
		row_set_text(row, column, value->bytes);
	} else if (value->kind == VIEW_INTEGER && type == COLUMN_BOOLEAN) {
		row_set_boolean(row, column, value->integer != 0);
	} else if (value->kind == VIEW_INTEGER) {
		row_set_integer(row, column, value->integer);
	}
}

static bool take(void *context, size_t count, const char *const *names,
		 const struct view_value *values)
{
	struct reading *r = context;
	struct row row;

	(void)names;
	if (values == NULL || count != r->table->column_count) {
		return true;
	}
	row_init(&row, r->table);
	for (unsigned i = 0; i < count; i++) {
		set(&row, i, &values[i]);
	}
	return r->each(r->context, &row);
}

/* Names come from the schema alone; the asset is bound. */
static void write_sql(const struct table *table, struct writer *sql)
{
	writer_text(sql, "SELECT ");
	for (size_t i = 0; i < table->column_count; i++) {
		writer_text(sql, i > 0 ? ", \"" : "\"");
		writer_text(sql, table->columns[i].name);
		writer_text(sql, "\"");
	}
	writer_text(sql, " FROM \"");
	writer_text(sql, table->name);
	writer_text(sql, "\" WHERE asset = ?1");
	for (size_t i = 0, keys = 0; i < table->column_count; i++) {
		if ((table->columns[i].flags & COLUMN_KEY) != 0) {
			writer_text(sql, keys++ > 0 ? ", \"" : " ORDER BY \"");
			writer_text(sql, table->columns[i].name);
			writer_text(sql, "\"");
		}
	}
}

int held_rows(struct view *view, const char *asset_id, uint16_t table, held_row *each,
	      void *context, struct why *why)
{
	const struct view_limits limits = { .timeout_ms = TIMEOUT_MS };
	struct reading reading = { schema_by_number(table), each, context };
	uint8_t text[4096];
	struct writer sql = writer_over(text, sizeof text);

	write_sql(reading.table, &sql);
	return view_query(view, writer_span(&sql),
			  (const struct view_value[]){ view_text(asset_id) }, 1, &limits, take,
			  &reading, NULL, why);
}

struct span held_text(const struct row *row, unsigned column)
{
	return row->values[column].kind == VALUE_TEXT ? row->values[column].text : span_of(NULL);
}
