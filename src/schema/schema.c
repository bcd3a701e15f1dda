/* schema.c - looking tables and columns up. */
#include "schema/schema.h"

static const struct table *by_name(const struct table *const *list, struct span name)
{
	for (size_t i = 0; list[i] != NULL; i++) {
		if (span_is(name, list[i]->name)) {
			return list[i];
		}
	}
	return NULL;
}

static const struct table *by_number(const struct table *const *list, uint64_t number)
{
	for (size_t i = 0; list[i] != NULL; i++) {
		if (list[i]->number == number) {
			return list[i];
		}
	}
	return NULL;
}

const struct table *schema_find(struct span name)
{
	return by_name(schema_tables, name);
}

const struct table *schema_by_number(uint64_t number)
{
	return by_number(schema_tables, number);
}

const struct table *schema_event_find(struct span name)
{
	return by_name(schema_events, name);
}

const struct table *schema_event_by_number(uint64_t number)
{
	return by_number(schema_events, number);
}

int schema_column(const struct table *table, struct span name)
{
	for (size_t i = 0; i < table->column_count; i++) {
		if (span_is(name, table->columns[i].name)) {
			return (int)i;
		}
	}
	return -1;
}

const char *schema_type_name(enum column_type type)
{
	switch (type) {
	case COLUMN_INTEGER:
		return "integer";
	case COLUMN_BOOLEAN:
		return "boolean";
	case COLUMN_TIME:
		return "time";
	case COLUMN_LIST:
		return "list";
	case COLUMN_TEXT:
	default:
		return "text";
	}
}
