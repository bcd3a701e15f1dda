/*
 * frame.h - the protocol's frames: u32 length, big endian, then one CBOR array.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

/* The longest frame, without its length. */
#define FRAME_BYTES_MAX (1u << 20)
#define FRAME_HEAD_SIZE 4

/* The first frame of a stream's bytes. ERR_AGAIN where it is not all there yet,
 * ERR_LIMIT where its length is 0 or over FRAME_BYTES_MAX. out_size: with its length. */
MUST_USE int frame_next(struct span stream, struct span *out_frame, size_t *out_size);

/* Reserves room for a length; returns the mark for frame_end. */
size_t frame_begin(struct writer *w);

/* Fills the length in. A frame that is too long, or a writer that failed, leaves the writer failed.
 */
void frame_end(struct writer *w, size_t mark);
