/*
 * fuzz.h - what the fuzz targets of this folder share.
 */
#pragma once

#include "base/span.h"

/* Reads every byte, so that a sanitizer sees a span that is not what it says. */
static inline void fuzz_touch(struct span bytes)
{
	static volatile uint8_t sum;

	for (size_t i = 0; i < bytes.len; i++) {
		sum = (uint8_t)(sum + bytes.ptr[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
