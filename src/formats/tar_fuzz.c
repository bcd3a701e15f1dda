/* tar_fuzz.c - any bytes as an archive, handed over in pieces of uneven size. */
#include "formats/fuzz.h"
#include "formats/tar.h"

#include "base/mem.h"
#include "base/reader.h"

struct stream {
	struct reader rest;
	size_t piece;
};

static int read_piece(void *context, uint8_t *to, size_t len, size_t *out_len)
{
	struct stream *s = context;
	size_t piece = len < s->piece ? len : s->piece;
	struct span bytes;

	piece = piece < reader_left(&s->rest) ? piece : reader_left(&s->rest);
	bytes = reader_bytes(&s->rest, piece);
	mem_copy(to, bytes.ptr, bytes.len);
	*out_len = bytes.len;
	s->piece = s->piece % 517 + 1;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stream stream = { reader_over((struct span){ data, size }), 511 };
	static struct tar_entry entry;
	struct tar tar;
	uint8_t content[100];
	size_t len;

	tar_init(&tar, (struct tar_source){ read_piece, &stream });
	for (unsigned i = 0; tar_next(&tar, &entry) == 0; i++) {
		fuzz_touch(span_of(entry.name));
		fuzz_touch(span_of(entry.target));
		while (i % 2 == 0 && tar_read(&tar, content, sizeof content, &len) == 0 &&
		       len > 0) {
			fuzz_touch((struct span){ content, len });
		}
	}
	return 0;
}
