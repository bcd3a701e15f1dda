/* module_signature_test.c - signatures as openssl cms makes them, which scripts/sign-file uses. */
#include "formats/module_signature.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static int signer(struct span signature, const char **out)
{
	static uint8_t text[256];
	struct writer w = writer_over(text, sizeof text);
	int error = module_signature_signer(signature, &w);

	*out = fixture_text(writer_span(&w));
	return error;
}

static void names_the_signer(void **state)
{
	const char *name;

	(void)state;
	assert_int_equal(signer(fixture("formats-module_signature/plain"), &name), 0);
	assert_string_equal(name, "Example Module Signing Key");
	assert_int_equal(signer(fixture("formats-module_signature/with_certificate"), &name), 0);
	assert_string_equal(name, "Example Module Signing Key");
	assert_int_equal(signer(fixture("formats-module_signature/no_common_name"), &name), 0);
	assert_string_equal(name, "O=Nameless");
	assert_int_equal(signer(fixture("formats-module_signature/by_key"), &name), ERR_NOT_FOUND);
	assert_int_equal(signer(fixture("formats-module_signature/module"), &name), ERR_MALFORMED);
}

static void finds_the_signature_at_the_end_of_a_module(void **state)
{
	struct span module = fixture("formats-module_signature/module");
	struct span plain = fixture("formats-module_signature/plain");
	struct span trailer = span_after(module, module.len - MODULE_SIGNATURE_TRAILER_SIZE);
	uint8_t other[MODULE_SIGNATURE_TRAILER_SIZE];
	struct span others = { other, sizeof other };
	uint32_t len = 0;

	(void)state;
	assert_int_equal(module_signature_trailer(trailer, &len), 0);
	assert_int_equal(len, plain.len);
	assert_int_equal(module_signature_trailer(span_after(trailer, 1), &len), ERR_NOT_FOUND);
	for (size_t i = 0; i < sizeof other; i++) {
		other[i] = trailer.ptr[i];
	}
	other[2] = 1; /* by X.509's subject: of old kernels */
	assert_int_equal(module_signature_trailer(others, &len), ERR_UNSUPPORTED);
	other[2] = 2;
	other[8] = 1; /* 16 MiB */
	assert_int_equal(module_signature_trailer(others, &len), ERR_LIMIT);
	other[39] = ' ';
	assert_int_equal(module_signature_trailer(others, &len), ERR_NOT_FOUND);
}

static void parse(struct span part)
{
	const char *name;

	assert_int_equal(signer(part, &name), ERR_MALFORMED);
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-module_signature/plain"), parse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_signer),
		cmocka_unit_test(finds_the_signature_at_the_end_of_a_module),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
