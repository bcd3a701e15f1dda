/*
 * span.h - borrowed bytes. The bytes belong to someone else and are never
 * assumed to end in NUL.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	const uint8_t *ptr;
	size_t len;
};

/* The characters of a NUL-terminated text, without the NUL; NULL gives an empty span. */
struct span span_of(const char *text);

bool span_equal(struct span a, struct span b);

/* True where the span holds exactly these characters. */
bool span_is(struct span bytes, const char *text);

bool span_starts_with(struct span bytes, const char *prefix);
bool span_ends_with(struct span bytes, const char *suffix);

/* <0, 0, >0 by unsigned bytes; a prefix sorts first. */
int span_compare(struct span a, struct span b);

/* Without the first len bytes; empty where it has fewer. */
struct span span_after(struct span bytes, size_t len);

/* The first len bytes, or all where it has fewer. */
struct span span_first(struct span bytes, size_t len);

/* Without spaces, tabs, CR and LF at both ends. */
struct span span_trim(struct span bytes);

/* The index of a byte, or bytes.len where it is not there. */
size_t span_find(struct span bytes, uint8_t byte);
