/* found_store.c - read both, keep the newer; write the other. */
#include "scan/sensor/found_store.h"

#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/sha256.h"
#include "sys/file.h"
#include "sys/log.h"

#define MAGIC       "BTZFOUS1"
#define SUMMED_SIZE 24
#define HEAD_SIZE   (SUMMED_SIZE + SHA256_SIZE)
#define PIECE_BYTES (1u << 20)

static const char *const names[FOUND_STORE_FILES] = { "found.0", "found.1" };

static int read_at(int fd, struct buffer *out, size_t len, off_t offset)
{
	while (len > 0) {
		size_t piece = len < PIECE_BYTES ? len : PIECE_BYTES;
		uint8_t *at = buffer_reserve(out, piece);
		ssize_t got = at == NULL ? -1 : pread(fd, at, piece, offset);

		if (got <= 0) {
			return ERR_IO;
		}
		buffer_grow(out, (size_t)got);
		offset += got;
		len -= (size_t)got;
	}
	return 0;
}

/* One file: 0, and what it holds, where it is whole. */
static int read_file(int fd, uint64_t *out_generation, struct found **out)
{
	uint8_t head[HEAD_SIZE];
	struct buffer bytes OWNED(buffer_done);
	uint8_t sum[SHA256_SIZE];
	struct reader r;
	struct span word;
	uint64_t len;
	int error;

	buffer_init(&bytes, FOUND_FILE_MAX + PIECE_BYTES);
	r = reader_over(file_bytes_at(fd, head, sizeof head, 0));
	word = reader_bytes(&r, 8);
	*out_generation = reader_be64(&r);
	len = reader_be64(&r);
	if (!span_is(word, MAGIC) || len > FOUND_FILE_MAX) {
		return ERR_MALFORMED;
	}
	error = read_at(fd, &bytes, (size_t)len, HEAD_SIZE);
	if (error != 0) {
		return error;
	}
	sha256_of_two((struct span){ head, SUMMED_SIZE }, buffer_span(&bytes), sum);
	if (!span_equal(reader_rest(&r), (struct span){ sum, sizeof sum })) {
		return ERR_MALFORMED;
	}
	return found_read(buffer_span(&bytes), out);
}

void found_store_open(struct found_store *store, const struct state *state, struct found **out)
{
	struct found *newest = NULL;

	*store = (struct found_store){ .next = 0 };
	for (int i = 0; i < FOUND_STORE_FILES; i++) {
		struct found *found = NULL;
		uint64_t generation;
		struct why why;

		store->fds[i] = state_open_file(state, names[i], &why);
		if (store->fds[i] < 0) {
			log_warn("what is found is not remembered", log_text("reason", why.text));
			continue;
		}
		if (read_file(store->fds[i], &generation, &found) != 0) {
			continue;
		}
		if (newest != NULL && generation <= store->generation) {
			found_free(&found);
			continue;
		}
		found_free(&newest);
		newest = found;
		store->generation = generation;
		store->next = (i + 1) % FOUND_STORE_FILES;
	}
	*out = newest != NULL ? newest : found_new();
}

int found_store_write(struct found_store *store, const struct found *found)
{
	struct buffer bytes OWNED(buffer_done);
	uint8_t head[HEAD_SIZE];
	uint8_t sum[SHA256_SIZE];
	struct writer w = writer_over(head, sizeof head);
	int fd = store->fds[store->next];
	int error;

	buffer_init(&bytes, FOUND_FILE_MAX);
	error = fd < 0 ? ERR_IO : found_write(found, &bytes);
	if (error != 0) {
		return error;
	}
	writer_text(&w, MAGIC);
	writer_be64(&w, store->generation + 1);
	writer_be64(&w, buffer_span(&bytes).len);
	sha256_of_two(writer_span(&w), buffer_span(&bytes), sum);
	writer_bytes(&w, (struct span){ sum, sizeof sum });
	error = file_write_at(fd, buffer_span(&bytes), HEAD_SIZE);
	error = error == 0 ? file_write_at(fd, writer_span(&w), 0) : error;
	if (error == 0) {
		store->generation++;
		store->next = (store->next + 1) % FOUND_STORE_FILES;
	}
	return error;
}

void found_store_close(struct found_store *store)
{
	for (int i = 0; i < FOUND_STORE_FILES; i++) {
		file_close(&store->fds[i]);
	}
}
