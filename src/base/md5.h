/*
 * md5.h - MD5 (RFC 1321), of one piece. Broken long ago: a name for bytes that others have named
 * so, as lists of icons do, and never a proof of anything.
 */
#pragma once

#include "base/span.h"

#define MD5_SIZE 16

void md5_of(struct span bytes, uint8_t out[MD5_SIZE]);
