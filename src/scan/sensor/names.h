/*
 * names.h - the process that looks names up, which blocks, and reads the resolver's files only.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "scan/address.h"
#include "sys/why.h"

#define NAMES_ADDRESSES_MAX 16

enum names_message {
	NAMES_ASK = 1, /* the name */
	NAMES_ANSWER,  /* addresses of sixteen bytes each; none: it has none */
};

MUST_USE int names_start(int *out_line, struct why *why);
