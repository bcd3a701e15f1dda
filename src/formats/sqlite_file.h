/*
 * sqlite_file.h - reads tables of an SQLite 3 database file
 * (https://www.sqlite.org/fileformat2.html) without SQLite.
 *
 * Read-only and without memory of its own: it asks for one page at a time and keeps
 * none. Depth and the number of pages visited are bounded, so that no file, however wrong, keeps it
 * walking. Large values are read in pieces. A rollback journal is not looked at: a database that
 * was left in the midst of a transaction without a write-ahead log is read as it lies there.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

#define SQLITE_FILE_HEADER_SIZE 100
#define SQLITE_FILE_DEPTH_MAX   20    /* SQLite's own limit of a b-tree's depth */
#define SQLITE_FILE_COLUMNS_MAX 256   /* that a row may have here */
#define SQLITE_FILE_SCHEMA_MAX  10000 /* rows of sqlite_schema that are looked at */

/* Where pages come from. page() gives the whole page of a number (1 is the first) or an error;
 * its bytes stay valid until it is called again. */
struct sqlite_file_source {
	int (*page)(void *context, uint32_t number, struct span *out);
	void *context;
};

/* Fields are private to sqlite_file.c, but page_size. */
struct sqlite_file {
	struct sqlite_file_source source;
	struct span whole; /* where there is no source */
	struct span wal;   /* its committed part; empty where there is none */
	uint32_t page_size;
	uint32_t usable_size;
	uint32_t page_count;
};

/* Over pages from a source. The header is the file's first 100 bytes. ERR_MALFORMED, or
 * ERR_UNSUPPORTED for text that is not UTF-8. */
MUST_USE int sqlite_file_from(struct span header, struct sqlite_file_source source,
			      uint32_t page_count, struct sqlite_file *out);

/* Over a whole file, and its write-ahead log, which may be empty: what was
 * committed there and not yet moved to the file is seen. Both must outlive out. */
MUST_USE int sqlite_file_over(struct span whole, struct span wal, struct sqlite_file *out);

/* The root page of an ordinary table. ERR_NOT_FOUND, ERR_UNSUPPORTED for one WITHOUT ROWID,
 * ERR_MALFORMED, or the source's error. */
MUST_USE int sqlite_file_table(const struct sqlite_file *file, const char *name,
			       uint32_t *root_page);

struct sqlite_file_level {
	uint32_t page;
	uint32_t cell;
};

/* Fields are private to sqlite_file.c, but error. */
struct sqlite_file_rows {
	const struct sqlite_file *file;
	struct sqlite_file_level levels[SQLITE_FILE_DEPTH_MAX];
	size_t depth;
	uint32_t pages_visited;
	int error; /* after the last row: 0, or why there are no more */
	/* the row at hand */
	int64_t rowid;
	uint64_t payload_size;
	uint32_t local_page;
	uint32_t local_offset;
	uint32_t local_size;
	uint32_t overflow_page;
	/* where the last read in the overflow chain ended: reading forward is cheap */
	uint32_t seek_page;
	uint64_t seek_offset;
};

struct sqlite_file_rows sqlite_file_rows_over(const struct sqlite_file *file, uint32_t root_page);

/* The next row, in the order of rowids; false at the end, where error tells how it ended. */
bool sqlite_file_rows_next(struct sqlite_file_rows *it, int64_t *rowid);

enum sqlite_file_type {
	SQLITE_FILE_NULL,
	SQLITE_FILE_INTEGER,
	SQLITE_FILE_REAL,
	SQLITE_FILE_TEXT,
	SQLITE_FILE_BLOB,
};

struct sqlite_file_value {
	enum sqlite_file_type type;
	int64_t integer;
	uint64_t offset; /* of text, blob and real within the row, for sqlite_file_read() */
	uint64_t size;
};

/* A column of the row at hand, counted from 0. ERR_NOT_FOUND where the row has fewer (the column
 * was added later), ERR_MALFORMED, or the source's error. An INTEGER PRIMARY KEY column is null: it
 * is the rowid. */
MUST_USE int sqlite_file_column(struct sqlite_file_rows *it, size_t column,
				struct sqlite_file_value *out);

/* Copies len bytes of the row at hand. ERR_MALFORMED, or the source's error. */
MUST_USE int sqlite_file_read(struct sqlite_file_rows *it, uint64_t offset, uint8_t *to,
			      size_t len);
