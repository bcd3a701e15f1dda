/* output_test.c - columns that line up, CSV that every reader takes, nothing a terminal would obey.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"

static const char *const columns[] = { "name", "count", "note", NULL };

/* What a sheet prints; to be freed. */
static char *printed(struct sheet *sheet, enum output output, unsigned width)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	sheet_print(sheet, output, width, to);
	fclose(to);
	sheet_free(&sheet);
	return text;
}

static struct sheet *sheet_of(const char *const *cells)
{
	struct sheet *sheet = sheet_new(columns);

	for (; *cells != NULL; cells++) {
		sheet_text(sheet, span_of(*cells));
	}
	return sheet;
}

static void assert_printed(struct sheet *sheet, enum output output, unsigned width,
			   const char *expected)
{
	char *text = printed(sheet, output, width);

	assert_string_equal(text, expected);
	free(text);
}

static void columns_line_up_and_numbers_to_the_right(void **state)
{
	const char *cells[] = { "a", "1", "short", "bcd", "1000", "", NULL };

	(void)state;
	assert_printed(sheet_of(cells), OUTPUT_TABLE, 0,
		       "name  count  note\n"
		       "a         1  short\n"
		       "bcd    1000  \n");
}

static void wide_and_combining_characters_count_as_they_are_shown(void **state)
{
	const char *cells[] = { "\xe6\xbc\xa2\xe5\xad\x97", "x", "1", "e\xcc\x81", "y", "2", NULL };

	(void)state;
	assert_printed(sheet_of(cells), OUTPUT_TABLE, 0,
		       "name  count  note\n"
		       "\xe6\xbc\xa2\xe5\xad\x97  x         1\n"
		       "e\xcc\x81     y         2\n");
}

static void a_narrow_terminal_cuts_the_widest_column(void **state)
{
	const char *cells[] = { "a", "1", "a long note that does not fit", NULL };

	(void)state;
	assert_printed(sheet_of(cells), OUTPUT_TABLE, 24,
		       "name  count  note\n"
		       "a         1  a long not\xe2\x80\xa6\n");
}

static void what_is_piped_is_never_cut(void **state)
{
	const char *cells[] = { "a", "1", "a long note that does not fit", NULL };

	(void)state;
	assert_printed(sheet_of(cells), OUTPUT_TABLE, 0,
		       "name  count  note\n"
		       "a         1  a long note that does not fit\n");
}

static void control_characters_are_shown_and_not_obeyed(void **state)
{
	const char *cells[] = { "\x1b[31mred",
				"\xc2\x9b"
				"2J",
				"a\nb", NULL };

	(void)state;
	assert_printed(sheet_of(cells), OUTPUT_TABLE, 0,
		       "name         count       note\n"
		       "\\x1b[31mred  \\xc2\\x9b2J  a\\x0ab\n");
}

static void csv_quotes_what_must_be_quoted(void **state)
{
	const char *cells[] = { "plain", "say \"hi\"", "a,b", "line\nbreak", "", " space ", NULL };

	(void)state;
	assert_printed(sheet_of(cells), OUTPUT_CSV, 0,
		       "name,count,note\r\n"
		       "plain,\"say \"\"hi\"\"\",\"a,b\"\r\n"
		       "\"line\nbreak\",, space \r\n");
}

static void json_values_become_text(void **state)
{
	struct sheet *sheet = sheet_new(columns);
	json_t *list = json_pack("[s, s]", "a", "b");
	json_t *number = json_integer(-7);

	(void)state;
	sheet_json(sheet, list);
	sheet_json(sheet, number);
	sheet_json(sheet, NULL);
	sheet_json(sheet, json_true());
	sheet_json(sheet, json_null());
	sheet_json(sheet, json_false());
	assert_int_equal(sheet_rows(sheet), 2);
	json_decref(list);
	json_decref(number);
	assert_printed(sheet, OUTPUT_CSV, 0, "name,count,note\r\n\"a, b\",-7,\r\ntrue,,false\r\n");
}

static void a_moment_is_read_or_none(void **state)
{
	json_t *object = json_pack("{s:s, s:n, s:s, s:i}", "at", "1970-01-01T00:00:01.500Z",
				   "never", "text", "soon", "number", 5);

	(void)state;
	assert_int_equal(output_time_of(object, "at"), 1500);
	assert_int_equal(output_time_of(object, "never"), 0);
	assert_int_equal(output_time_of(object, "text"), 0);
	assert_int_equal(output_time_of(object, "number"), 0);
	assert_int_equal(output_time_of(object, "missing"), 0);
	assert_int_equal(output_time_of(NULL, "at"), 0);
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_line_up_and_numbers_to_the_right),
		cmocka_unit_test(wide_and_combining_characters_count_as_they_are_shown),
		cmocka_unit_test(a_narrow_terminal_cuts_the_widest_column),
		cmocka_unit_test(what_is_piped_is_never_cut),
		cmocka_unit_test(control_characters_are_shown_and_not_obeyed),
		cmocka_unit_test(csv_quotes_what_must_be_quoted),
		cmocka_unit_test(json_values_become_text),
		cmocka_unit_test(a_moment_is_read_or_none),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
