#include "server/feeds/status.h"

#include "base/error.h"
#include "server/feeds/update.h"
#include "sys/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/feeds-status-XXXXXX";
static char path[64];

static int make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL) {
		return -1;
	}
	snprintf(path, sizeof path, "%s/status.json", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

static void what_is_saved_is_loaded_again(void **state)
{
	struct feeds_status saved;
	struct feeds_status loaded;
	struct feed_status *kev;
	struct why why;

	(void)state;
	status_init(&saved);
	saved.generation = 42;
	kev = status_of(&saved, span_of("kev"));
	kev->tried_ms = 1700000000123;
	kev->updated_ms = 1700000000000;
	kev->report.records = 1404;
	snprintf(kev->report.snapshot, sizeof kev->report.snapshot, "2025-08-25");
	snprintf(kev->error, sizeof kev->error, "a \"quote\", a \\, \x1b[2J and \xff");
	assert_int_equal(status_save(&saved, path, &why), 0);
	status_init(&loaded);
	status_load(&loaded, path);
	kev = status_of(&loaded, span_of("kev"));
	assert_int_equal(loaded.generation, 42);
	assert_int_equal(kev->tried_ms, 1700000000123);
	assert_int_equal(kev->updated_ms, 1700000000000);
	assert_int_equal(kev->report.records, 1404);
	assert_string_equal(kev->report.snapshot, "2025-08-25");
	assert_string_equal(kev->error, "a \"quote\", a \\, \x1b[2J and \xef\xbf\xbd");
	assert_int_equal(status_of(&loaded, span_of("epss"))->tried_ms, 0);
}

static void a_status_that_is_not_whole_is_no_obstacle(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{\"items\": 5}",
		"{\"items\": [{\"name\": \"kev\", \"records\": -1",
		"{\"items\": [{\"records\": 7}, {\"name\": \"nobody\", \"records\": 7}]}",
	};
	struct feeds_status loaded;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_int_equal(file_replace(path, span_of(texts[i]), 0600, NULL), 0);
		status_init(&loaded);
		status_load(&loaded, path);
		assert_int_equal(status_of(&loaded, span_of("kev"))->report.records, 0);
	}
}

static int judged(uint64_t before, const char *from, uint64_t after, const char *of)
{
	struct feed_report old = { .records = before };
	struct feed_report newer = { .records = after };
	struct why why;

	snprintf(old.snapshot, sizeof old.snapshot, "%s", from);
	snprintf(newer.snapshot, sizeof newer.snapshot, "%s", of);
	return update_judge(&old, &newer, &why);
}

static void what_is_much_smaller_or_older_is_refused(void **state)
{
	(void)state;
	assert_int_equal(judged(100, "2025-01-02", 50, "2025-01-02"), 0);
	assert_int_equal(judged(100, "2025-01-02", 49, "2025-01-03"), ERR_CONFLICT);
	assert_int_equal(judged(100, "2025-01-02", 100, "2025-01-01"), ERR_CONFLICT);
	assert_int_equal(judged(100, "2025-01-02", 100, ""), 0); /* it does not say */
	assert_int_equal(judged(0, "", 1, "2025-01-01"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_saved_is_loaded_again),
		cmocka_unit_test(a_status_that_is_not_whole_is_no_obstacle),
		cmocka_unit_test(what_is_much_smaller_or_older_is_refused),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
