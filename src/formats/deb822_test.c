/* deb822_test.c - stanzas and fields. */
#include "formats/deb822.h"

#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void takes_fields_with_their_continuation_lines(void **state)
{
	struct deb822_stanzas it = deb822_stanzas_over(fixture("formats-deb822/sources"));
	struct deb822_fields fields;
	struct deb822_field field;
	struct span stanza;

	(void)state;
	assert_true(deb822_stanzas_next(&it, &stanza));
	fields = deb822_fields_over(stanza);
	assert_true(deb822_fields_next(&fields, &field));
	assert_true(deb822_field_is(&field, "types"));
	assert_true(span_is(field.value, "deb"));
	assert_true(deb822_fields_next(&fields, &field));
	assert_true(span_is(field.value, "http://deb.example.org/"));
	assert_true(deb822_fields_next(&fields, &field));
	assert_true(deb822_field_is(&field, "Suites"));
	assert_true(span_is(field.value, "stable\n# between\n updates"));
	assert_false(deb822_fields_next(&fields, &field));
	assert_int_equal(fields.malformed, 0);
	assert_true(deb822_stanzas_next(&it, &stanza));
	assert_true(span_is(span_trim(stanza), "Types : odd"));
	assert_false(deb822_stanzas_next(&it, &stanza));
}

static void counts_lines_that_are_no_fields(void **state)
{
	struct deb822_fields fields = deb822_fields_over(fixture("formats-deb822/bad"));
	struct deb822_field field;

	(void)state;
	assert_true(deb822_fields_next(&fields, &field));
	assert_true(span_is(field.name, "A"));
	assert_true(span_is(field.value, ""));
	assert_false(deb822_fields_next(&fields, &field));
	assert_int_equal(fields.malformed, 4);
}

static void tells_how_much_of_a_piece_is_whole(void **state)
{
	(void)state;
	assert_int_equal(deb822_whole(span_of("")), 0);
	assert_int_equal(deb822_whole(span_of("A: b\n")), 0);
	assert_int_equal(deb822_whole(span_of("A: b\n\nC: d\n")), 6);
	assert_int_equal(deb822_whole(span_of("A: b\n\n\n")), 7);
	assert_int_equal(deb822_whole(span_of("\n\nA: b\n ")), 0);
	assert_int_equal(deb822_whole(span_of("A: b\n\nC: d\n\nE")), 12);
}

static size_t count_fields(struct span file)
{
	struct deb822_stanzas it = deb822_stanzas_over(file);
	struct span stanza;
	size_t count = 0;

	while (deb822_stanzas_next(&it, &stanza)) {
		struct deb822_fields fields = deb822_fields_over(stanza);
		struct deb822_field field;

		while (deb822_fields_next(&fields, &field)) {
			count++;
		}
	}
	return count;
}

static void gives_the_same_in_pieces_as_in_one(void **state)
{
	struct span file = fixture("formats-deb822/stanzas");
	size_t all = count_fields(file);

	(void)state;
	for (size_t cut = 0; cut <= file.len; cut++) {
		size_t whole = deb822_whole(span_first(file, cut));

		assert_true(whole <= cut);
		assert_int_equal(count_fields(span_first(file, whole)) +
					 count_fields(span_after(file, whole)),
				 all);
	}
}

static void walk(struct span part)
{
	(void)count_fields(part);
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-deb822/stanzas"), walk);
}

static void wants_names_of_printable_ascii(void **state)
{
	static const char *const bad[] = { "A B: c",   "\tA: b", "A\x7f: b",
					   "A\xc3: b", "-A: b",  ": b" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct deb822_fields fields = deb822_fields_over(span_of(bad[i]));
		struct deb822_field field;

		assert_false(deb822_fields_next(&fields, &field));
		assert_int_equal(fields.malformed, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_fields_with_their_continuation_lines),
		cmocka_unit_test(counts_lines_that_are_no_fields),
		cmocka_unit_test(tells_how_much_of_a_piece_is_whole),
		cmocka_unit_test(gives_the_same_in_pieces_as_in_one),
		cmocka_unit_test(stops_at_every_truncation),
		cmocka_unit_test(wants_names_of_printable_ascii),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
