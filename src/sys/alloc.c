/* alloc.c - the allocator, with an end instead of a failure. */
#include "sys/alloc.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

static void *end_where_empty(void *memory)
{
	static const char message[] = "out of memory\n";

	if (memory == NULL) {
		/* nothing that could allocate */
		ssize_t ignored = write(STDERR_FILENO, message, sizeof message - 1);
		(void)ignored;
		abort();
	}
	return memory;
}

void *alloc_zeroed(size_t count, size_t size)
{
	bool is_nothing = count == 0 || size == 0;

	/* calloc checks the product; of nothing it may give NULL */
	return end_where_empty(is_nothing ? calloc(1, 1) : calloc(count, size));
}

void *alloc_resize(void *old, size_t count, size_t size)
{
	bool is_nothing = count == 0 || size == 0;

	return end_where_empty(is_nothing ? realloc(old, 1) : reallocarray(old, count, size));
}

char *alloc_text(const char *text)
{
	return alloc_span(span_of(text));
}

char *alloc_span(struct span bytes)
{
	char *copy = alloc_zeroed(bytes.len + 1, 1);

	mem_copy(copy, bytes.ptr, bytes.len);
	return copy;
}

void alloc_free(void *pointer_to_pointer)
{
	void *pointer;

	/* through a copy, because a T ** may not be read as a void ** */
	mem_copy(&pointer, pointer_to_pointer, sizeof pointer);
	free(pointer);
	mem_zero(pointer_to_pointer, sizeof pointer);
}
