/* proc_maps_test.c - /proc/PID/maps. */
#include "formats/proc_maps.h"

#include "formats/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void expect(struct proc_maps_iterator *it, const char *path, bool is_executable,
		   bool is_deleted)
{
	struct proc_map map;

	assert_true(proc_maps_next(it, &map));
	assert_string_equal(fixture_text(map.path), path);
	assert_int_equal(map.is_executable, is_executable);
	assert_int_equal(map.is_deleted, is_deleted);
}

static void reads_files_and_passes_over_memory(void **state)
{
	struct proc_maps_iterator it = proc_maps_over(fixture("formats-proc_maps/simple"));
	struct proc_map map;

	(void)state;
	expect(&it, "/usr/bin/sleep", false, false);
	expect(&it, "/usr/bin/sleep", true, false);
	expect(&it, "/usr/lib/x86_64-linux-gnu/libc.so.6", true, true);
	expect(&it, "/opt/a b/with blanks", true, false);
	expect(&it, "/memfd:pulse", false, true);
	assert_false(proc_maps_next(&it, &map));
	assert_int_equal(it.malformed, 0);
}

static void passes_over_what_is_something_else(void **state)
{
	struct proc_maps_iterator it = proc_maps_over(fixture("formats-proc_maps/bad"));

	(void)state;
	expect(&it, "/good", true, false);
	assert_int_equal(it.malformed, 4);
}

static void parse(struct span part)
{
	struct proc_maps_iterator it = proc_maps_over(part);
	struct proc_map map;

	while (proc_maps_next(&it, &map)) {
		assert_true(map.path.len > 0);
	}
}

static void stops_at_every_truncation(void **state)
{
	(void)state;
	fixture_truncate(fixture("formats-proc_maps/simple"), parse);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_files_and_passes_over_memory),
		cmocka_unit_test(passes_over_what_is_something_else),
		cmocka_unit_test(stops_at_every_truncation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
