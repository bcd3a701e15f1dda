/* sct_test.c - lists as logs make them, and broken ones. */
#include "formats/sct.h"

#include "base/error.h"
#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static int parse(const char *path, struct sct out[SCT_LIST_MAX], size_t *count)
{
	return sct_list_parse(fixture(path), out, count);
}

static void reads_every_entry(void **state)
{
	struct sct scts[SCT_LIST_MAX];
	size_t count = 0;

	(void)state;
	assert_int_equal(parse("formats-sct/two", scts, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(scts[0].log_id.len, SCT_LOG_ID_SIZE);
	assert_int_equal(scts[1].log_id.ptr[0], 2);
	assert_int_equal(scts[1].timestamp_ms, 1700000000002);
}

static void counts_versions_it_does_not_know(void **state)
{
	struct sct scts[SCT_LIST_MAX];
	size_t count = 0;

	(void)state;
	assert_int_equal(parse("formats-sct/unknown-version", scts, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(scts[1].version, 1);
	assert_int_equal(scts[1].log_id.len, 0);
}

static void refuses_what_is_no_list(void **state)
{
	struct sct scts[SCT_LIST_MAX];
	size_t count = 0;

	(void)state;
	assert_int_equal(parse("formats-sct/empty-list", scts, &count), 0);
	assert_int_equal(count, 0);
	assert_int_equal(parse("formats-sct/empty-entry", scts, &count), ERR_MALFORMED);
	assert_int_equal(parse("formats-sct/long-inner", scts, &count), ERR_MALFORMED);
	assert_int_equal(parse("formats-sct/too-many", scts, &count), ERR_LIMIT);
}

static void parse_part(struct span part)
{
	struct sct scts[SCT_LIST_MAX];
	size_t count = 0;

	assert_int_equal(sct_list_parse(part, scts, &count), ERR_MALFORMED);
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-sct/two"), parse_part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_entry),
		cmocka_unit_test(counts_versions_it_does_not_know),
		cmocka_unit_test(refuses_what_is_no_list),
		cmocka_unit_test(refuses_every_truncation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
