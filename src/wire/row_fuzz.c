/* row_fuzz.c - first byte: the table; the rest: a row's bytes. What decodes encodes again. */
#include "wire/row.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[2 * ROW_BYTES_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct table *table = size > 0 ? schema_by_number(data[0]) : NULL;
	struct writer w = writer_over(out, sizeof out);
	struct row row;
	struct row again;

	if (table == NULL ||
	    row_decode(table, span_after((struct span){ data, size }, 1), &row) != 0) {
		return 0;
	}
	assert(row_encode(&row, &w) == 0);
	assert(row_decode(table, writer_span(&w), &again) == 0);
	assert(row_same_key(&row, &again));
	w = writer_over(out, sizeof out);
	row_write_key(&row, &w);
	return 0;
}
