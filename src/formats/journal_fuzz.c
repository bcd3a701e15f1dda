#include "formats/journal.h"

#include "base/mem.h"
#include "formats/fuzz.h"

static bool read_span(void *context, uint64_t offset, uint8_t *out, size_t len)
{
	const struct span *file = context;

	if (offset > file->len || len > file->len - offset) {
		return false;
	}
	mem_copy(out, file->ptr + offset, len);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span file = { data, size };
	const struct journal_source source = { read_span, &file };
	struct journal_header header;
	struct journal_object object;
	struct journal_entry entry;
	struct journal_field field;
	uint8_t bytes[512];
	uint64_t at;

	if (journal_header_read(&source, &header) != 0) {
		return 0;
	}
	for (at = header.first_object; journal_object_read(&source, &header, at, &object) == 0;
	     at = journal_object_end(&object)) {
		if (journal_entry_read(&source, &header, &object, &entry) != 0) {
			continue;
		}
		for (size_t i = 0; i < entry.item_count; i++) {
			if (journal_field_read(&source, &header, entry.items[i], bytes,
					       sizeof bytes, &field) == 0) {
				fuzz_touch(field.name);
				fuzz_touch(field.value);
			}
		}
	}
	return 0;
}
