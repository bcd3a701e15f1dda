/* heap_plain.c - C libraries without such switches. */
#include "sys/heap.h"

void heap_keep_small(void)
{
}

void heap_trim(void)
{
}
