/*
 * btf.h - where members of the running kernel's structs are: BTF (Documentation/bpf/btf.rst), as
 * the kernel gives it in /sys/kernel/btf/vmlinux.
 *
 * The bytes are little endian, as every machine is that this runs on.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

/* How deep nameless structs are entered for a member, and how many in all. */
#define BTF_DEPTH_MAX   4
#define BTF_LOOKUPS_MAX 256

struct btf_member {
	const char *of;     /* "task_struct" */
	const char *member; /* "mm", also within a nameless struct or union */
	bool is_found;
	uint32_t offset; /* bytes */
};

/* Finds as many as there are; ERR_MALFORMED where the bytes are no BTF, or are cut. The caller asks
 * is_found. */
MUST_USE int btf_find(struct span file, struct btf_member *wanted, size_t count);
