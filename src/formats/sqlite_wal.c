/* sqlite_wal.c - a header, then frames of 24 bytes and a page. */
#include "formats/sqlite_wal.h"

#include "base/error.h"

#define HEADER_SIZE       32
#define FRAME_HEADER_SIZE 24
#define MAGIC             0x377f0682u /* its last bit: words of checksums are big endian */
#define VERSION           3007000

struct checksum {
	uint32_t s0;
	uint32_t s1;
};

static uint32_t take_word(struct reader *r, bool is_big_endian)
{
	return is_big_endian ? reader_be32(r) : reader_le32(r);
}

static void add(struct checksum *sum, struct span bytes, bool is_big_endian)
{
	struct reader r = reader_over(bytes);

	while (reader_left(&r) > 0) {
		sum->s0 += take_word(&r, is_big_endian) + sum->s1;
		sum->s1 += take_word(&r, is_big_endian) + sum->s0;
	}
}

int sqlite_wal_open(struct span wal, uint32_t page_size, struct span *frames, uint32_t *page_count)
{
	struct reader r = reader_over(wal);
	struct reader header = reader_over(reader_bytes(&r, HEADER_SIZE));
	struct span all = span_after(wal, HEADER_SIZE);
	size_t frame_size = FRAME_HEADER_SIZE + (size_t)page_size;
	struct checksum sum = { 0, 0 };
	size_t committed = 0;
	uint32_t magic = reader_be32(&header);
	bool is_big_endian = (magic & 1) != 0;
	uint32_t version = reader_be32(&header);
	uint32_t size = reader_be32(&header);
	uint64_t salts;

	(void)reader_be32(&header); /* checkpoints so far */
	salts = reader_be64(&header);
	add(&sum, span_first(wal, 24), is_big_endian);
	*frames = (struct span){ NULL, 0 };
	if ((magic & ~1u) != MAGIC || version != VERSION || size != page_size ||
	    reader_be32(&header) != sum.s0 || reader_be32(&header) != sum.s1 || !reader_ok(&r)) {
		return 0;
	}
	for (size_t count = 1; reader_left(&r) >= frame_size; count++) {
		struct span frame = reader_bytes(&r, frame_size);
		struct reader fields = reader_over(frame);
		uint32_t after_commit;

		if (count > SQLITE_WAL_FRAMES_MAX) {
			return ERR_LIMIT;
		}
		add(&sum, span_first(frame, 8), is_big_endian);
		add(&sum, span_after(frame, FRAME_HEADER_SIZE), is_big_endian);
		(void)reader_be32(&fields); /* page number */
		after_commit = reader_be32(&fields);
		if (reader_be64(&fields) != salts || reader_be32(&fields) != sum.s0 ||
		    reader_be32(&fields) != sum.s1) {
			break;
		}
		if (after_commit != 0) {
			committed = count * frame_size;
			*page_count = after_commit;
		}
	}
	*frames = span_first(all, committed);
	return 0;
}

bool sqlite_wal_find(struct span frames, uint32_t page_size, uint32_t number, struct span *page)
{
	size_t frame_size = FRAME_HEADER_SIZE + (size_t)page_size;

	for (size_t i = frames.len / frame_size; i > 0; i--) {
		struct reader r = reader_over(span_after(frames, (i - 1) * frame_size));

		if (reader_be32(&r) == number) {
			(void)reader_bytes(&r, FRAME_HEADER_SIZE - 4);
			*page = reader_bytes(&r, page_size);
			return true;
		}
	}
	return false;
}
