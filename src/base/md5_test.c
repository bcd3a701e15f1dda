#include "base/md5.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/text.h"

static void assert_md5(struct span text, const char *wanted)
{
	uint8_t digest[MD5_SIZE];
	char hex[2 * MD5_SIZE + 1];

	md5_of(text, digest);
	text_to_hex((struct span){ digest, sizeof digest }, hex);
	assert_string_equal(hex, wanted);
}

static void the_standards_own_examples_come_out(void **state)
{
	/* RFC 1321 appendix A.5 */
	static const char *const texts[][2] = {
		{ "", "d41d8cd98f00b204e9800998ecf8427e" },
		{ "a", "0cc175b9c0f1b6a831c399e269772661" },
		{ "abc", "900150983cd24fb0d6963f7d28e17f72" },
		{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
		{ "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
		  "d174ab98d277d9f5a5611c2c9f419d9f" },
		{ "1234567890123456789012345678901234567890123456789012345678901234567890123456789"
		  "0",
		  "57edf4a22be3c955ac49da2e2107b67a" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_md5(span_of(texts[i][0]), texts[i][1]);
	}
}

static void lengths_around_a_block_are_padded_right(void **state)
{
	static const uint8_t zeros[120];

	(void)state;
	assert_md5((struct span){ zeros, 55 }, "c9ea3314b91c9fd4e38f9432064fd1f2");
	assert_md5((struct span){ zeros, 56 }, "e3c4dd21a9171fd39d208efa09bf7883");
	assert_md5((struct span){ zeros, 64 }, "3b5d3c7d207e37dceeedd301e35e2e58");
	assert_md5((struct span){ zeros, 119 }, "8271cb2e6a546123b43096a2efce39d2");
	assert_md5((struct span){ zeros, 120 }, "222f7d881ded1871724a1b9a1cb94247");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_standards_own_examples_come_out),
		cmocka_unit_test(lengths_around_a_block_are_padded_right),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
