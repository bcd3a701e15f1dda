/*
 * dns_name.h - names in messages of DNS, mDNS and NetBIOS (RFC 1035 section 4.1.4).
 *
 * Pure: at most 64 labels, 8 pointers, 255 bytes; what is more fails.
 */
#pragma once

#include "base/reader.h"
#include "base/writer.h"

#define DNS_NAME_TEXT_MAX 255

/* Moves over a name; what its pointer leads to is not looked at. */
void dns_name_skip(struct reader *r);

/* Appends the name at r as text, labels with dots between: bytes as they came. message: all of it,
 * for pointers. False, and nothing is appended, where it is not well-formed or is the root. */
bool dns_name_write(struct span message, struct reader r, struct writer *out);
