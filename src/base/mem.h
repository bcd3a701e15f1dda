/*
 * mem.h - copying, clearing and comparing memory without <string.h>, which a
 * freestanding compiler need not have. NULL is fine where len is 0.
 */
#pragma once

#include <stddef.h>

void mem_copy(void *restrict to, const void *restrict from, size_t len);
void mem_zero(void *at, size_t len);

/* <0, 0, >0 by the first byte that differs. Not constant time. */
int mem_compare(const void *a, const void *b, size_t len);
