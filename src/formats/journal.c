/*
 * journal.c - all numbers are little endian.
 *
 *	header  signature 8, compatible 4, incompatible 4, state 1, reserved 7, file id 16,
 *	        machine id 16, boot id 16, seqnum id 16, header size 8, arena size 8, data hash
 *table 16, field hash table 16, tail object 8, objects 8, entries 8, tail seqnum 8, head seqnum 8,
 *... object  type 1, flags 1, reserved 6, size 8 entry   seqnum 8, realtime 8, monotonic 8, boot id
 *16, xor hash 8, items: offset 8, hash 8 (compact: offset 4) data    hash 8, next in hash 8, next
 *of field 8, entry 8, entry array 8, entries 8, payload (compact: 8 more before it)
 */
#include "formats/journal.h"

#include "base/error.h"
#include "base/reader.h"

#define HEADER_SIZE  184 /* as far as it is read; the oldest has 208 */
#define HEADER_LEAST 208
#define HEADER_MOST  65536

#define OBJECT_SIZE        16
#define ENTRY_HEAD         48
#define DATA_HEAD          48
#define DATA_COMPACT_EXTRA 8

enum { COMPACT = 16, KNOWN_FEATURES = 31 };
enum { STATE_ARCHIVED = 2 };
enum { COMPRESSED_FLAGS = 7 };

#define TYPE_LAST 7

int journal_header_read(const struct journal_source *source, struct journal_header *out)
{
	struct journal_header header = { .is_compact = false };
	uint8_t bytes[HEADER_SIZE];
	struct reader r = reader_over((struct span){ bytes, sizeof bytes });
	struct span signature;
	struct span id;
	uint32_t features;

	if (!source->read(source->context, 0, bytes, sizeof bytes)) {
		return ERR_IO;
	}
	signature = reader_bytes(&r, 8);
	(void)reader_le32(&r);
	features = reader_le32(&r);
	header.is_compact = (features & COMPACT) != 0;
	header.is_archived = reader_u8(&r) == STATE_ARCHIVED;
	(void)reader_bytes(&r, 7 + 48);
	id = reader_bytes(&r, sizeof header.seqnum_id);
	for (size_t i = 0; i < id.len; i++) {
		header.seqnum_id[i] = id.ptr[i];
	}
	header.first_object = reader_le64(&r);
	(void)reader_bytes(&r, 8 + 16 + 16);
	header.tail_object = reader_le64(&r);
	(void)reader_le64(&r);
	header.entries = reader_le64(&r);
	header.tail_seqnum = reader_le64(&r);
	header.head_seqnum = reader_le64(&r);
	if (!reader_ok(&r) || !span_is(signature, "LPKSHHRH") ||
	    header.first_object < HEADER_LEAST || header.first_object > HEADER_MOST ||
	    header.first_object % 8 != 0 || header.tail_object % 8 != 0) {
		return ERR_MALFORMED;
	}
	if ((features & ~(uint32_t)KNOWN_FEATURES) != 0) {
		return ERR_UNSUPPORTED;
	}
	*out = header;
	return 0;
}

int journal_object_read(const struct journal_source *source, const struct journal_header *header,
			uint64_t offset, struct journal_object *out)
{
	struct journal_object object = { .offset = offset };
	uint8_t bytes[OBJECT_SIZE];
	struct reader r = reader_over((struct span){ bytes, sizeof bytes });

	if (offset < header->first_object || offset % 8 != 0 || offset > INT64_MAX) {
		return ERR_MALFORMED;
	}
	if (!source->read(source->context, offset, bytes, sizeof bytes)) {
		return ERR_IO;
	}
	object.type = reader_u8(&r);
	object.is_compressed = (reader_u8(&r) & COMPRESSED_FLAGS) != 0;
	(void)reader_bytes(&r, 6);
	object.size = reader_le64(&r);
	if (object.size < OBJECT_SIZE || object.size > INT64_MAX - offset - 8 ||
	    object.type > TYPE_LAST) {
		return ERR_MALFORMED;
	}
	*out = object;
	return 0;
}

uint64_t journal_object_end(const struct journal_object *object)
{
	return (object->offset + object->size + 7) / 8 * 8;
}

int journal_entry_read(const struct journal_source *source, const struct journal_header *header,
		       const struct journal_object *object, struct journal_entry *out)
{
	uint8_t bytes[ENTRY_HEAD + JOURNAL_ITEMS_MAX * 16];
	struct journal_entry entry = { .item_count = 0 };
	size_t item_size = header->is_compact ? 4 : 16;
	uint64_t left = object->size - OBJECT_SIZE;
	size_t len = left < sizeof bytes ? (size_t)left : sizeof bytes;
	struct reader r = reader_over((struct span){ bytes, len });

	if (object->type != JOURNAL_ENTRY || left < ENTRY_HEAD) {
		return ERR_MALFORMED;
	}
	if (!source->read(source->context, object->offset + OBJECT_SIZE, bytes, len)) {
		return ERR_IO;
	}
	entry.seqnum = reader_le64(&r);
	entry.realtime_us = reader_le64(&r);
	(void)reader_bytes(&r, ENTRY_HEAD - 16);
	while (reader_left(&r) >= item_size && entry.item_count < JOURNAL_ITEMS_MAX) {
		uint64_t offset = header->is_compact ? reader_le32(&r) : reader_le64(&r);

		if (!header->is_compact) {
			(void)reader_le64(&r);
		}
		if (offset == 0) {
			return ERR_AGAIN;
		}
		entry.items[entry.item_count++] = offset;
	}
	if (entry.seqnum == 0 || entry.realtime_us == 0) {
		return ERR_AGAIN;
	}
	*out = entry;
	return 0;
}

int journal_field_read(const struct journal_source *source, const struct journal_header *header,
		       uint64_t offset, uint8_t *bytes, size_t size, struct journal_field *out)
{
	size_t head = OBJECT_SIZE + DATA_HEAD + (header->is_compact ? DATA_COMPACT_EXTRA : 0);
	struct journal_field field = { .is_cut = false };
	struct journal_object object;
	struct span payload;
	size_t equals;
	int error = journal_object_read(source, header, offset, &object);

	if (error != 0) {
		return error;
	}
	if (object.type != JOURNAL_DATA || object.size < head) {
		return ERR_MALFORMED;
	}
	field.is_compressed = object.is_compressed;
	field.is_cut = object.size - head > size;
	payload = (struct span){ bytes, field.is_cut ? size : (size_t)(object.size - head) };
	if (!object.is_compressed) {
		if (!source->read(source->context, offset + head, bytes, payload.len)) {
			return ERR_IO;
		}
		equals = span_find(payload, '=');
		field.name = span_first(payload, equals);
		field.value = span_after(payload, equals + 1);
	}
	*out = field;
	return 0;
}
