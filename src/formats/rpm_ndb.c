/*
 * rpm_ndb.c - a header of 32 bytes and slots of 16 fill the first pages; each slot says
 * in which blocks of 16 bytes a package's blob is:
 *
 *   file  "RpmP" version generation slot_pages next_package ...
 *   slot  "Slot" package first_block blocks
 *   blob  "BlbS" package time length | header | padding | adler32 length "BlbE"
 */
#include "formats/rpm_ndb.h"

#include "base/error.h"
#include "base/reader.h"

#define FILE_HEADER_SIZE 32
#define SLOT_SIZE        16
#define BLOCK_SIZE       16
#define BLOB_HEADER_SIZE 16
#define BLOB_TAIL_SIZE   12
#define SLOTS_OF_PAGE    (RPM_NDB_PAGE_SIZE / SLOT_SIZE)
#define VERSION          0

struct slot {
	bool is_good;
	uint32_t package;
	uint64_t first; /* byte of the file; 0: the slot is free */
	uint64_t size;
};

static int read_file(const struct rpm_ndb *db, uint64_t offset, uint8_t *to, size_t len)
{
	if (offset > db->file.size || len > db->file.size - offset) {
		return ERR_MALFORMED;
	}
	return db->file.read(db->file.context, offset, to, len);
}

static int read_head(const struct rpm_ndb *db, uint32_t *out_generation, uint32_t *out_pages)
{
	uint8_t bytes[FILE_HEADER_SIZE];
	struct reader r = reader_over((struct span){ bytes, sizeof bytes });
	struct span magic;
	uint32_t version;
	int error = read_file(db, 0, bytes, sizeof bytes);

	if (error != 0) {
		return error;
	}
	magic = reader_bytes(&r, 4);
	version = reader_le32(&r);
	*out_generation = reader_le32(&r);
	*out_pages = reader_le32(&r);
	if (!span_is(magic, "RpmP") || *out_pages == 0) {
		return ERR_MALFORMED;
	}
	return version == VERSION ? 0 : ERR_UNSUPPORTED;
}

int rpm_ndb_open(struct rpm_header_source file, struct rpm_ndb *out)
{
	uint32_t pages = 0;
	int error;

	*out = (struct rpm_ndb){ .file = file, .next = FILE_HEADER_SIZE / SLOT_SIZE };
	error = read_head(out, &out->generation, &pages);
	if (error != 0) {
		return error;
	}
	if (pages > RPM_NDB_SLOT_PAGES_MAX) {
		return ERR_LIMIT;
	}
	out->slot_count = pages * SLOTS_OF_PAGE;
	if (file.size < (uint64_t)pages * RPM_NDB_PAGE_SIZE) {
		return ERR_MALFORMED;
	}
	return read_file(out, 0, out->page, sizeof out->page);
}

static int take_slot(struct rpm_ndb *db, struct slot *out)
{
	uint32_t at = db->next % SLOTS_OF_PAGE;
	struct reader r;
	struct span magic;

	if (at == 0) {
		int error =
			read_file(db, (uint64_t)db->next * SLOT_SIZE, db->page, sizeof db->page);

		if (error != 0) {
			return error;
		}
	}
	db->next++;
	r = reader_over((struct span){ db->page + (size_t)at * SLOT_SIZE, SLOT_SIZE });
	magic = reader_bytes(&r, 4);
	out->package = reader_le32(&r);
	out->first = (uint64_t)reader_le32(&r) * BLOCK_SIZE;
	out->size = (uint64_t)reader_le32(&r) * BLOCK_SIZE;
	out->is_good = span_is(magic, "Slot");
	return 0;
}

/* Both ends of a blob; the sum in between would take reading all of it. ERR_MALFORMED where they
 * are not as they should be. */
static int read_blob(const struct rpm_ndb *db, const struct slot *slot, uint32_t *out_length)
{
	uint8_t bytes[BLOB_HEADER_SIZE + BLOB_TAIL_SIZE];
	struct reader r = reader_over((struct span){ bytes, sizeof bytes });
	struct span magic;
	uint32_t owner;
	uint64_t padding;
	int error;

	if (slot->package == 0 || slot->size < sizeof bytes) {
		return ERR_MALFORMED;
	}
	error = read_file(db, slot->first, bytes, BLOB_HEADER_SIZE);
	if (error == 0) {
		error = read_file(db, slot->first + slot->size - BLOB_TAIL_SIZE,
				  bytes + BLOB_HEADER_SIZE, BLOB_TAIL_SIZE);
	}
	if (error != 0) {
		return error;
	}
	magic = reader_bytes(&r, 4);
	owner = reader_le32(&r);
	(void)reader_le32(&r); /* when it was written */
	*out_length = reader_le32(&r);
	(void)reader_le32(&r);                             /* adler32 */
	padding = slot->size - sizeof bytes - *out_length; /* huge where that is too long */
	if (!span_is(magic, "BlbS") || owner != slot->package || padding >= BLOCK_SIZE ||
	    reader_le32(&r) != *out_length || !span_is(reader_rest(&r), "BlbE")) {
		return ERR_MALFORMED;
	}
	return 0;
}

static int read_header(void *context, uint64_t offset, uint8_t *to, size_t len)
{
	const struct rpm_ndb *db = context;

	return read_file(db, db->header + offset, to, len);
}

bool rpm_ndb_next(struct rpm_ndb *db, uint32_t *out_package, struct rpm_header_source *out_header)
{
	while (db->error == 0 && db->next < db->slot_count) {
		struct slot slot;
		uint32_t length = 0;
		int error;

		db->error = take_slot(db, &slot);
		if (db->error != 0 || (slot.is_good && slot.first == 0)) {
			continue;
		}
		error = slot.is_good ? read_blob(db, &slot, &length) : ERR_MALFORMED;
		if (error == 0) {
			db->header = slot.first + BLOB_HEADER_SIZE;
			*out_package = slot.package;
			*out_header = (struct rpm_header_source){ read_header, db, length };
			return true;
		}
		if (error == ERR_MALFORMED) {
			db->malformed++;
		} else {
			db->error = error;
		}
	}
	return false;
}

bool rpm_ndb_has_changed(const struct rpm_ndb *db)
{
	uint32_t generation = 0;
	uint32_t pages;

	return read_head(db, &generation, &pages) != 0 || generation != db->generation;
}
