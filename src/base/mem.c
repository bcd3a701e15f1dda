/* mem.c - over the builtins that every C compiler lowers to the best it has. */
#include "base/mem.h"

void mem_copy(void *restrict to, const void *restrict from, size_t len)
{
	if (len > 0) {
		__builtin_memcpy(to, from, len);
	}
}

void mem_zero(void *at, size_t len)
{
	if (len > 0) {
		__builtin_memset(at, 0, len);
	}
}

int mem_compare(const void *a, const void *b, size_t len)
{
	return len > 0 ? __builtin_memcmp(a, b, len) : 0;
}
