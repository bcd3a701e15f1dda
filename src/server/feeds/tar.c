/* tar.c - blocks of 512 bytes: a head with name, size and type, then the file (POSIX.1-2017,
 * ustar). */
#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "server/feeds/archive_parts.h"

#define BLOCK     512
#define NAME_SIZE 100
#define SIZE_AT   124
#define SUM_AT    148
#define TYPE_AT   156

static struct span until_nul(struct span field)
{
	return span_trim(span_first(field, span_find(field, 0)));
}

static bool head_is_valid(struct span head)
{
	uint64_t wanted;
	uint64_t sum = 0;

	for (size_t i = 0; i < head.len; i++) {
		sum += i >= SUM_AT && i < SUM_AT + 8 ? ' ' : head.ptr[i];
	}
	return head.len == BLOCK &&
	       text_to_octal(until_nul(span_first(span_after(head, SUM_AT), 8)), 1u << 20,
			     &wanted) == 0 &&
	       wanted == sum;
}

bool tar_is(struct span bytes)
{
	return head_is_valid(span_first(bytes, BLOCK));
}

static bool is_blank(struct span head)
{
	for (size_t i = 0; i < head.len; i++) {
		if (head.ptr[i] != 0) {
			return false;
		}
	}
	return true;
}

int tar_each(struct span bytes, struct archive_walk *walk)
{
	struct reader r = reader_over(bytes);
	int error = 0;

	while (error == 0) {
		struct span head = reader_bytes(&r, BLOCK);
		struct span body;
		uint64_t size;
		uint8_t type;

		if (reader_ok(&r) && is_blank(head)) {
			return 0; /* the end is two blocks of zeros; one will do */
		}
		if (!head_is_valid(head) ||
		    text_to_octal(until_nul(span_first(span_after(head, SIZE_AT), 12)),
				  UINT64_C(1) << 33, &size) != 0) {
			return why_set(walk->why, ERR_MALFORMED, "the tar is broken or cut off");
		}
		type = head.ptr[TYPE_AT];
		body = reader_bytes(&r, (size_t)size);
		(void)reader_bytes(&r, (size_t)((BLOCK - size % BLOCK) % BLOCK));
		if (!reader_ok(&r)) {
			return why_set(walk->why, ERR_MALFORMED, "the tar is cut off");
		}
		if (type == '0' || type == 0) {
			error = archive_count(walk, size);
			error = error != 0
					? error
					: archive_tell(walk, until_nul(span_first(head, NAME_SIZE)),
						       body);
		}
	}
	return error;
}
