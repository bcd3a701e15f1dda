/*
 * journal.h - files of systemd's journal (https://systemd.io/JOURNAL_FILE_FORMAT), read object by
 * object through a source, for whoever follows their ends.
 *
 * Regular and compact files, all checksums aside. Every offset and size is checked before it is
 * used; walking objects always goes on by at least 16 bytes. Compressed data is told as such and
 * not unpacked: only what is longer than 512 bytes is compressed.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

/* Fields of one entry that are looked at. */
#define JOURNAL_ITEMS_MAX 128

/* Reads exactly len bytes at an offset; false where there are not so many. */
struct journal_source {
	bool (*read)(void *context, uint64_t offset, uint8_t *out, size_t len);
	void *context;
};

struct journal_header {
	bool is_compact;
	bool is_archived;      /* nothing is written to it any more */
	uint8_t seqnum_id[16]; /* files with the same count entries together */
	uint64_t first_object; /* where objects begin */
	uint64_t tail_object;  /* the last one; 0 for none */
	uint64_t head_seqnum;  /* of the first entry; 0 for none */
	uint64_t tail_seqnum;  /* of the last one */
	uint64_t entries;
};

/* ERR_MALFORMED; ERR_UNSUPPORTED for features that nobody knows yet; ERR_IO where the source gives
 * nothing. */
MUST_USE int journal_header_read(const struct journal_source *source, struct journal_header *out);

enum { JOURNAL_DATA = 1, JOURNAL_ENTRY = 3 };

struct journal_object {
	uint64_t offset;
	uint64_t size;
	uint8_t type;
	bool is_compressed;
};

/* ERR_MALFORMED, ERR_IO. */
MUST_USE int journal_object_read(const struct journal_source *source,
				 const struct journal_header *header, uint64_t offset,
				 struct journal_object *out);

/* Where the next object is, if there is one. */
uint64_t journal_object_end(const struct journal_object *object);

struct journal_entry {
	uint64_t seqnum;
	uint64_t realtime_us;
	uint64_t items[JOURNAL_ITEMS_MAX]; /* offsets of data */
	size_t item_count;
};

/* Of an object of type JOURNAL_ENTRY. ERR_AGAIN where it is not yet written to its end;
 * ERR_MALFORMED, ERR_IO. */
MUST_USE int journal_entry_read(const struct journal_source *source,
				const struct journal_header *header,
				const struct journal_object *object, struct journal_entry *out);

struct journal_field {
	bool is_compressed; /* name and value are then not known */
	bool is_cut;        /* longer than the caller's bytes */
	struct span name;
	struct span value;
};

/* The data object at an offset, into the caller's bytes. ERR_MALFORMED, ERR_IO. */
MUST_USE int journal_field_read(const struct journal_source *source,
				const struct journal_header *header, uint64_t offset,
				uint8_t *bytes, size_t size, struct journal_field *out);
