/* contact_test.c */
#include "scan/contact.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/error.h"

static struct contact of(const char *text)
{
	struct contact c;

	assert_int_equal(contact_parse(text, &c, NULL), 0);
	return c;
}

static void a_url_and_a_mail_address_are_told_apart(void **state)
{
	struct contact c = of("Inventory of Example, https://scan.example.com:8443/why, "
			      "abuse@example.com.");
	(void)state;
	assert_string_equal(c.url, "https://scan.example.com:8443/why");
	assert_string_equal(c.mail, "abuse@example.com");
	assert_string_equal(c.host, "scan.example.com");
	c = of("mailto:abuse@example.com");
	assert_string_equal(c.mail, "abuse@example.com");
	assert_string_equal(c.host, "example.com");
	c = of(CONTACT_DEFAULT);
	assert_string_equal(c.url, "");
	assert_string_equal(c.mail, "");
	assert_string_equal(c.host, "");
	assert_string_equal(of("@ a@ @b").mail, "");
}

static void what_could_break_out_of_a_header_is_refused(void **state)
{
	static const char *const texts[] = { "a\r\nX: y", "a (b)", "a\"b",      "a\\b",
					     "<a>",       "",      "m\xc3\xbc", "a\tb" };
	char long_text[CONTACT_MAX + 2];
	struct contact c;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_int_equal(contact_parse(texts[i], &c, NULL), ERR_USAGE);
	}
	for (size_t i = 0; i <= CONTACT_MAX; i++) {
		long_text[i] = 'a';
	}
	long_text[CONTACT_MAX + 1] = '\0';
	assert_int_equal(contact_parse(long_text, &c, NULL), ERR_USAGE);
}

static void the_agents_comment_has_the_url_or_the_text(void **state)
{
	struct contact with = of("us https://example.com/scan");
	struct contact without = of("us");
	uint8_t bytes[200];
	struct writer w = writer_over(bytes, sizeof bytes);

	(void)state;
	contact_write_agent(&with, &w);
	assert_true(span_is(writer_span(&w), "bartizan (+https://example.com/scan)"));
	w = writer_over(bytes, sizeof bytes);
	contact_write_agent(&without, &w);
	assert_true(span_is(writer_span(&w), "bartizan (us)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_and_a_mail_address_are_told_apart),
		cmocka_unit_test(what_could_break_out_of_a_header_is_refused),
		cmocka_unit_test(the_agents_comment_has_the_url_or_the_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
