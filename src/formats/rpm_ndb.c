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

#define FILE_HEADER_SIZE 32
#define SLOT_SIZE        16
#define BLOCK_SIZE       16
#define BLOB_HEADER_SIZE 16
#define BLOB_TAIL_SIZE   12
#define SLOT_PAGE_SIZE   4096
#define VERSION          0

int rpm_ndb_over(struct span file, struct rpm_ndb_iterator *out)
{
	struct reader r = reader_over(file);
	struct span magic = reader_bytes(&r, 4);
	uint32_t version = reader_le32(&r);
	uint32_t slot_pages;

	(void)reader_le32(&r); /* generation */
	slot_pages = reader_le32(&r);
	(void)reader_bytes(&r, FILE_HEADER_SIZE - 16);
	if (!span_is(magic, "RpmP") || slot_pages == 0) {
		return ERR_MALFORMED;
	}
	if (version != VERSION) {
		return ERR_UNSUPPORTED;
	}
	if (slot_pages > RPM_NDB_SLOT_PAGES_MAX) {
		return ERR_LIMIT;
	}
	*out = (struct rpm_ndb_iterator){
		.file = file,
		.slots = reader_over(
			reader_bytes(&r, (size_t)slot_pages * SLOT_PAGE_SIZE - FILE_HEADER_SIZE)),
	};
	return reader_ok(&r) ? 0 : ERR_MALFORMED;
}

static bool take_blob(struct span blocks, uint32_t package, struct span *header)
{
	struct reader r = reader_over(blocks);
	struct span magic = reader_bytes(&r, 4);
	uint32_t owner = reader_le32(&r);
	uint32_t length;
	struct span content;

	(void)reader_le32(&r); /* when it was written */
	length = reader_le32(&r);
	content = reader_bytes(&r, length);
	if (reader_left(&r) < BLOB_TAIL_SIZE || reader_left(&r) >= BLOB_TAIL_SIZE + BLOCK_SIZE) {
		return false;
	}
	(void)reader_bytes(&r, reader_left(&r) - BLOB_TAIL_SIZE + 4); /* padding, adler32 */
	if (!span_is(magic, "BlbS") || owner != package || reader_le32(&r) != length ||
	    !span_is(reader_rest(&r), "BlbE")) {
		return false;
	}
	*header = content;
	return true;
}

bool rpm_ndb_next(struct rpm_ndb_iterator *it, uint32_t *package_index, struct span *header)
{
	while (reader_left(&it->slots) > 0) {
		struct reader slot = reader_over(reader_bytes(&it->slots, SLOT_SIZE));
		struct span magic = reader_bytes(&slot, 4);
		uint32_t package = reader_le32(&slot);
		size_t first = (size_t)reader_le32(&slot) * BLOCK_SIZE;
		size_t size = (size_t)reader_le32(&slot) * BLOCK_SIZE;

		if (span_is(magic, "Slot") && first == 0) { /* free */
			continue;
		}
		if (span_is(magic, "Slot") && package != 0 &&
		    take_blob(span_first(span_after(it->file, first), size), package, header)) {
			*package_index = package;
			return true;
		}
		it->malformed++;
	}
	return false;
}
