/* policy_store.c - decode, keep, write. */
#include "sensor/policy_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/sha256.h"
#include "sys/alloc.h"
#include "sys/file.h"

static const char magic[8] = { 'B', 'T', 'Z', 'P', 'O', 'L', 'I', '1' };

#define SUMMED_SIZE 20
#define HEAD_SIZE   (SUMMED_SIZE + SHA256_SIZE)

struct policy_store {
	int fd;
	uint64_t generation;
	int next; /* place to be written */
	uint8_t digest[MESSAGE_POLICY_DIGEST];
	struct policy policy; /* its texts are in bytes */
	uint8_t *bytes;
	size_t len;
};

/* Takes over heap bytes that are a policy. */
static int adopt(struct policy_store *s, uint8_t *bytes, size_t len)
{
	struct policy *policy OWNED(alloc_free) = alloc_zeroed(1, sizeof *policy);
	int error = policy_decode((struct span){ bytes, len }, policy);

	if (error != 0) {
		free(bytes);
		return error;
	}
	s->policy = *policy;
	free(s->bytes);
	s->bytes = bytes;
	s->len = len;
	policy_digest((struct span){ bytes, len }, s->digest);
	return 0;
}

/* One place of the file: its bytes on the heap, or NULL. */
static uint8_t *read_place(int fd, int place, uint64_t *out_generation, size_t *out_len)
{
	off_t offset = (off_t)place * POLICY_STORE_PLACE_SIZE;
	uint8_t head[HEAD_SIZE];
	uint8_t sum[SHA256_SIZE];
	struct reader r;
	struct span word;
	uint64_t generation;
	uint32_t len;
	uint8_t *bytes;

	if (file_bytes_at(fd, head, sizeof head, offset).len != sizeof head) {
		return NULL;
	}
	r = reader_over((struct span){ head, sizeof head });
	word = reader_bytes(&r, sizeof magic);
	generation = reader_be64(&r);
	len = reader_be32(&r);
	if (!span_equal(word, (struct span){ (const uint8_t *)magic, sizeof magic }) ||
	    len > MESSAGE_POLICY_MAX) {
		return NULL;
	}
	bytes = alloc_zeroed(1, (size_t)len + 1);
	if (file_bytes_at(fd, bytes, len, offset + HEAD_SIZE).len != len) {
		free(bytes);
		return NULL;
	}
	sha256_of_two((struct span){ head, SUMMED_SIZE }, (struct span){ bytes, len }, sum);
	if (!span_equal(reader_rest(&r), (struct span){ sum, sizeof sum })) {
		free(bytes);
		return NULL;
	}
	*out_generation = generation;
	*out_len = len;
	return bytes;
}

struct policy_store *policy_store_open(int fd)
{
	struct policy_store *s = alloc_zeroed(1, sizeof *s);

	s->fd = fd;
	for (int place = 0; fd >= 0 && place < POLICY_STORE_PLACES; place++) {
		uint64_t generation = 0;
		size_t len = 0;
		uint8_t *bytes = read_place(fd, place, &generation, &len);

		if (bytes != NULL && generation <= s->generation) {
			free(bytes);
		} else if (bytes != NULL && adopt(s, bytes, len) == 0) {
			s->generation = generation;
			s->next = (place + 1) % POLICY_STORE_PLACES;
		}
	}
	return s;
}

void policy_store_close(struct policy_store **store)
{
	if (*store == NULL) {
		return;
	}
	file_close(&(*store)->fd);
	free((*store)->bytes);
	free(*store);
	*store = NULL;
}

const struct policy *policy_store_policy(const struct policy_store *s)
{
	return &s->policy;
}

const uint8_t *policy_store_digest(const struct policy_store *s)
{
	return s->digest;
}

static bool write_place(struct policy_store *s)
{
	struct span bytes = { s->bytes, s->len };
	size_t size = HEAD_SIZE + s->len;
	uint8_t *whole OWNED(alloc_free) = alloc_zeroed(1, size);
	struct writer w = writer_over(whole, size);
	uint8_t sum[SHA256_SIZE];

	writer_bytes(&w, (struct span){ (const uint8_t *)magic, sizeof magic });
	writer_be64(&w, s->generation + 1);
	writer_be32(&w, (uint32_t)s->len);
	sha256_of_two(writer_span(&w), bytes, sum);
	writer_bytes(&w, (struct span){ sum, sizeof sum });
	writer_bytes(&w, bytes);
	if (!writer_ok(&w) ||
	    file_write_at(s->fd, writer_span(&w), (off_t)s->next * POLICY_STORE_PLACE_SIZE) != 0) {
		return false;
	}
	s->generation++;
	s->next = (s->next + 1) % POLICY_STORE_PLACES;
	return true;
}

int policy_store_set(struct policy_store *s, struct span digest, struct span bytes,
		     bool *out_is_remembered)
{
	uint8_t own[MESSAGE_POLICY_DIGEST];
	int error;

	policy_digest(bytes, own);
	if (!span_equal(digest, (struct span){ own, sizeof own })) {
		return ERR_MALFORMED;
	}
	error = adopt(s, (uint8_t *)alloc_span(bytes), bytes.len);
	if (error == 0) {
		*out_is_remembered = s->fd >= 0 && write_place(s);
	}
	return error;
}
