/* known_keys.c - a sorted array of digests. */
#include "scan/tls/known_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/sha256.h"
#include "base/text.h"
#include "sys/alloc.h"
#include "sys/buffer.h"
#include "sys/file.h"

#define DIGEST_SIZE     32
#define DIGEST_HEX_SIZE (2 * (size_t)DIGEST_SIZE)
#define FILE_SIZE_MAX   (256u << 20)

struct known_keys {
	uint8_t (*digests)[DIGEST_SIZE];
	size_t count;
	size_t capacity;
};

static int by_digest(const void *a, const void *b)
{
	return memcmp(a, b, DIGEST_SIZE);
}

static int add(struct known_keys *keys, struct span line, size_t number, struct why *why)
{
	if (keys->count == KNOWN_KEYS_MAX) {
		return why_set(why, ERR_LIMIT, "more than %d keys", KNOWN_KEYS_MAX);
	}
	if (keys->count == keys->capacity) {
		keys->capacity = keys->capacity == 0 ? 64 : 2 * keys->capacity;
		keys->digests = alloc_resize(keys->digests, keys->capacity, DIGEST_SIZE);
	}
	if (text_from_hex(span_first(line, span_find(line, ' ')), keys->digests[keys->count],
			  DIGEST_SIZE) != 0) {
		return why_set(why, ERR_MALFORMED, "line %zu does not begin with %zu digits",
			       number, DIGEST_HEX_SIZE);
	}
	keys->count++;
	return 0;
}

int known_keys_parse(struct span text, struct known_keys **out, struct why *why)
{
	struct known_keys *keys = alloc_zeroed(1, sizeof *keys);
	struct reader r = reader_over(text);

	for (size_t number = 1; reader_left(&r) > 0; number++) {
		struct span line = span_trim(reader_line(&r));
		int error = 0;

		if (line.len > 0 && line.ptr[0] != '#') {
			error = add(keys, line, number, why);
		}
		if (error != 0) {
			known_keys_free(&keys);
			return error;
		}
	}
	if (keys->count > 0) {
		qsort(keys->digests, keys->count, DIGEST_SIZE, by_digest);
	}
	*out = keys;
	return 0;
}

int known_keys_read(const char *path, struct known_keys **out, struct why *why)
{
	struct buffer text;
	int error;

	buffer_init(&text, FILE_SIZE_MAX);
	error = file_read(path, &text);
	if (error != 0) {
		error = why_set(why, error, "%s: %s", path, error_text(error));
	} else {
		error = known_keys_parse(buffer_span(&text), out, why);
	}
	buffer_done(&text);
	return error;
}

void known_keys_free(struct known_keys **keys)
{
	if (*keys != NULL) {
		free((*keys)->digests);
		free(*keys);
		*keys = NULL;
	}
}

bool known_keys_have(const struct known_keys *keys, struct span key_info)
{
	uint8_t digest[DIGEST_SIZE];

	if (keys == NULL || keys->count == 0) {
		return false;
	}
	sha256_of(key_info, digest);
	return bsearch(digest, keys->digests, keys->count, DIGEST_SIZE, by_digest) != NULL;
}
