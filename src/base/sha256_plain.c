/* sha256_plain.c - processors without instructions for SHA-256 that we would know. */
#include "base/sha256_cpu.h"

sha256_blocks *sha256_cpu(void)
{
	return (sha256_blocks *)0;
}

sha256_blocks *sha256_cpu_known(void)
{
	return NULL;
}
