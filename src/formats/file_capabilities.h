/*
 * file_capabilities.h - what a program may that others may not: the extended attribute
 * security.capability (capabilities(7), linux/capability.h), and its text as getcap(8) prints it.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "base/writer.h"

/* The attribute's greatest size. */
#define FILE_CAPABILITIES_MAX 24

struct file_capabilities {
	uint64_t permitted; /* a bit a capability, CAP_CHOWN is the first */
	uint64_t inheritable;
	bool is_effective;
	uint32_t root_id; /* the user that is root where it counts; 0 but in user namespaces */
};

/* Versions 1, 2 and 3; ERR_UNSUPPORTED for others, ERR_MALFORMED. */
MUST_USE int file_capabilities_parse(struct span attribute, struct file_capabilities *out);

/* "cap_net_raw=ep"; nothing where there are none. */
void file_capabilities_write(const struct file_capabilities *capabilities, struct writer *out);
