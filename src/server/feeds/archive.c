/* archive.c - which kind of archive it is; gzip (RFC 1952), whole in memory. */
#include "server/feeds/archive.h"

#include "base/error.h"
#include "formats/tar.h"
#include "server/feeds/archive_parts.h"
#include "server/feeds/limits.h"
#include "sys/buffer.h"

#include <zlib.h>

#define GZIP_WINDOW   (15 + 16) /* zlib: the largest window, with a gzip head */
#define INFLATE_CHUNK (256u << 10)
#define HEAD_SIZE     1024 /* enough to tell a tar */

static bool is_bad_name(struct span name)
{
	struct span rest = name;

	if (name.len == 0 || name.ptr[0] == '/' || name.ptr[0] == '\\') {
		return true;
	}
	for (size_t i = 0; i < name.len; i++) {
		if (name.ptr[i] < ' ' || name.ptr[i] == 0x7f) {
			return true;
		}
	}
	while (rest.len > 0) {
		size_t slash = span_find(rest, '/');
		size_t backslash = span_find(rest, '\\');
		size_t end = slash < backslash ? slash : backslash;

		if (span_is(span_first(rest, end), "..")) {
			return true;
		}
		rest = span_after(rest, end < rest.len ? end + 1 : end);
	}
	return false;
}

int archive_tell(struct archive_walk *walk, struct span name, struct span bytes)
{
	walk->figures->members++;
	if (is_bad_name(name)) {
		walk->figures->bad_names++;
		return 0;
	}
	return walk->each(walk->context, name, bytes);
}

int archive_count(struct archive_walk *walk, uint64_t size)
{
	walk->figures->inflated += size;
	if (size > FEED_MEMBER_MAX) {
		return why_set(walk->why, ERR_LIMIT,
			       "a member of the archive has more than %llu bytes",
			       (unsigned long long)FEED_MEMBER_MAX);
	}
	if (walk->figures->inflated > FEED_INFLATED_ALL) {
		return why_set(walk->why, ERR_LIMIT, "the archive holds more than %llu bytes",
			       (unsigned long long)FEED_INFLATED_ALL);
	}
	if (walk->figures->members >= FEED_MEMBERS_MAX) {
		return why_set(walk->why, ERR_LIMIT, "the archive holds more than %d files",
			       FEED_MEMBERS_MAX);
	}
	return 0;
}

/* --- gzip --- */

static bool gzip_is(struct span bytes)
{
	return bytes.len >= 2 && bytes.ptr[0] == 0x1f && bytes.ptr[1] == 0x8b;
}

/* Inflates into out until the end, or until it holds enough bytes; several streams in a row are one
 * text (RFC 1952, section 2.2). */
static int inflate_all(z_stream *z, struct buffer *out, size_t enough)
{
	int state = Z_OK;

	while (out->len < enough) {
		uint8_t *room = buffer_reserve(out, INFLATE_CHUNK);

		if (room == NULL) {
			return ERR_LIMIT;
		}
		z->next_out = room;
		z->avail_out = INFLATE_CHUNK;
		state = inflate(z, Z_NO_FLUSH);
		buffer_grow(out, INFLATE_CHUNK - z->avail_out);
		if (state == Z_STREAM_END && z->avail_in == 0) {
			return 0;
		}
		if (state == Z_STREAM_END) {
			state = inflateReset(z);
		}
		if (state != Z_OK || (z->avail_in == 0 && z->avail_out > 0)) {
			return ERR_MALFORMED; /* cut off, or none of deflate's blocks */
		}
	}
	return 0;
}

static int gunzip(struct span bytes, struct buffer *out, size_t enough)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)bytes.ptr, .avail_in = (uInt)bytes.len };
	int error;

	if (bytes.len > UINT32_MAX || inflateInit2(&z, GZIP_WINDOW) != Z_OK) {
		return ERR_LIMIT;
	}
	error = inflate_all(&z, out, enough);
	(void)inflateEnd(&z);
	return error;
}

/* --- any --- */

static int each_of(struct span bytes, struct archive_walk *walk)
{
	if (zip_is(bytes)) {
		return zip_each(bytes, walk);
	}
	if (tar_is(bytes)) {
		return archive_each_of_tar(bytes, walk);
	}
	walk->figures->members++;
	return walk->each(walk->context, (struct span){ NULL, 0 }, bytes);
}

int archive_each(struct span bytes, archive_member *each, void *context,
		 struct archive_figures *figures, struct why *why)
{
	struct archive_walk walk = { each, context, figures, why };
	struct buffer inflated;
	int error;

	*figures = (struct archive_figures){ 0 };
	if (zstd_is(bytes)) {
		return zstd_each(bytes, &walk);
	}
	if (!gzip_is(bytes)) {
		return each_of(bytes, &walk);
	}
	buffer_init(&inflated, FEED_INFLATED_MAX);
	error = gunzip(bytes, &inflated, SIZE_MAX);
	if (error != 0) {
		error = why_set(why, error,
				error == ERR_LIMIT ? "inflated it has more bytes than it may"
						   : "its gzip data is broken or cut off");
	} else {
		error = each_of(buffer_span(&inflated), &walk);
	}
	buffer_done(&inflated);
	return error;
}
