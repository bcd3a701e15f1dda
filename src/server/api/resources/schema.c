/* schema.c - the vocabulary, for whoever writes queries. */
#include "schema/schema.h"
#include "server/api/call.h"

static void write_column(struct emit *j, const struct column *column)
{
	emit_object(j);
	emit_key(j, "name");
	emit_text(j, column->name);
	emit_key(j, "type");
	emit_text(j, schema_type_name(column->type));
	emit_key(j, "is_key");
	emit_boolean(j, (column->flags & COLUMN_KEY) != 0);
	emit_key(j, "is_personal");
	emit_boolean(j, (column->flags & COLUMN_PERSONAL) != 0);
	emit_key(j, "meaning");
	emit_text(j, column->meaning);
	emit_object_end(j);
}

static void write_table(struct emit *j, const struct table *table)
{
	emit_object(j);
	emit_key(j, "name");
	emit_text(j, table->name);
	emit_key(j, "number");
	emit_integer(j, table->number);
	emit_key(j, "summary");
	emit_text(j, table->summary);
	emit_key(j, "signal");
	emit_text(j, table->signal);
	emit_key(j, "columns");
	emit_array(j);
	for (size_t i = 0; i < table->column_count; i++) {
		write_column(j, &table->columns[i]);
	}
	emit_array_end(j);
	emit_object_end(j);
}

static void get(struct call *call)
{
	emit_object(&call->json);
	emit_key(&call->json, "tables");
	emit_array(&call->json);
	for (size_t i = 0; schema_tables[i] != NULL; i++) {
		write_table(&call->json, schema_tables[i]);
	}
	emit_array_end(&call->json);
	emit_key(&call->json, "events");
	emit_array(&call->json);
	for (size_t i = 0; schema_events[i] != NULL; i++) {
		write_table(&call->json, schema_events[i]);
	}
	emit_array_end(&call->json);
	emit_object_end(&call->json);
	call_answer(call, 200);
}

const struct resource resource_schema = {
	.path = "/api/v1/schema",
	.summary = "The tables and their columns",
	.operations = { { "GET", RESOURCE_SIGNED_IN, "", get } },
};
