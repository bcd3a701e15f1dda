/* targets_test.c */
#include "scan/targets/targets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static struct targets *set_of(const char *const *words)
{
	struct targets *t = targets_new();

	for (size_t i = 0; words[i] != NULL; i++) {
		assert_int_equal(targets_add_word(t, span_of(words[i]), NULL), 0);
	}
	assert_int_equal(targets_settle(t, NULL), 0);
	return t;
}

static struct targets *set_of_one(const char *word)
{
	const char *const words[] = { word, NULL };

	return set_of(words);
}

static void assert_at(const struct targets *t, uint64_t n, const char *text)
{
	struct address a = targets_at(t, n);
	char out[ADDRESS_TEXT_MAX];

	address_text(&a, out);
	assert_string_equal(out, text);
}

static uint64_t count_of(const char *word)
{
	struct targets *t = set_of_one(word);
	uint64_t count = targets_count(t);

	targets_free(&t);
	return count;
}

static void words_mean_what_they_say(void **state)
{
	struct targets *t;

	(void)state;
	assert_int_equal(count_of("10.0.0.1"), 1);
	assert_int_equal(count_of("10.0.0.0/8"), 1u << 24);
	assert_int_equal(count_of("0.0.0.0/0"), UINT64_C(1) << 32);
	assert_int_equal(count_of("1.2.3.0-1.2.5.255"), 768);
	assert_int_equal(count_of("10.0.0-255.1"), 256);
	assert_int_equal(count_of("10.*.1-2.*"), 256 * 512);
	assert_int_equal(count_of("2001:db8::/112"), 65536);
	assert_int_equal(count_of("2001:db8::1-2001:db8::9"), 9);
	t = set_of_one("10.0.3-4.7");
	assert_at(t, 0, "10.0.3.7");
	assert_at(t, 1, "10.0.4.7");
	targets_free(&t);
}

static void overlaps_are_joined_and_every_address_is_found_by_number(void **state)
{
	static const char *const words[] = { "10.0.0.128/25",  "10.0.0.0/25", "10.0.0.5",
					     "2001:db8::/127", "9.9.9.9",     NULL };
	struct targets *t = set_of(words);
	size_t ranges;

	(void)state;
	(void)targets_ranges(t, &ranges);
	assert_int_equal(ranges, 3);
	assert_int_equal(targets_count(t), 256 + 2 + 1);
	assert_at(t, 0, "9.9.9.9");
	assert_at(t, 1, "10.0.0.0");
	assert_at(t, 256, "10.0.0.255");
	assert_at(t, 258, "2001:db8::1");
	for (uint64_t n = 0; n < targets_count(t); n++) {
		struct address a = targets_at(t, n);

		assert_true(targets_contains(t, &a));
	}
	targets_free(&t);
}

static void what_is_taken_away_is_gone(void **state)
{
	static const char *const away[] = { "10.0.0.0", "10.0.0.4-10.0.0.7", "10.0.0.255",
					    "11.0.0.0/8", NULL };
	struct targets *t = set_of_one("10.0.0.0/24");
	struct targets *hole = set_of(away);
	struct targets *common = set_of_one("10.0.0.0/29");

	(void)state;
	targets_subtract(t, hole);
	assert_int_equal(targets_count(t), 250);
	assert_at(t, 0, "10.0.0.1");
	assert_at(t, 3, "10.0.0.8");
	targets_intersect(t, common);
	assert_int_equal(targets_count(t), 3);
	targets_free(&t);
	targets_free(&hole);
	targets_free(&common);
}

static void refuses_what_it_cannot_mean(void **state)
{
	static const char *const bad[] = { "10.0.0.0/33", "1.2.3.4/",      "1.2.3.9-1.2.3.1",
					   "300.1.1.1",   "1.2.3.4-::1",   "1.2.3",
					   "1.2.3.4.5",   "1..2.3",        "01.2.3.4",
					   "1.2.3.4.",    "2001:db8::/129" };
	struct targets *t = targets_new();
	struct why why = { "" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_int_equal(targets_add_word(t, span_of(bad[i]), &why), ERR_MALFORMED);
		assert_true(why.text[0] != '\0');
	}
	assert_int_equal(targets_add_word(t, span_of("example.net"), &why), ERR_NOT_FOUND);
	assert_int_equal(targets_add_word(t, span_of(""), &why), ERR_NOT_FOUND);
	assert_int_equal(targets_add_word(t, span_of("1.*.0-254.1-2"), &why), 0);
	assert_int_equal(targets_add_word(t, span_of("*.*.0-254.1-2"), &why), ERR_LIMIT);
	assert_int_equal(targets_add_word(t, span_of("2001:db8::/64"), &why), 0);
	assert_int_equal(targets_settle(t, &why), ERR_LIMIT);
	assert_non_null(strstr(why.text, "hit list"));
	targets_free(&t);
}

static void some_addresses_are_never_scanned(void **state)
{
	static const char *const never[] = {
		"0.0.0.0", "224.0.0.1", "239.255.255.255", "255.255.255.255", "240.0.0.1",
		"ff02::1", "::",        "64:ff9b::a00:1",  "2002:a00:1::1"
	};
	static const char *const allowed[] = { "10.0.0.1", "127.0.0.1",   "8.8.8.8", "169.254.1.1",
					       "fe80::1",  "2001:db8::1", "2a00::1", "::1" };
	struct targets *set = targets_never();
	struct address a;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(never); i++) {
		assert_int_equal(address_parse(span_of(never[i]), &a), 0);
		assert_true(targets_contains(set, &a));
	}
	for (size_t i = 0; i < COUNT_OF(allowed); i++) {
		assert_int_equal(address_parse(span_of(allowed[i]), &a), 0);
		assert_false(targets_contains(set, &a));
	}
	targets_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_mean_what_they_say),
		cmocka_unit_test(overlaps_are_joined_and_every_address_is_found_by_number),
		cmocka_unit_test(what_is_taken_away_is_gone),
		cmocka_unit_test(refuses_what_it_cannot_mean),
		cmocka_unit_test(some_addresses_are_never_scanned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
