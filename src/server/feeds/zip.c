/*
 * zip.c - the archive's central directory, read from its end; each member is then inflated where
 * it lies.
 *
 * Against bombs: a member may not claim more than deflate can make of its bytes, all members
 * together may not have more compressed bytes than the file (they would overlap), and no more is
 * inflated than was claimed.
 */
#include "base/error.h"
#include "base/reader.h"
#include "server/feeds/archive_parts.h"
#include "server/feeds/limits.h"
#include "sys/alloc.h"

#include <stdlib.h>
#include <zlib.h>

#define LOCAL_SIGNATURE   0x04034b50u
#define CENTRAL_SIGNATURE 0x02014b50u
#define END_SIGNATURE     0x06054b50u
#define END64_SIGNATURE   0x06064b50u
#define LOCATOR_SIGNATURE 0x07064b50u

#define END_SIZE       22
#define COMMENT_MAX    65535
#define LOCATOR_SIZE   20
#define ZIP64_EXTRA    1
#define FLAG_ENCRYPTED 1
#define METHOD_STORE   0
#define METHOD_DEFLATE 8

struct directory {
	uint64_t members;
	uint64_t size;
	uint64_t offset;
};

struct member {
	struct span name;
	unsigned flags;
	unsigned method;
	uint32_t crc;
	uint64_t packed;
	uint64_t size;
	uint64_t offset;
};

struct unzip {
	struct span bytes;
	struct archive_walk *walk;
	uint8_t *room;
	size_t room_size;
	uint64_t packed_all;
};

bool zip_is(struct span bytes)
{
	struct reader r = reader_over(bytes);
	uint32_t signature = reader_le32(&r);

	return signature == LOCAL_SIGNATURE || signature == END_SIGNATURE;
}

static int broken(struct unzip *u, const char *what)
{
	return why_set(u->walk->why, ERR_MALFORMED, "the zip is broken or cut off: %s", what);
}

static struct span at(const struct unzip *u, uint64_t offset)
{
	return offset < u->bytes.len ? span_after(u->bytes, (size_t)offset)
				     : (struct span){ NULL, 0 };
}

/* The end record lies last, but for a comment. */
static bool find_end(const struct unzip *u, uint64_t *out)
{
	size_t len = u->bytes.len;

	for (size_t back = END_SIZE; back <= len && back <= END_SIZE + COMMENT_MAX; back++) {
		struct reader r = reader_over(at(u, len - back));

		if (reader_peek(&r) == 'P' && reader_le32(&r) == END_SIGNATURE) {
			*out = len - back;
			return true;
		}
	}
	return false;
}

static int read_end64(struct unzip *u, uint64_t end, struct directory *d)
{
	struct reader r = reader_over(at(u, end - LOCATOR_SIZE));
	uint64_t offset;

	if (end < LOCATOR_SIZE || reader_le32(&r) != LOCATOR_SIGNATURE) {
		return broken(u, "no zip64 locator");
	}
	(void)reader_le32(&r);
	offset = reader_le64(&r);
	r = reader_over(at(u, offset));
	if (reader_le32(&r) != END64_SIGNATURE) {
		return broken(u, "no zip64 end record");
	}
	(void)reader_bytes(&r, 8 + 2 + 2 + 4 + 4 + 8); /* sizes, versions, disks */
	d->members = reader_le64(&r);
	d->size = reader_le64(&r);
	d->offset = reader_le64(&r);
	return reader_ok(&r) ? 0 : broken(u, "the zip64 end record is cut off");
}

static int read_end(struct unzip *u, struct directory *d)
{
	struct reader r;
	uint64_t end;
	unsigned disk;

	if (!find_end(u, &end)) {
		return broken(u, "no end record");
	}
	r = reader_over(at(u, end));
	(void)reader_le32(&r);
	disk = reader_le16(&r);
	(void)reader_le16(&r);
	(void)reader_le16(&r);
	d->members = reader_le16(&r);
	d->size = reader_le32(&r);
	d->offset = reader_le32(&r);
	if (d->members == UINT16_MAX || d->size == UINT32_MAX || d->offset == UINT32_MAX) {
		return read_end64(u, end, d);
	}
	return disk == 0 ? 0 : broken(u, "it is one of several parts");
}

/* zip64 fields stand for those that are all ones, in this order. */
static void read_extra(struct span extra, struct member *m)
{
	struct reader r = reader_over(extra);

	while (reader_left(&r) >= 4) {
		unsigned tag = reader_le16(&r);
		struct reader field = reader_over(reader_bytes(&r, reader_le16(&r)));

		if (tag != ZIP64_EXTRA) {
			continue;
		}
		m->size = m->size == UINT32_MAX ? reader_le64(&field) : m->size;
		m->packed = m->packed == UINT32_MAX ? reader_le64(&field) : m->packed;
		m->offset = m->offset == UINT32_MAX ? reader_le64(&field) : m->offset;
		return;
	}
}

