/* rowtext.c - keys and JSON of stored rows. */
#include "server/store/sqlite/rowtext.h"

#include "base/error.h"
#include "server/store/sqlite/json.h"
#include "sys/clock.h"
#include "wire/cbor.h"

/* The years 0001 to 9999, beyond which a time is no RFC 3339 time. */
#define SECONDS_MIN (-62135596800)
#define SECONDS_MAX 253402300799

/* Room for a key: what a row may have, and heads. */
#define KEY_BYTES_MAX (ROW_BYTES_MAX + 16 * SCHEMA_COLUMNS_MAX)

static struct value load_value(sqlite3_stmt *statement, int column, enum column_type type)
{
	if (sqlite3_column_type(statement, column) == SQLITE_NULL || type == COLUMN_LIST) {
		return (struct value){ .kind = VALUE_NULL };
	}
	if (type == COLUMN_TEXT) {
		return (struct value){ .kind = VALUE_TEXT,
				       .text = database_text(statement, column) };
	}
	return (struct value){
		.kind = type == COLUMN_BOOLEAN ? VALUE_BOOLEAN : VALUE_INTEGER,
		.number = sqlite3_column_int64(statement, column),
	};
}

void rowtext_load(sqlite3_stmt *statement, const struct table *table, struct row *out)
{
	row_init(out, table);
	for (size_t c = 0; c < table->column_count; c++) {
		out->values[c] = load_value(statement, (int)c, table->columns[c].type);
	}
}

int rowtext_key(const struct row *row, struct buffer *out)
{
	uint8_t *room = buffer_reserve(out, KEY_BYTES_MAX);
	struct writer w;

	if (room == NULL) {
		return ERR_FULL;
	}
	w = writer_over(room, KEY_BYTES_MAX);
	row_write_key(row, &w);
	buffer_grow(out, writer_used(&w));
	return writer_ok(&w) ? 0 : ERR_FULL;
}

struct rowhash rowtext_key_hash(const struct row *row)
{
	uint8_t bytes[KEY_BYTES_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);

	for (size_t c = 0; c < row->table->column_count; c++) {
		const struct value *value = &row->values[c];

		if ((row->table->columns[c].flags & COLUMN_KEY) == 0) {
			continue;
		}
		if (value->kind == VALUE_TEXT) {
			cbor_write_bytes(&w, value->text);
		} else if (value->kind == VALUE_NULL) {
			cbor_write_null(&w);
		} else {
			cbor_write_int(&w, value->number);
		}
	}
	return rowhash_of(row->table->number, writer_span(&w));
}

static int append_time(struct buffer *out, int64_t seconds)
{
	char text[CLOCK_TEXT_SIZE];

	if (seconds < SECONDS_MIN) {
		seconds = SECONDS_MIN;
	} else if (seconds > SECONDS_MAX) {
		seconds = SECONDS_MAX;
	}
	clock_to_text(seconds * 1000, text);
	return json_append_text(out, span_of(text));
}

static int append_value(sqlite3_stmt *statement, int column, enum column_type type,
			struct buffer *out)
{
	if (sqlite3_column_type(statement, column) == SQLITE_NULL) {
		return json_append_raw(out, span_of("null"));
	}
	switch (type) {
	case COLUMN_INTEGER:
		return json_append_integer(out, sqlite3_column_int64(statement, column));
	case COLUMN_BOOLEAN:
		return json_append_raw(
			out,
			span_of(sqlite3_column_int64(statement, column) != 0 ? "true" : "false"));
	case COLUMN_TIME:
		return append_time(out, sqlite3_column_int64(statement, column));
	case COLUMN_LIST: /* stored as JSON */
		return json_append_raw(out, database_text(statement, column));
	case COLUMN_TEXT:
	default:
		return json_append_text(out, database_text(statement, column));
	}
}

static int append_row_value(const struct value *value, enum column_type type, struct buffer *out)
{
	switch (value->kind) {
	case VALUE_TEXT:
		return json_append_text(out, value->text);
	case VALUE_INTEGER:
		return type == COLUMN_TIME ? append_time(out, value->number)
					   : json_append_integer(out, value->number);
	case VALUE_BOOLEAN:
		return json_append_raw(out, span_of(value->number != 0 ? "true" : "false"));
	case VALUE_LIST:
		return json_append_list(out, value);
	case VALUE_NULL:
	default:
		return json_append_raw(out, span_of("null"));
	}
}

int rowtext_row_json(const struct row *row, struct buffer *out)
{
	const struct table *table = row->table;
	int error = json_append_raw(out, span_of("{"));

	for (size_t c = 0; error == 0 && c < table->column_count; c++) {
		error = json_append_raw(out, span_of(c > 0 ? "," : ""));
		if (error == 0) {
			error = json_append_text(out, span_of(table->columns[c].name));
		}
		if (error == 0) {
			error = json_append_raw(out, span_of(":"));
		}
		if (error == 0) {
			error = append_row_value(&row->values[c], table->columns[c].type, out);
		}
	}
	return error == 0 ? json_append_raw(out, span_of("}")) : error;
}

int rowtext_json(sqlite3_stmt *statement, const struct table *table, struct buffer *out)
{
	int error = json_append_raw(out, span_of("{"));

	for (size_t c = 0; error == 0 && c < table->column_count; c++) {
		if (c > 0) {
			error = json_append_raw(out, span_of(","));
		}
		if (error == 0) {
			error = json_append_text(out, span_of(table->columns[c].name));
		}
		if (error == 0) {
			error = json_append_raw(out, span_of(":"));
		}
		if (error == 0) {
			error = append_value(statement, (int)c, table->columns[c].type, out);
		}
	}
	return error == 0 ? json_append_raw(out, span_of("}")) : error;
}
