/*
 * kernel_members.h - where members of the running kernel's structs are, for programs of BPF.
 */
#pragma once

#include "formats/btf.h"

/* Where the running kernel has members of its structs. ERR_NOT_FOUND where one of the first so many
 * is not there; ERR_IO and the like where the kernel tells nothing. */
MUST_USE int kernel_members(struct btf_member *wanted, size_t count, size_t required);
