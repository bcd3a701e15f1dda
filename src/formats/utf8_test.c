/* utf8_test.c - characters of every length. */
#include "formats/utf8.h"

#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const char *written(uint32_t character)
{
	uint8_t buffer[8];
	struct writer w = writer_over(buffer, sizeof buffer);

	utf8_write(&w, character);
	return fixture_text(writer_span(&w));
}

static void writes_characters_of_every_length(void **state)
{
	(void)state;
	assert_string_equal(written('A'), "A");
	assert_string_equal(written(0x7f), "\x7f");
	assert_string_equal(written(0x80), "\xc2\x80");
	assert_string_equal(written(0x7ff), "\xdf\xbf");
	assert_string_equal(written(0x800), "\xe0\xa0\x80");
	assert_string_equal(written(0xffff), "\xef\xbf\xbf");
	assert_string_equal(written(0x10000), "\xf0\x90\x80\x80");
	assert_string_equal(written(0x10ffff), "\xf4\x8f\xbf\xbf");
}

static void replaces_what_is_no_character(void **state)
{
	(void)state;
	assert_string_equal(written(0xd800), "\xef\xbf\xbd");
	assert_string_equal(written(0xdfff), "\xef\xbf\xbd");
	assert_string_equal(written(0x110000), "\xef\xbf\xbd");
	assert_string_equal(written(UINT32_MAX), "\xef\xbf\xbd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_characters_of_every_length),
		cmocka_unit_test(replaces_what_is_no_character),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
