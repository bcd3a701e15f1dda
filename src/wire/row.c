/* row.c - values to canonical bytes and back. */
#include "wire/row.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "wire/cbor.h"

/* How far texts and lists are cut, from the limits themselves down, until a row fits. */
struct cut {
	size_t text_max;
	size_t list_max;
};

static const struct cut cuts[] = {
	{ ROW_TEXT_MAX, ROW_LIST_MAX },
	{ ROW_TEXT_MAX, 64 },
	{ 1024, 64 },
	{ 256, 16 },
	{ 64, 4 }, /* 32 columns of 4 texts of 64 bytes: below ROW_BYTES_MAX, always */
};

void row_init(struct row *row, const struct table *table)
{
	mem_zero(row, sizeof *row);
	row->table = table;
}

void row_set_text(struct row *row, unsigned column, struct span text)
{
	row->values[column] = (struct value){ .kind = VALUE_TEXT, .text = text };
}

void row_set_text_if_any(struct row *row, unsigned column, struct span text)
{
	if (text.len > 0) {
		row_set_text(row, column, text);
	}
}

void row_set_integer(struct row *row, unsigned column, int64_t number)
{
	row->values[column] = (struct value){ .kind = VALUE_INTEGER, .number = number };
}

void row_set_boolean(struct row *row, unsigned column, bool value)
{
	row->values[column] = (struct value){ .kind = VALUE_BOOLEAN, .number = value };
}

void row_set_list(struct row *row, unsigned column, const struct span *items, size_t count)
{
	row->values[column] =
		(struct value){ .kind = VALUE_LIST, .items = items, .item_count = count };
}

static void encode_text(struct writer *w, struct span text, size_t max)
{
	uint8_t mended[ROW_TEXT_MAX];
	struct writer m = writer_over(mended, sizeof mended);
	struct span most = span_first(text, max);

	if (text_plain_length(most) == most.len) {
		cbor_write_text(w, most);
		return;
	}
	text_write_utf8(&m, text, max);
	cbor_write_text(w, writer_span(&m));
}

static void encode_list(struct writer *w, const struct value *list, const struct cut *cut)
{
	size_t count = list->item_count < cut->list_max ? list->item_count : cut->list_max;

	if (list->items == NULL && list->item_count > 0) {
		writer_bytes(w, list->text); /* decoded before: canonical already */
		return;
	}
	cbor_write_array(w, count);
	for (size_t i = 0; i < count; i++) {
		encode_text(w, list->items[i], cut->text_max);
	}
}

static void encode_value(struct writer *w, const struct value *value, const struct cut *cut)
{
	switch (value->kind) {
	case VALUE_TEXT:
		encode_text(w, value->text, cut->text_max);
		break;
	case VALUE_INTEGER:
		cbor_write_int(w, value->number);
		break;
	case VALUE_BOOLEAN:
		cbor_write_bool(w, value->number != 0);
		break;
	case VALUE_LIST:
		encode_list(w, value, cut);
		break;
	case VALUE_NULL:
	default:
		cbor_write_null(w);
		break;
	}
}

/* Without the appended ones at the end that are null. */
static size_t columns_of(const struct row *row)
{
	size_t count = row->table->column_count;
	size_t least = count - row->table->appended_count;

	while (count > least && row->values[count - 1].kind == VALUE_NULL) {
		count--;
	}
	return count;
}

int row_encode(const struct row *row, struct writer *out)
{
	size_t mark = writer_used(out);
	size_t column_count = columns_of(row);

	for (size_t i = 0; i < COUNT_OF(cuts); i++) {
		cbor_write_array(out, column_count);
		for (size_t c = 0; c < column_count; c++) {
			encode_value(out, &row->values[c], &cuts[i]);
		}
		if (!writer_ok(out) && writer_left(out) == 0 &&
		    out->capacity - mark < ROW_BYTES_MAX) {
			writer_rewind(out, mark);
			return ERR_FULL;
		}
		if (writer_ok(out) && writer_used(out) - mark <= ROW_BYTES_MAX) {
			return 0;
		}
		writer_rewind(out, mark);
	}
	return ERR_FULL;
}

/* NUL is no part of any text here: SQL and terminals would end at it. */
static struct span decode_text(struct cbor_reader *r)
{
	struct span text = cbor_text(r);

	if (text.len > ROW_TEXT_MAX) {
		cbor_fail(r, ERR_LIMIT);
	} else if (span_find(text, 0) < text.len) {
		cbor_fail(r, ERR_MALFORMED);
	}
	return text;
}

