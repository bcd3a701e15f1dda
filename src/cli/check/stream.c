/* stream.c - pread(2) and inflate. */
#include "cli/check/stream.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/check/scratch.h"

#define MAGIC_SIZE 4

static const struct {
	uint8_t bytes[MAGIC_SIZE];
	size_t len;
	const char *name; /* NULL: it can be read */
} magics[] = {
	{ { 0x1f, 0x8b }, 2, NULL },
	{ { 0x28, 0xb5, 0x2f, 0xfd }, 4, "zstd" },
	{ { 0xfd, '7', 'z', 'X' }, 4, "xz" },
	{ { 'B', 'Z', 'h' }, 3, "bzip2" },
};

static int read_file(struct stream *s, uint8_t *to, size_t len, size_t *out_len)
{
	size_t piece = s->left < len ? (size_t)s->left : len;
	ssize_t got = 0;

	if (piece > 0) {
		do {
			got = pread(s->fd, to, piece, (off_t)s->offset);
		} while (got < 0 && errno == EINTR);
		if (got <= 0) {
			return got < 0 ? ERR_IO : ERR_MALFORMED; /* the file is cut off */
		}
	}
	s->offset += (uint64_t)got;
	s->left -= (uint64_t)got;
	*out_len = (size_t)got;
	return 0;
}

int stream_open(struct stream *s, int fd, uint64_t offset, uint64_t size, uint64_t *budget,
		struct why *why)
{
	uint8_t magic[MAGIC_SIZE] = { 0 };

	memset(s, 0, sizeof *s);
	s->fd = fd;
	s->offset = offset;
	s->left = size;
	s->budget = budget;
	if (size < sizeof magic || pread(fd, magic, sizeof magic, (off_t)offset) < 0) {
		return 0;
	}
	for (size_t i = 0; i < COUNT_OF(magics); i++) {
		if (memcmp(magic, magics[i].bytes, magics[i].len) != 0) {
			continue;
		}
		if (magics[i].name != NULL) {
			return why_set(
				why, ERR_UNSUPPORTED,
				"the image is compressed with %s, which is not read here: "
				"save it with gzip or uncompressed (docker save does; skopeo "
				"copy --dest-compress-format gzip)",
				magics[i].name);
		}
		s->is_gzip = inflateInit2(&s->z, 16 + MAX_WBITS) == Z_OK;
		return s->is_gzip ? 0 : why_set(why, ERR_LIMIT, "zlib has no memory");
	}
	return 0;
}

void stream_close(struct stream *s)
{
	if (s->is_gzip) {
		(void)inflateEnd(&s->z);
		s->is_gzip = false;
	}
}

/* The file may hold several gzip members, one behind the other; what follows that is none is
 * padding. */
static int next_member(struct stream *s)
{
	if (s->z.avail_in == 0 && s->left == 0) {
		s->is_ended = true;
		return 0;
	}
	if (s->z.avail_in > 0 && *s->z.next_in != 0x1f) {
		s->is_ended = true;
		return 0;
	}
	return inflateReset(&s->z) == Z_OK ? 0 : ERR_MALFORMED;
}

static int inflate_some(struct stream *s, uint8_t *to, size_t len, size_t *out_len)
{
	size_t got = 0;
	int error = 0;

	s->z.next_out = to;
	s->z.avail_out = (uInt)len;
	while (error == 0 && !s->is_ended && s->z.avail_out == len) {
		int state;

		if (s->z.avail_in == 0) {
			error = read_file(s, s->input, sizeof s->input, &got);
			s->z.next_in = s->input;
			s->z.avail_in = (uInt)got;
			if (error != 0 || got == 0) {
				return error != 0 ? error : ERR_MALFORMED; /* cut off */
			}
		}
		state = inflate(&s->z, Z_NO_FLUSH);
		if (state == Z_STREAM_END) {
			error = next_member(s);
		} else if (state != Z_OK) {
			error = ERR_MALFORMED;
		}
	}
	*out_len = len - s->z.avail_out;
	return error;
}

int stream_read(void *context, uint8_t *to, size_t len, size_t *out_len)
{
	struct stream *s = context;
	int error;

	if (scratch_is_interrupted()) {
		return ERR_CLOSED;
	}
	error = s->is_gzip ? inflate_some(s, to, len, out_len) : read_file(s, to, len, out_len);
	if (error == 0 && *out_len > *s->budget) {
		return ERR_LIMIT;
	}
	if (error == 0) {
		*s->budget -= *out_len;
	}
	return error;
}
