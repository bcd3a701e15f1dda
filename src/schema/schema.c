/* schema.c - looking tables and columns up. */
#include "schema/schema.h"

const struct table *schema_find(struct span name)
{
	for (size_t i = 0; schema_tables[i] != NULL; i++) {
		if (span_is(name, schema_tables[i]->name)) {
			return schema_tables[i];
		}
	}
	return NULL;
}

const struct table *schema_by_number(uint64_t number)
{
	for (size_t i = 0; schema_tables[i] != NULL; i++) {
		if (schema_tables[i]->number == number) {
			return schema_tables[i];
		}
	}
	return NULL;
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