static int decode_list(struct cbor_reader *r, struct value *out)
{
	struct span whole = cbor_item(r);
	struct cbor_reader items = cbor_over(whole);
	size_t count = cbor_array(&items);

	if (count > ROW_LIST_MAX) {
		return ERR_LIMIT;
	}
	for (size_t i = 0; i < count; i++) {
		(void)decode_text(&items);
	}
	*out = (struct value){ .kind = VALUE_LIST, .text = whole, .item_count = count };
	return cbor_done(&items);
}

static int decode_value(struct cbor_reader *r, enum column_type type, struct value *out)
{
	*out = (struct value){ .kind = VALUE_NULL };
	if (cbor_take_null(r)) {
		return 0;
	}
	switch (type) {
	case COLUMN_TEXT:
		*out = (struct value){ .kind = VALUE_TEXT, .text = decode_text(r) };
		return cbor_error(r);
	case COLUMN_INTEGER:
	case COLUMN_TIME:
		*out = (struct value){ .kind = VALUE_INTEGER, .number = cbor_int(r) };
		return cbor_error(r);
	case COLUMN_BOOLEAN:
		*out = (struct value){ .kind = VALUE_BOOLEAN, .number = cbor_bool(r) };
		return cbor_error(r);
	case COLUMN_LIST:
		return decode_list(r, out);
	default:
		return ERR_UNSUPPORTED;
	}
}

int row_decode(const struct table *table, struct span bytes, struct row *out)
{
	struct cbor_reader r = cbor_over(bytes);
	struct row row;
	size_t count;

	if (bytes.len > ROW_BYTES_MAX) {
		return ERR_LIMIT;
	}
	row_init(&row, table);
	count = cbor_array(&r);
	if (count > SCHEMA_COLUMNS_MAX) {
		return ERR_LIMIT;
	}
	for (size_t c = 0; c < count; c++) {
		int error = 0;

		if (c < table->column_count) {
			error = decode_value(&r, table->columns[c].type, &row.values[c]);
		} else {
			(void)cbor_item(&r);
		}
		if (error != 0) {
			return error;
		}
	}
	if (cbor_done(&r) != 0) {
		return cbor_done(&r);
	}
	*out = row;
	return 0;
}

bool row_list_next(const struct value *list, size_t *at, struct span *out_item)
{
	struct cbor_reader r;
	struct span rest;

	if (list->items != NULL) {
		if (*at >= list->item_count) {
			return false;
		}
		*out_item = list->items[(*at)++];
		return true;
	}
	r = cbor_over(list->text);
	if (*at == 0) {
		(void)cbor_array(&r);
	} else {
		r = cbor_over(span_after(list->text, *at));
	}
	if (cbor_peek(&r) != CBOR_TEXT) {
		return false;
	}
	*out_item = cbor_text(&r);
	rest = r.bytes.rest;
	*at = list->text.len - rest.len;
	return cbor_error(&r) == 0;
}

static void write_value(const struct value *value, struct writer *out)
{
	size_t at = 0;
	struct span item;
	bool is_first = true;

	switch (value->kind) {
	case VALUE_TEXT:
		writer_bytes(out, value->text);
		break;
	case VALUE_INTEGER:
		if (value->number < 0) {
			writer_u8(out, '-');
		}
		writer_decimal(out, value->number < 0 ? 0 - (uint64_t)value->number
						      : (uint64_t)value->number);
		break;
	case VALUE_BOOLEAN:
		writer_text(out, value->number != 0 ? "true" : "false");
		break;
	case VALUE_LIST:
		while (row_list_next(value, &at, &item)) {
			if (!is_first) {
				writer_u8(out, ',');
			}
			writer_bytes(out, item);
			is_first = false;
		}
		break;
	case VALUE_NULL:
	default:
		writer_u8(out, '-');
		break;
	}
}

void row_write_key(const struct row *row, struct writer *out)
{
	bool is_first = true;

	for (size_t c = 0; c < row->table->column_count; c++) {
		if ((row->table->columns[c].flags & COLUMN_KEY) == 0) {
			continue;
		}
		if (!is_first) {
			writer_u8(out, ' ');
		}
		write_value(&row->values[c], out);
		is_first = false;
	}
}

bool row_same_key(const struct row *a, const struct row *b)
{
	for (size_t c = 0; c < a->table->column_count; c++) {
		const struct value *x = &a->values[c];
		const struct value *y = &b->values[c];

		if ((a->table->columns[c].flags & COLUMN_KEY) == 0) {
			continue;
		}
		if (x->kind != y->kind || x->number != y->number || !span_equal(x->text, y->text)) {
			return false;
		}
	}
	return true;
}
