/* ring_fuzz.c - a file of events from a disk that lies: what is taken out of it is bounded, and
 * what is put in comes out. */
#include "sensor/ring.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct span block)
{
	struct ring_record record;
	struct ring_head head;
	struct ring_cursor c;

	if (ring_block_head(block, &head) != 0) {
		return;
	}
	c = ring_block_over(block, head.serial);
	while (ring_block_next(&c, &record)) {
		if (record.body.len == 0 || record.body.len > RING_BODY_MAX) {
			abort();
		}
	}
}

static void drain(struct ring *ring, struct span last)
{
	bool is_found = false;

	for (;;) {
		struct buffer out OWNED(buffer_done);
		struct ring_run run;

		buffer_init(&out, 256u << 10);
		if (!ring_peek(ring, 4096, &out, &run)) {
			break;
		}
		is_found = out.len >= last.len &&
			   span_equal(span_after(buffer_span(&out), out.len - last.len), last);
		ring_acknowledge(ring);
	}
	if (!is_found || ring_waiting(ring) != 0) {
		abort(); /* what was put last comes out last */
	}
}

/* The input as a block, and as a whole file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char event[] = "this was put after the file was read";
	struct span last = { (const uint8_t *)event, sizeof event };
	int fd = memfd_create("ring", 0);
	struct ring *ring;

	walk((struct span){ data, size });
	if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
		abort();
	}
	ring = ring_open(fd, RING_BYTES_MIN, 1);
	ring_put(ring, last);
	if (ring_flush(ring) != 0) {
		abort();
	}
	drain(ring, last);
	ring_close(&ring);
	return 0;
}
