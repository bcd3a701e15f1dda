/* zstd.c - Zstandard (RFC 8878), by libzstd: a tar of any length, member by member, or one
 * document. */
#include <stdlib.h>
#include <zstd.h>

#include "base/error.h"
#include "base/mem.h"
#include "formats/tar.h"
#include "server/feeds/archive_parts.h"
#include "server/feeds/limits.h"
#include "sys/alloc.h"
#include "sys/buffer.h"

#define MAGIC "\x28\xb5\x2f\xfd"

/* 128 MiB: what `zstd -19 --long=27` makes, and what libzstd takes unless told otherwise. */
#define WINDOW_LOG_MAX 27

#define CHUNK_SIZE (256u << 10)

struct inflating {
	ZSTD_DCtx *context;
	ZSTD_inBuffer in;
	bool is_complete;                 /* the last frame has come to its end */
	uint8_t head[2 * TAR_BLOCK_SIZE]; /* read ahead, to see what it is */
	size_t head_len;
	size_t head_used;
};

bool zstd_is(struct span bytes)
{
	return span_starts_with(bytes, MAGIC);
}

/* Some bytes, at least one but at the end. Frames in a row are one text. */
static int inflate_some(struct inflating *z, uint8_t *to, size_t len, size_t *out_len)
{
	ZSTD_outBuffer out = { to, len, 0 };

	while (out.pos == 0 && len > 0) {
		size_t left;

		if (z->in.pos == z->in.size && z->is_complete) {
			break;
		}
		left = ZSTD_decompressStream(z->context, &out, &z->in);
		if (ZSTD_isError(left) != 0) {
			return ERR_MALFORMED;
		}
		z->is_complete = left == 0;
		if (!z->is_complete && out.pos == 0 && z->in.pos == z->in.size) {
			return ERR_MALFORMED; /* cut off */
		}
	}
	*out_len = out.pos;
	return 0;
}

/* The source of the tar: what was read ahead comes first. */
static int read_on(void *context, uint8_t *to, size_t len, size_t *out_len)
{
	struct inflating *z = context;
	size_t ahead = z->head_len - z->head_used;

	if (ahead == 0) {
		return inflate_some(z, to, len, out_len);
	}
	ahead = ahead < len ? ahead : len;
	mem_copy(to, z->head + z->head_used, ahead);
	z->head_used += ahead;
	*out_len = ahead;
	return 0;
}

static int read_head(struct inflating *z)
{
	size_t got = 1;
	int error = 0;

	while (error == 0 && got > 0 && z->head_len < sizeof z->head) {
		error = inflate_some(z, z->head + z->head_len, sizeof z->head - z->head_len, &got);
		z->head_len += error == 0 ? got : 0;
	}
	return error;
}

/* --- a tar --- */

static int read_member(struct tar *tar, uint64_t size, struct buffer *out)
{
	buffer_clear(out);
	while (out->len < size) {
		size_t wanted =
			size - out->len < CHUNK_SIZE ? (size_t)(size - out->len) : CHUNK_SIZE;
		uint8_t *room = buffer_reserve(out, wanted);
		size_t got = 0;
		int error = room == NULL ? ERR_LIMIT : tar_read(tar, room, wanted, &got);

		if (error != 0 || got == 0) {
			return error != 0 ? error : ERR_MALFORMED;
		}
		buffer_grow(out, got);
	}
	return 0;
}

static int each_of_tar(struct inflating *z, struct archive_walk *walk)
{
	struct tar_entry entry;
	struct buffer member;
	struct tar tar;
	bool is_told = false; /* why is set */
	int error;

	buffer_init(&member, FEED_MEMBER_MAX + CHUNK_SIZE);
	tar_init(&tar, (struct tar_source){ read_on, z });
	while ((error = tar_next(&tar, &entry)) == 0) {
		if (entry.type != TAR_FILE) {
			continue;
		}
		error = archive_count(walk, entry.size);
		is_told = error != 0;
		error = error != 0 ? error : read_member(&tar, entry.size, &member);
		if (error == 0) {
			error = archive_tell(walk, span_of(entry.name), buffer_span(&member));
			is_told = error != 0;
		}
		if (error != 0) {
			break;
		}
	}
	buffer_done(&member);
	if (is_told || (error == ERR_NOT_FOUND && tar_has_end(&tar))) {
		return is_told ? error : 0;
	}
	return why_set(walk->why, error == ERR_LIMIT ? ERR_LIMIT : ERR_MALFORMED, "%s",
		       error == ERR_LIMIT ? "a name or a size in the tar is beyond all limits"
					  : "the tar, or its zstd data, is broken or cut off");
}

/* --- anything else --- */

static int one_document(struct inflating *z, struct archive_walk *walk)
{
	struct buffer all;
	size_t got = 1;
	int error = 0;

	buffer_init(&all, FEED_INFLATED_MAX);
	while (error == 0 && got > 0) {
		uint8_t *room = buffer_reserve(&all, CHUNK_SIZE);

		error = room == NULL ? ERR_LIMIT : read_on(z, room, CHUNK_SIZE, &got);
		if (error == 0) {
			buffer_grow(&all, got);
		}
	}
	if (error != 0) {
		error = why_set(walk->why, error,
				error == ERR_LIMIT ? "inflated it has more bytes than it may"
						   : "its zstd data is broken or cut off");
	} else {
		walk->figures->members++;
		error = walk->each(walk->context, (struct span){ NULL, 0 }, buffer_span(&all));
	}
	buffer_done(&all);
	return error;
}

static int begin(struct inflating *z, struct span bytes)
{
	*z = (struct inflating){ .context = ZSTD_createDCtx(), .in = { bytes.ptr, bytes.len, 0 } };
	if (z->context == NULL || ZSTD_isError(ZSTD_DCtx_setParameter(
					  z->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)) != 0) {
		return ERR_LIMIT;
	}
	return read_head(z);
}

int zstd_each(struct span bytes, struct archive_walk *walk)
{
	struct inflating *z = alloc_zeroed(1, sizeof *z);
	int error = begin(z, bytes);

	if (error != 0) {
		error = why_set(walk->why, error, "its zstd data is broken or cut off");
	} else if (tar_is((struct span){ z->head, z->head_len })) {
		error = each_of_tar(z, walk);
	} else {
		error = one_document(z, walk);
	}
	(void)ZSTD_freeDCtx(z->context);
	free(z);
	return error;
}

bool zstd_has_members(struct span bytes)
{
	struct inflating *z = alloc_zeroed(1, sizeof *z);
	bool is_tar = begin(z, bytes) == 0 && tar_is((struct span){ z->head, z->head_len });

	(void)ZSTD_freeDCtx(z->context);
	free(z);
	return is_tar;
}
