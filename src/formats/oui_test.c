#include "formats/oui.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_next(struct reader *r, uint64_t prefix, unsigned bits, const char *name)
{
	struct oui entry;

	assert_true(oui_next(r, &entry));
	assert_int_equal(entry.prefix, prefix);
	assert_int_equal(entry.bits, bits);
	assert_true(span_is(entry.name, name));
}

static void the_list_of_ieee_is_read(void **state)
{
	struct reader r = reader_over(span_of(
		"OUI/MA-L                                                    Organization\r\n"
		"company_id                                                  Organization\r\n"
		"\r\n"
		"28-6F-B9   (hex)\t\tNokia Shanghai Bell Co., Ltd.\r\n"
		"286FB9     (base 16)\t\tNokia Shanghai Bell Co., Ltd.\r\n"
		"\t\t\t\tNo.388 Ning Qiao Road\r\n"
		"\t\t\t\tCN\r\n"
		"\r\n"
		"08-EA-44   (hex)\t\tExtreme Networks\r\n"));
	struct oui entry;

	(void)state;
	assert_next(&r, 0x286fb9000000, 24, "Nokia Shanghai Bell Co., Ltd.");
	assert_next(&r, 0x08ea44000000, 24, "Extreme Networks");
	assert_false(oui_next(&r, &entry));
}

static void parts_of_a_block_are_their_own_makers(void **state)
{
	struct reader r = reader_over(span_of("9C-E5-49   (hex)\t\tLightmatter, Inc.\n"
					      "700000-7FFFFF     (base 16)\t\tLightmatter, Inc.\n"
					      "70-B3-D5   (hex)\t\tSomebody\n"
					      "123000-123FFF     (base 16)\t\tSomebody\n"));

	(void)state;
	assert_next(&r, 0x9ce549700000, 28, "Lightmatter, Inc.");
	assert_next(&r, 0x70b3d5123000, 36, "Somebody");
}

static void the_list_of_nmap_is_read(void **state)
{
	struct reader r = reader_over(span_of("# $Id$ generated\n"
					      "000000 Xerox\n"
					      "0050C2000 T.L.S.\n"
					      "8C476E4 Mindglow\n"
					      "00:00:01 With colons\n"
					      "12345 too short\n"
					      "000002\n"
					      "zzzzzz no digits\n"));
	struct oui entry;

	(void)state;
	assert_next(&r, 0x000000000000, 24, "Xerox");
	assert_next(&r, 0x0050c2000000, 36, "T.L.S.");
	assert_next(&r, 0x8c476e400000, 28, "Mindglow");
	assert_next(&r, 0x000001000000, 24, "With colons");
	assert_false(oui_next(&r, &entry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_of_ieee_is_read),
		cmocka_unit_test(parts_of_a_block_are_their_own_makers),
		cmocka_unit_test(the_list_of_nmap_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
