/* frame.c - length-prefixed frames. */
#include "wire/frame.h"

#include "base/error.h"

int frame_next(struct span stream, struct span *out_frame, size_t *out_size)
{
	struct reader r = reader_over(stream);
	uint32_t len;

	if (stream.len < FRAME_HEAD_SIZE) {
		return ERR_AGAIN;
	}
	len = reader_be32(&r);
	if (len == 0 || len > FRAME_BYTES_MAX) {
		return ERR_LIMIT;
	}
	if (reader_left(&r) < len) {
		return ERR_AGAIN;
	}
	*out_frame = reader_bytes(&r, len);
	*out_size = FRAME_HEAD_SIZE + (size_t)len;
	return 0;
}

size_t frame_begin(struct writer *w)
{
	size_t mark = writer_used(w);

	writer_be32(w, 0);
	return mark;
}

void frame_end(struct writer *w, size_t mark)
{
	size_t end = writer_used(w);
	size_t len = end - mark - FRAME_HEAD_SIZE;

	if (!writer_ok(w)) {
		return;
	}
	if (len > FRAME_BYTES_MAX) {
		(void)writer_reserve(w, SIZE_MAX); /* fails the writer */
		return;
	}
	writer_rewind(w, mark);
	writer_be32(w, (uint32_t)len);
	(void)writer_reserve(w, len);
}
