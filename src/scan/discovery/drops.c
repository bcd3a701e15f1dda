/* drops.c - /proc/net/dev: name: bytes packets errs drop fifo ... */
#include "scan/discovery/drops.h"

#include <fcntl.h>

#include "base/reader.h"
#include "base/text.h"
#include "sys/file.h"

#define FILE_MAX    (1u << 20)
#define DROP_COLUMN 4 /* of those behind the colon, from 1 */
#define FIFO_COLUMN 5

static uint64_t drops_of(struct span line)
{
	struct reader r = reader_over(span_after(line, span_find(line, ':') + 1));
	unsigned column = 0;
	uint64_t sum = 0;

	while (reader_left(&r) > 0 && column < FIFO_COLUMN) {
		struct span word = reader_until(&r, ' ');
		uint64_t value;

		if (word.len > 0 && ++column >= DROP_COLUMN &&
		    text_to_u64(word, UINT64_MAX, &value) == 0) {
			sum += value;
		}
	}
	return sum;
}

uint64_t drops_total(void)
{
	struct buffer text;
	uint64_t sum = 0;

	buffer_init(&text, FILE_MAX);
	if (file_read("/proc/net/dev", &text) == 0) {
		struct reader r = reader_over(buffer_span(&text));

		while (reader_left(&r) > 0) {
			sum += drops_of(reader_line(&r));
		}
	}
	buffer_done(&text);
	return sum;
}
