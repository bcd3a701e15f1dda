/*
 * interface_names.h - the names of interfaces by their index, from one rtnetlink dump.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "agent/machine.h"
#include "base/attr.h"

/* The kernel's IFNAMSIZ, and what is looked at in a dump. */
#define INTERFACE_NAME_SIZE 16
#define INTERFACES_MAX      65536

struct interface_name {
	uint32_t index;
	char name[INTERFACE_NAME_SIZE];
};

struct interface_names {
	struct interface_name *names;
	size_t count;
	size_t capacity;
};

void interface_names_done(struct interface_names *names);

/* Adds one. */
void interface_names_add(struct interface_names *names, uint32_t index, struct span name);

/* NULL where there is none. */
const char *interface_names_find(const struct interface_names *names, uint32_t index);

/* Asks the kernel. As netlink_dump. */
MUST_USE int interface_names_read(const struct machine *machine, struct interface_names *out);
