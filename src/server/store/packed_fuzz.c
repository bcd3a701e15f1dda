/* packed_fuzz.c - three sets from outside: what is well-formed has one form, and merges as it
 * should. */
#include "server/store/packed.h"

#include <assert.h>
#include <stdlib.h>

#include "base/error.h"

#define NUMBERS_MAX 100000

/* Reading and writing again gives the same bytes. */
static void check_form(struct span packed)
{
	struct packed_writer w;
	uint32_t *numbers;
	size_t count;

	if (packed_numbers(packed, NUMBERS_MAX, &numbers, &count) != 0) {
		return;
	}
	packed_init(&w);
	for (size_t i = 0; i < count; i++) {
		packed_put(&w, numbers[i]);
	}
	assert(span_equal(packed_end(&w), packed));
	packed_free(&w);
	free(numbers);
}

/* What was merged in can be merged out again. */
static void check_merge(struct span set, struct span removed, struct span added)
{
	struct packed_writer there;
	struct packed_writer back;

	packed_init(&there);
	packed_init(&back);
	if (packed_merge(set, removed, added, &there) == 0) {
		int error = packed_merge(packed_end(&there), added, removed, &back);

		/* unless a number was removed and added at once */
		assert(error == ERR_CONFLICT || span_equal(packed_end(&back), set));
	}
	packed_free(&there);
	packed_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two bytes say where the input is cut in three. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_over((struct span){ data, size });
	size_t first_len = reader_u8(&r);
	size_t second_len = reader_u8(&r);
	struct span rest = reader_rest(&r);
	struct span first = span_first(rest, first_len);
	struct span second = span_first(span_after(rest, first_len), second_len);
	struct span third = span_after(span_after(rest, first_len), second_len);

	check_form(first);
	check_form(second);
	check_form(third);
	check_merge(third, first, second);
	return 0;
}
