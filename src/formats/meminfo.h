/*
 * meminfo.h - /proc/meminfo (proc_meminfo(5)).
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

/* MemTotal in bytes. ERR_NOT_FOUND, or ERR_MALFORMED. */
MUST_USE int meminfo_total_bytes(struct span file, uint64_t *out);
