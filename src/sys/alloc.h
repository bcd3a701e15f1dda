/*
 * alloc.h - memory for hosted programs: never fails, because limits are kept
 * where input enters; a program that is out of memory ends at once.
 */
#pragma once

#include "base/span.h"

/* Zeroed. Aborts on failure or overflow. Free with free(). */
void *alloc_zeroed(size_t count, size_t size);

/* As realloc for count elements of size; aborts on failure or overflow. New bytes are not zeroed.
 */
void *alloc_resize(void *old, size_t count, size_t size);
char *alloc_text(const char *text);

/* A NUL-terminated copy of the bytes. */
char *alloc_span(struct span bytes);

/* For OWNED(alloc_free) on any pointer variable: frees and nulls it. */
void alloc_free(void *pointer_to_pointer);
