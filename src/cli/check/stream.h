/*
 * stream.h - part of a file as a stream of bytes, inflated where it is gzipped.
 *
 * Every byte that is handed over counts against a budget that all streams of an image share, so
 * that no compression makes more work than that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <zlib.h>

#include "base/attr.h"
#include "sys/why.h"

#define STREAM_INPUT_SIZE 65536

struct stream {
	int fd; /* borrowed */
	uint64_t offset;
	uint64_t left; /* of the part */
	uint64_t *budget;
	bool is_gzip;
	bool is_ended; /* of the gzipped data */
	z_stream z;
	uint8_t input[STREAM_INPUT_SIZE];
};

/* ERR_UNSUPPORTED for zstd, xz and bzip2, with what to do instead. */
MUST_USE int stream_open(struct stream *s, int fd, uint64_t offset, uint64_t size, uint64_t *budget,
			 struct why *why);
void stream_close(struct stream *s);

/* A tar_source's read; context is the stream. ERR_MALFORMED, ERR_LIMIT (the budget), ERR_IO,
 * ERR_CLOSED where a signal came. */
MUST_USE int stream_read(void *context, uint8_t *to, size_t len, size_t *out_len);
