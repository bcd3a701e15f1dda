/*
 * address_text.h - network and link-layer addresses as text.
 */
#pragma once

#include "base/writer.h"

/* The longest text below, with a NUL. */
#define ADDRESS_TEXT_SIZE 64

/* Appends an IPv4 (4 bytes) or IPv6 (16 bytes, RFC 5952) address in network
 * order; nothing for another length. Appended whole or, where the writer fails, in part. */
void address_text_write(struct writer *w, struct span address);

/* Appends bytes in lower-case hexadecimal between colons, at most 20 bytes of them. */
void address_text_write_mac(struct writer *w, struct span mac);
