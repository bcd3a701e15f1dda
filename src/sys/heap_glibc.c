/* heap_glibc.c - mallopt(3), malloc_trim(3). */
#include "sys/heap.h"

#include <malloc.h>

void heap_keep_small(void)
{
	(void)mallopt(M_ARENA_MAX, 1);
	(void)mallopt(M_TRIM_THRESHOLD, 64 * 1024);
	(void)mallopt(M_MMAP_THRESHOLD, 64 * 1024);
}

void heap_trim(void)
{
	(void)malloc_trim(0);
}