static bool read_member(struct reader *r, struct member *m)
{
	unsigned name_size;
	unsigned extra_size;
	unsigned comment_size;

	if (reader_le32(r) != CENTRAL_SIGNATURE) {
		return false;
	}
	(void)reader_bytes(r, 4);
	m->flags = reader_le16(r);
	m->method = reader_le16(r);
	(void)reader_bytes(r, 4);
	m->crc = reader_le32(r);
	m->packed = reader_le32(r);
	m->size = reader_le32(r);
	name_size = reader_le16(r);
	extra_size = reader_le16(r);
	comment_size = reader_le16(r);
	(void)reader_bytes(r, 2 + 2 + 4);
	m->offset = reader_le32(r);
	m->name = reader_bytes(r, name_size);
	read_extra(reader_bytes(r, extra_size), m);
	(void)reader_bytes(r, comment_size);
	return reader_ok(r);
}

/* The packed bytes, behind the local head. */
static int find_data(struct unzip *u, const struct member *m, struct span *out)
{
	struct reader r = reader_over(at(u, m->offset));
	unsigned name_size;
	unsigned extra_size;

	if (reader_le32(&r) != LOCAL_SIGNATURE) {
		return broken(u, "a member is not where the directory says");
	}
	(void)reader_bytes(&r, 22);
	name_size = reader_le16(&r);
	extra_size = reader_le16(&r);
	(void)reader_bytes(&r, (size_t)name_size + extra_size);
	*out = reader_bytes(&r, (size_t)m->packed);
	return reader_ok(&r) ? 0 : broken(u, "a member goes beyond the end");
}

static int check_sizes(struct unzip *u, const struct member *m)
{
	u->packed_all += m->packed;
	if (m->packed > u->bytes.len || u->packed_all > u->bytes.len) {
		return broken(u, "members overlap or go beyond the end");
	}
	if (m->size > m->packed * FEED_RATIO_MAX + 64) {
		return why_set(u->walk->why, ERR_LIMIT,
			       "the zip is a bomb: a member of %llu bytes claims to become %llu",
			       (unsigned long long)m->packed, (unsigned long long)m->size);
	}
	return archive_count(u->walk, m->size);
}

static int unpack(struct unzip *u, const struct member *m, struct span data, struct span *out)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)data.ptr, .avail_in = (uInt)data.len };
	int state;

	if (m->method == METHOD_STORE) {
		*out = data;
		return data.len == m->size ? 0 : broken(u, "a stored member has two sizes");
	}
	if (u->room_size < m->size + 1) {
		u->room_size = (size_t)m->size + 1 + (size_t)m->size / 2;
		u->room = alloc_resize(u->room, u->room_size, 1);
	}
	if (inflateInit2(&z, -15) != Z_OK) {
		return why_set(u->walk->why, ERR_LIMIT, "no memory to inflate");
	}
	z.next_out = u->room;
	z.avail_out = (uInt)m->size + 1; /* one more than claimed would show */
	state = inflate(&z, Z_FINISH);
	(void)inflateEnd(&z);
	if (state != Z_STREAM_END || z.total_out != m->size) {
		return broken(u, "a member does not inflate to what it claims");
	}
	*out = (struct span){ u->room, (size_t)m->size };
	return 0;
}

static int take_member(struct unzip *u, const struct member *m)
{
	struct span data;
	struct span bytes;
	int error;

	if ((m->flags & FLAG_ENCRYPTED) != 0 ||
	    (m->method != METHOD_STORE && m->method != METHOD_DEFLATE)) {
		return why_set(u->walk->why, ERR_UNSUPPORTED,
			       "the zip is encrypted, or packed by method %u, not deflate",
			       m->method);
	}
	error = check_sizes(u, m);
	error = error != 0 ? error : find_data(u, m, &data);
	error = error != 0 ? error : unpack(u, m, data, &bytes);
	if (error != 0) {
		return error;
	}
	if (crc32_z(0, bytes.ptr, bytes.len) != m->crc) {
		return broken(u, "a member's checksum is off");
	}
	if (span_ends_with(m->name, "/") && m->size == 0) {
		return 0; /* a folder */
	}
	return archive_tell(u->walk, m->name, bytes);
}

int zip_each(struct span bytes, struct archive_walk *walk)
{
	struct unzip u = { .bytes = bytes, .walk = walk };
	struct directory d = { 0 };
	struct member m = { 0 };
	struct reader r;
	int error = read_end(&u, &d);

	if (error != 0) {
		return error;
	}
	if (d.offset > bytes.len || d.size > bytes.len - d.offset) {
		return broken(&u, "the directory goes beyond the end");
	}
	r = reader_over(span_first(at(&u, d.offset), (size_t)d.size));
	for (uint64_t i = 0; error == 0 && i < d.members; i++) {
		error = read_member(&r, &m) ? take_member(&u, &m)
					    : broken(&u, "the directory is not whole");
	}
	free(u.room);
	return error;
}
