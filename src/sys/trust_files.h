/*
 * trust_files.h - for tests: the certificates of tests/corpus/sys-trust, read into slots that each
 * test has of its own and may change.
 */
#pragma once

#include <stdint.h>

#include "base/span.h"

#define TRUST_FILE_MAX 4096
/* 2026-11-22: when the files were made, and hours more. */
#define TRUST_FILES_NOW INT64_C(1795340000)

/* A file of the corpus in a slot; the test fails where there is none. */
struct span trust_file(uint8_t slot[static TRUST_FILE_MAX], const char *name);
