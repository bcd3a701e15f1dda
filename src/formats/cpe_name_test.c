/* cpe_name_test.c - names as NVD and fingerprints write them, and what is none. */
#include "formats/cpe_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "formats/fixture.h"

#define OPENSSH "cpe:2.3:a:openbsd:openssh:9.2:p1:*:*:*:*:*:*"

static struct cpe_name name_of(const char *text)
{
	struct cpe_name name;

	if (cpe_name_read(span_of(text), &name) != 0) {
		fail_msg("%s is not read", text);
	}
	return name;
}

static const char *product_of(const char *text)
{
	uint8_t room[512];
	struct writer w = writer_over(room, sizeof room);
	struct cpe_name name = name_of(text);

	return cpe_write_product(&name, &w) ? fixture_text(writer_span(&w)) : "";
}

static void a_name_has_eleven_attributes(void **state)
{
	struct cpe_name name = name_of(OPENSSH);

	(void)state;
	assert_true(span_is(name.attributes[CPE_PART], "a"));
	assert_true(span_is(name.attributes[CPE_VENDOR], "openbsd"));
	assert_true(span_is(name.attributes[CPE_VERSION], "9.2"));
	assert_true(span_is(name.attributes[CPE_UPDATE], "p1"));
	assert_true(cpe_is_any(name.attributes[CPE_OTHER]));
}

static void a_quoted_colon_is_part_of_its_attribute(void **state)
{
	struct cpe_name name = name_of("cpe:2.3:a:perl:http\\:\\:daemon:6.0:*:*:*:*:*:*:*");

	(void)state;
	assert_true(span_is(name.attributes[CPE_PRODUCT], "http\\:\\:daemon"));
	assert_true(span_is(name.attributes[CPE_VERSION], "6.0"));
}

static void what_is_no_name_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"cpe:/a:openbsd:openssh:9.2",
		"cpe:2.3:",
		"cpe:2.3:a:b:c:*:*:*:*:*:*:*",     /* ten */
		"cpe:2.3:a:b:c:*:*:*:*:*:*:*:*:*", /* twelve */
		"cpe:2.3:a:b:c:*:*:*:*:*:*:*:",
		"cpe:2.3:x:b:c:*:*:*:*:*:*:*:*",
		"cpe:2.3:a::c:*:*:*:*:*:*:*:*",
		"cpe:2.3:a:b c:c:*:*:*:*:*:*:*:*",
		"cpe:2.3:a:b:c:1*2:*:*:*:*:*:*:*",
		"cpe:2.3:a:b:c:**:*:*:*:*:*:*:*",
		"cpe:2.3:a:b:c:1\\:*:*:*:*:*:*:*",
		"cpe:2.3:a:b:c:*:*:*:*:*:*:*:1\\",
		"cpe:2.3:a:b:\xc3\xa4:*:*:*:*:*:*:*:*",
	};
	struct cpe_name name;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		if (cpe_name_read(span_of(bad[i]), &name) != ERR_MALFORMED) {
			fail_msg("'%s' is read", bad[i]);
		}
	}
}

static void long_names_are_refused(void **state)
{
	char text[CPE_NAME_MAX + 64];
	struct cpe_name name;

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	memcpy(text, "cpe:2.3:a:", 10);
	assert_int_equal(cpe_name_read(span_of(text), &name), ERR_LIMIT);
	text[CPE_ATTRIBUTE_MAX + 12] = '\0';
	assert_int_equal(cpe_name_read(span_of(text), &name), ERR_LIMIT);
}

static void refuse_part(struct span part)
{
	struct cpe_name name;

	assert_int_equal(cpe_name_read(part, &name), ERR_MALFORMED);
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	fixture_truncate(span_of(OPENSSH), refuse_part);
}

static bool takes_in(const char *criterion, const char *attribute)
{
	return cpe_takes_in(span_of(criterion), span_of(attribute));
}

static void a_criterion_takes_in_what_7696_says(void **state)
{
	(void)state;
	assert_true(takes_in("*", "1.2"));
	assert_true(takes_in("*", "-"));
	assert_true(takes_in("*", "*"));
	assert_false(takes_in("1.2", "*"));
	assert_true(takes_in("-", "-"));
	assert_false(takes_in("-", "1.2"));
	assert_false(takes_in("1.2", "-"));
	assert_true(takes_in("1.2", "1\\.2"));
	assert_true(takes_in("OpenSSH", "openssh"));
	assert_false(takes_in("1.2", "1.2.1"));
	assert_true(takes_in("1.2*", "1.2.1"));
	assert_true(takes_in("*beta*", "3-beta-1"));
	assert_true(takes_in("1.?", "1.2"));
	assert_true(takes_in("1.?", "1."));
	assert_false(takes_in("1.?", "1.22"));
	assert_false(takes_in("1\\*", "1.2"));
	assert_true(takes_in("1\\*", "1\\*"));
}

static void a_product_has_one_spelling(void **state)
{
	(void)state;
	assert_string_equal(product_of(OPENSSH), "a:openbsd:openssh");
	assert_string_equal(product_of("cpe:2.3:a:nginx:nginx:1.18.0:*:*:*:*:*:*:*"), "a:f5:nginx");
	assert_string_equal(product_of("cpe:2.3:a:PureFTPd:pure\\-ftpd:*:*:*:*:*:*:*:*"),
			    "a:pureftpd:pure-ftpd");
	assert_string_equal(product_of("cpe:2.3:a:x:notepad\\+\\+:1:*:*:*:*:*:*:*"),
			    "a:x:notepad\\+\\+");
	assert_string_equal(product_of("cpe:2.3:a:x:\\-:1:*:*:*:*:*:*:*"), "a:x:\\-");
	assert_string_equal(product_of("cpe:2.3:a:*:x:1:*:*:*:*:*:*:*"), "");
	assert_string_equal(product_of("cpe:2.3:*:x:x:1:*:*:*:*:*:*:*"), "");
	assert_string_equal(product_of("cpe:2.3:a:x:x*:1:*:*:*:*:*:*:*"), "");
}

static void a_plain_value_has_no_quotes(void **state)
{
	uint8_t room[64];
	struct writer w = writer_over(room, sizeof room);

	(void)state;
	cpe_write_plain(span_of("1\\.2\\+Git\\:5"), &w);
	assert_string_equal(fixture_text(writer_span(&w)), "1.2+git:5");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_eleven_attributes),
		cmocka_unit_test(a_quoted_colon_is_part_of_its_attribute),
		cmocka_unit_test(what_is_no_name_is_refused),
		cmocka_unit_test(long_names_are_refused),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_criterion_takes_in_what_7696_says),
		cmocka_unit_test(a_product_has_one_spelling),
		cmocka_unit_test(a_plain_value_has_no_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
