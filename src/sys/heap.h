/*
 * heap.h - keeps the C library's heap small. A C library that has no such switches needs none:
 * musl gives back what is free by itself.
 */
#pragma once

/* One arena, and memory that is not needed goes back soon. Call it before the first allocation. */
void heap_keep_small(void);

/* Gives back what is free now. */
void heap_trim(void);
