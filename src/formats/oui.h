/*
 * oui.h - lists of who made a network card, by the first bits of its address: IEEE's oui.txt (and
 * its mam.txt and oui36.txt), and nmap's nmap-mac-prefixes.
 *
 * A line that is none of theirs is passed over: lists have heads, addresses and empty lines.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

#define OUI_NAME_MAX 128u /* what is longer is cut */

struct oui {
	uint64_t prefix; /* the first bits of a MAC, as its highest of 48 bits */
	unsigned bits;   /* 24, 28 or 36 */
	struct span name;
};

/* The next entry; false at the end. */
bool oui_next(struct reader *text, struct oui *out);
