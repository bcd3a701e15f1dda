/* rows.c - the store keeps booleans and times as numbers and lists as JSON text; here they become
 * what they are. */
#include "server/api/rows.h"

static void write_typed_integer(struct emit *j, enum column_type type, int64_t value)
{
	if (type == COLUMN_BOOLEAN) {
		emit_boolean(j, value != 0);
	} else if (type == COLUMN_TIME) {
		/* what does not fit milliseconds lies past the years that can be written anyway */
		emit_time(j, value > INT64_MAX / 1000   ? INT64_MAX
			     : value < INT64_MIN / 1000 ? INT64_MIN
							: value * 1000);
	} else {
		emit_integer(j, value);
	}
}

void rows_write_value(struct emit *j, enum column_type type, const struct view_value *value)
{
	switch (value->kind) {
	case VIEW_INTEGER:
		write_typed_integer(j, type, value->integer);
		break;
	case VIEW_REAL:
		emit_real(j, value->real);
		break;
	case VIEW_TEXT:
		if (type == COLUMN_LIST) {
			emit_raw(j, value->bytes); /* made by the store, from texts */
		} else {
			emit_span(j, value->bytes);
		}
		break;
	case VIEW_BLOB:
		emit_hex(j, value->bytes);
		break;
	case VIEW_NULL:
	default:
		emit_null(j);
	}
}
