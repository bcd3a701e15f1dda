/* journal_test.c - files that systemd-journal-remote 252 wrote (without their hash tables). */
#include "formats/journal.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/writer.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static bool read_span(void *context, uint64_t offset, uint8_t *out, size_t len)
{
	const struct span *file = context;

	if (offset > file->len || len > file->len - offset) {
		return false;
	}
	mem_copy(out, file->ptr + offset, len);
	return true;
}

/* All that is in the fields MESSAGE, a line each; returns the number of entries. */
static size_t messages(struct span file, struct writer *w)
{
	const struct journal_source source = { read_span, &file };
	struct journal_header header;
	struct journal_object object;
	struct journal_entry entry;
	struct journal_field field;
	uint8_t bytes[256];
	size_t count = 0;
	uint64_t at;

	if (journal_header_read(&source, &header) != 0) {
		return 0;
	}
	for (at = header.first_object;
	     at <= header.tail_object && journal_object_read(&source, &header, at, &object) == 0;
	     at = journal_object_end(&object)) {
		if (journal_entry_read(&source, &header, &object, &entry) != 0) {
			continue;
		}
		count++;
		for (size_t i = 0; i < entry.item_count; i++) {
			if (journal_field_read(&source, &header, entry.items[i], bytes,
					       sizeof bytes, &field) == 0 &&
			    span_is(field.name, "MESSAGE")) {
				writer_bytes(w, field.value);
				writer_u8(w, '\n');
			}
		}
	}
	return count;
}

static void check_messages(const char *path)
{
	uint8_t text[2048];
	struct writer w = writer_over(text, sizeof text);
	struct span found;

	assert_int_equal(messages(fixture(path), &w), 9);
	assert_true(writer_ok(&w));
	found = writer_span(&w);
	assert_true(span_starts_with(found, "Accepted publickey for bob from 192.0.2.7 port 50122 "
					    "ssh2: RSA SHA256:x\npam_unix(sshd:session): "));
	assert_true(span_ends_with(found, "shell=/bin/bash, from=/dev/pts/0\n"));
}

static void reads_compact_and_regular_files(void **state)
{
	(void)state;
	check_messages("formats-journal/compact");
	check_messages("formats-journal/regular");
}

static void reads_header_and_entries(void **state)
{
	struct span file = fixture("formats-journal/compact");
	const struct journal_source source = { read_span, &file };
	struct journal_header header;
	struct journal_object object;
	struct journal_entry entry;
	uint64_t at;

	(void)state;
	assert_int_equal(journal_header_read(&source, &header), 0);
	assert_true(header.is_compact);
	assert_int_equal(header.entries, 9);
	assert_int_equal(header.head_seqnum, 1);
	assert_int_equal(header.tail_seqnum, 9);
	at = header.first_object;
	do {
		assert_int_equal(journal_object_read(&source, &header, at, &object), 0);
		at = journal_object_end(&object);
	} while (object.type != JOURNAL_ENTRY);
	assert_int_equal(journal_entry_read(&source, &header, &object, &entry), 0);
	assert_int_equal(entry.seqnum, 1);
	assert_int_equal(entry.realtime_us, 1795313460500000);
}

static void cuts_what_is_longer_than_the_room(void **state)
{
	struct span file = fixture("formats-journal/compact");
	const struct journal_source source = { read_span, &file };
	struct journal_header header;
	struct journal_object object;
	struct journal_field field;
	uint8_t bytes[10];
	uint64_t at;
	int error;

	(void)state;
	assert_int_equal(journal_header_read(&source, &header), 0);
	at = header.first_object;
	do {
		assert_int_equal(journal_object_read(&source, &header, at, &object), 0);
		at = journal_object_end(&object);
		error = journal_field_read(&source, &header, object.offset, bytes, sizeof bytes,
					   &field);
	} while (error != 0 || !span_is(field.name, "MESSAGE"));
	assert_true(field.is_cut);
	assert_true(span_is(field.value, "Ac"));
}

static void refuses_what_it_does_not_know(void **state)
{
	struct span good = fixture("formats-journal/compact");
	uint8_t bytes[400];
	struct span file = { bytes, sizeof bytes };
	const struct journal_source source = { read_span, &file };
	struct journal_header header;
	struct journal_object object;

	(void)state;
	memcpy(bytes, good.ptr, sizeof bytes);
	bytes[12] |= 0x40;
	assert_int_equal(journal_header_read(&source, &header), ERR_UNSUPPORTED);
	bytes[0] = 'X';
	assert_int_equal(journal_header_read(&source, &header), ERR_MALFORMED);
	memcpy(bytes, good.ptr, sizeof bytes);
	assert_int_equal(journal_header_read(&source, &header), 0);
	assert_int_equal(journal_object_read(&source, &header, header.first_object + 4, &object),
			 ERR_MALFORMED);
	bytes[header.first_object + 8] = 15; /* a size below that of its head */
	bytes[header.first_object + 9] = 0;
	assert_int_equal(journal_object_read(&source, &header, header.first_object, &object),
			 ERR_MALFORMED);
	memset(bytes + header.first_object + 8, 0xff, 8);
	assert_int_equal(journal_object_read(&source, &header, header.first_object, &object),
			 ERR_MALFORMED);
}

static void walk(struct span part)
{
	uint8_t text[2048];
	struct writer w = writer_over(text, sizeof text);

	assert_true(messages(part, &w) <= 9);
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-journal/compact"), walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_compact_and_regular_files),
		cmocka_unit_test(reads_header_and_entries),
		cmocka_unit_test(cuts_what_is_longer_than_the_room),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
