/*
 * sqlite_wal.h - write-ahead log of an SQLite database (fileformat2, section 4):
 * pages that were committed but not yet moved to the file. Private to sqlite_file.c.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

/* Frames that a log may have; SQLite itself moves them away after 1000. */
#define SQLITE_WAL_FRAMES_MAX 65536

/* Finds the frames of whole transactions, which have the log's salts and right checksums, and
 * the number of pages after the last. Nothing where there is none. ERR_LIMIT. */
MUST_USE int sqlite_wal_open(struct span wal, uint32_t page_size, struct span *frames,
			     uint32_t *page_count);

/* The newest form of a page; false where the log does not have it. */
bool sqlite_wal_find(struct span frames, uint32_t page_size, uint32_t number, struct span *page);
