/*
 * proc_cpuinfo.h - /proc/cpuinfo, which every architecture writes in its own words.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

/* The first processor's model, borrowed: "model name", else what the architecture has
 * in its place (Hardware, Model, cpu, ...). ERR_NOT_FOUND where none is stated. */
MUST_USE int proc_cpuinfo_model(struct span file, struct span *out);
