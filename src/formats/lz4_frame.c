/*
 * lz4_frame.c - magic, FLG, BD, sizes, HC; then blocks: size, data, checksum; a size of 0 ends.
 *
 * A block is sequences (lz4_Block_format.md): token, literals, offset, the length of a match; the
 * last has literals only.
 */
#include "formats/lz4_frame.h"

#include <string.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"

#define MAGIC           UINT32_C(0x184d2204)
#define UNCOMPRESSED    UINT32_C(0x80000000)
#define MATCH_MIN       4
#define LENGTH_MORE     15
#define BLOCK_64_KIB    4
#define FLAG_BLOCK_SUM  0x10u
#define FLAG_SIZE       0x08u
#define FLAG_DICTIONARY 0x01u

static int read_le32(struct lz4_frame *frame, uint32_t *out)
{
	uint8_t bytes[4];
	struct reader r = reader_over((struct span){ bytes, sizeof bytes });
	int error = frame->source.read(frame->source.context, bytes, sizeof bytes);

	if (error == 0) {
		*out = reader_le32(&r);
	}
	return error;
}

int lz4_frame_open(struct lz4_frame *frame, struct lz4_source source)
{
	uint8_t rest[8 + 1]; /* content size, header checksum */
	uint8_t head[2];
	uint32_t magic;
	int error;

	frame->source = source;
	frame->is_end = false;
	frame->used = 0;
	error = read_le32(frame, &magic);
	if (error == 0) {
		error = source.read(source.context, head, sizeof head);
	}
	if (error != 0) {
		return error;
	}
	if (magic != MAGIC) {
		return ERR_MALFORMED;
	}
	if (head[0] >> 6 != 1 || (head[0] & FLAG_DICTIONARY) != 0 ||
	    (head[1] >> 4 & 7) != BLOCK_64_KIB) {
		return ERR_UNSUPPORTED;
	}
	frame->has_block_checksums = (head[0] & FLAG_BLOCK_SUM) != 0;
	return source.read(source.context, rest, (head[0] & FLAG_SIZE) != 0 ? 9 : 1);
}

/* A length that goes on in bytes of 255. */
static size_t take_length(struct reader *r, size_t length)
{
	uint8_t more;

	if (length < LENGTH_MORE) {
		return length;
	}
	do {
		more = reader_u8(r);
		length += more;
	} while (more == 255 && length <= LZ4_BLOCK_MAX);
	return length;
}

/* Copies what was written offset bytes ago; source and target may overlap: the pattern repeats. */
static bool copy_match(struct writer *w, size_t offset, size_t length)
{
	size_t used = writer_used(w);
	uint8_t *to = length <= writer_left(w) ? writer_reserve(w, length) : NULL;
	const uint8_t *from;

	if (to == NULL || offset == 0 || offset > used) {
		return false;
	}
	from = to - offset;
	if (offset >= length) {
		memcpy(to, from, length);
		return true;
	}
	for (size_t i = 0; i < length; i++) {
		to[i] = from[i];
	}
	return true;
}

static int decode(struct span block, struct writer *w)
{
	struct reader r = reader_over(block);

	while (reader_left(&r) > 0) {
		uint8_t token = reader_u8(&r);
		struct span literals = reader_bytes(&r, take_length(&r, token >> 4));
		size_t offset;

		writer_bytes(w, literals);
		if (!reader_ok(&r) || !writer_ok(w)) {
			return ERR_MALFORMED;
		}
		if (reader_left(&r) == 0) {
			return 0; /* the last sequence */
		}
		offset = reader_le16(&r);
		if (!copy_match(w, offset, take_length(&r, token & 15) + MATCH_MIN) ||
		    !reader_ok(&r)) {
			return ERR_MALFORMED;
		}
	}
	return ERR_MALFORMED; /* it ended with a match */
}

/* Keeps the last 64 KiB of what came so far: matches reach no further. */
static void keep_window(struct lz4_frame *frame)
{
	size_t kept = frame->used < LZ4_WINDOW_SIZE ? frame->used : LZ4_WINDOW_SIZE;

	memmove(frame->out, frame->out + frame->used - kept, kept);
	frame->used = kept;
}

static int read_block(struct lz4_frame *frame, uint32_t size, bool is_plain, struct writer *w)
{
	struct span block = { frame->in, size };
	uint32_t sum;
	int error = size <= sizeof frame->in
			    ? frame->source.read(frame->source.context, frame->in, size)
			    : ERR_MALFORMED;

	if (error == 0 && frame->has_block_checksums) {
		error = read_le32(frame, &sum);
	}
	if (error != 0) {
		return error;
	}
	if (!is_plain) {
		return decode(block, w);
	}
	writer_bytes(w, block);
	return 0;
}

int lz4_frame_next(struct lz4_frame *frame, struct span *out)
{
	struct writer w = writer_over(frame->out, sizeof frame->out);
	uint32_t size = 0;
	size_t before;
	int error = frame->is_end ? 0 : read_le32(frame, &size);

	if (error == 0 && size == 0) {
		frame->is_end = true;
		*out = (struct span){ NULL, 0 };
	}
	if (error != 0 || size == 0) {
		return error;
	}
	keep_window(frame);
	before = frame->used;
	(void)writer_reserve(&w, before);
	error = read_block(frame, size & ~UNCOMPRESSED, (size & UNCOMPRESSED) != 0, &w);
	if (error == 0 && writer_used(&w) - before > LZ4_BLOCK_MAX) {
		error = ERR_MALFORMED;
	}
	if (error == 0) {
		frame->used = writer_used(&w);
		*out = span_after(writer_span(&w), before);
	}
	return error;
}
