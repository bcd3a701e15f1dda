/* json_test.c - the grammar of RFC 8259, what it allows and what it does not. */
#include "formats/json.h"

#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static bool is_json(struct span text)
{
	struct json j = json_over(text);

	while (json_next(&j).kind != JSON_END) {
	}
	return json_ok(&j);
}

static void takes_all_that_the_grammar_allows(void **state)
{
	static const char *const good[] = {
		"0",
		"-0",
		"1.5e+10",
		"-12E-3",
		"0e1",
		"true",
		"false",
		"null",
		"\"\"",
		"[]",
		"{}",
		" [ 1 , 2 ] ",
		"{\"a\":{\"b\":[{}]},\"c\":null}",
		"\"\\u00e9\\\\\\/\\b\\f\\n\\r\\t\\\"\"",
		"\"\x7f\xc3\xa9\"",
		"[[],[[]],{}]",
		"{\"\":0}",
		"{\"a\":1,\"a\":2}",
		"\t\r\n1\n",
		"\"\\ud83d\\ude00\"",
		"\"\\ud800\"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		if (!is_json(span_of(good[i]))) {
			fail_msg("%s", good[i]);
		}
	}
}

static void refuses_all_that_it_does_not(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"01",
		"-",
		"+1",
		"1.",
		".5",
		"1e",
		"1e+",
		"0x1",
		"NaN",
		"Infinity",
		"-Infinity",
		"tru",
		"truee",
		"True",
		"nul",
		"'a'",
		"\"a",
		"a",
		"\"\\x\"",
		"\"\\u12g4\"",
		"\"\\u12\"",
		"\"\t\"",
		"\"\xff\"",
		"\"\xc0\x80\"",
		"\"\xed\xa0\x80\"",
		"[1,]",
		"[,1]",
		"[1 2]",
		"[",
		"]",
		"[}",
		"{]",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{a:1}",
		"{1:1}",
		"{\"a\":1 \"b\":2}",
		"{,}",
		"[1]2",
		"{}{}",
		"1 2",
		"[1],",
		"//x\n1",
		("\xef\xbb\xbf"
		 "1"),
		"{\"a\" 1}",
		"[\"a\":1]",
		"{\"a\",\"b\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		if (is_json(span_of(bad[i]))) {
			fail_msg("%s", bad[i]);
		}
	}
	assert_false(is_json((struct span){ (const uint8_t *)"1\0", 2 }));
}

static void keeps_to_its_depth(void **state)
{
	char text[2 * JSON_DEPTH_MAX + 3];

	(void)state;
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	text[2 * JSON_DEPTH_MAX] = '\0';
	assert_true(is_json(span_of(text)));
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	text[2 * JSON_DEPTH_MAX + 2] = '\0';
	assert_false(is_json(span_of(text)));
}

static const char *resolved(const char *text)
{
	uint8_t bytes[256];
	struct writer w = writer_over(bytes, sizeof bytes);

	json_write_string(span_of(text), &w);
	return fixture_text(writer_span(&w));
}

static void resolves_escapes(void **state)
{
	(void)state;
	assert_string_equal(resolved("a\\\"b\\\\\\/\\n\\t"), "a\"b\\/\n\t");
	assert_string_equal(resolved("\\u00E9\\u20ac"), "\xc3\xa9\xe2\x82\xac");
	assert_string_equal(resolved("\\ud83d\\ude00"), "\xf0\x9f\x98\x80");
	assert_string_equal(resolved("\\ud83dx\\ude00"), "\xef\xbf\xbdx\xef\xbf\xbd");
	assert_string_equal(resolved("\\ud83d\\ud83d\\ude00"), "\xef\xbf\xbd\xf0\x9f\x98\x80");
}

static void walks_members_and_passes_over_the_rest(void **state)
{
	struct json j = json_over(fixture("formats-json/package.json"));
	struct span name;
	struct span value;
	size_t members = 0;

	(void)state;
	assert_true(json_enter(&j, JSON_OBJECT));
	while (json_member(&j, &name)) {
		members++;
		if (span_is(name, "name")) {
			assert_true(json_text(&j, &value));
			assert_true(span_is(value, "left-pad"));
		} else {
			json_skip(&j, json_next(&j).kind);
		}
	}
	assert_int_equal(members, 5);
	assert_int_equal(json_next(&j).kind, JSON_END);
	assert_true(json_ok(&j));
}

static void passes_over_what_is_of_another_kind(void **state)
{
	struct json j = json_over(span_of("[{\"a\":[1,{}]},[],\"x\"]"));
	struct span text;

	(void)state;
	assert_true(json_enter(&j, JSON_ARRAY));
	assert_false(json_text(&j, &text));
	assert_false(json_enter(&j, JSON_OBJECT));
	assert_true(json_text(&j, &text));
	assert_true(span_is(text, "x"));
	assert_int_equal(json_next(&j).kind, JSON_ARRAY_END);
}

static void refuse(struct span part)
{
	assert_false(is_json(part));
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-json/config.v2.json"), refuse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_all_that_the_grammar_allows),
		cmocka_unit_test(refuses_all_that_it_does_not),
		cmocka_unit_test(keeps_to_its_depth),
		cmocka_unit_test(resolves_escapes),
		cmocka_unit_test(walks_members_and_passes_over_the_rest),
		cmocka_unit_test(passes_over_what_is_of_another_kind),
		cmocka_unit_test(refuses_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
