/* clone_test.c - the same folder here, there, and back from a backup. */
#include "sensor/clone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "sys/buffer.h"
#include "sys/file.h"

#define ID_A "11111111111111111111111111111111\n"
#define ID_B "22222222222222222222222222222222\n"

struct world {
	char root[64];
	char folder[128];
};

static void put(const char *folder, const char *name, const char *text)
{
	char path[512];
	struct why why;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	assert_int_equal(file_replace(path, span_of(text), 0600, &why), 0);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	char path[256];
	struct why why;

	snprintf(w->root, sizeof w->root, "/tmp/clone-test-XXXXXX");
	assert_non_null(mkdtemp(w->root));
	snprintf(path, sizeof path, "%s/etc", w->root);
	assert_int_equal(file_make_folder(path, 0700, &why), 0);
	snprintf(w->folder, sizeof w->folder, "%s/state", w->root);
	assert_int_equal(file_make_folder(w->folder, 0700, &why), 0);
	put(w->root, "etc/machine-id", ID_A);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = { "etc/machine-id", "etc",   "state/machine",
					     "state",          "other", "" };
	struct world *w = *state;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char path[512];

		snprintf(path, sizeof path, "%s/%s", w->root, names[i]);
		(void)remove(path);
	}
	free(w);
	return 0;
}

static void remember(struct world *w)
{
	struct why why;

	assert_int_equal(clone_remember(w->folder, w->root, &why), 0);
}

static void a_folder_that_stayed_is_the_same(void **state)
{
	struct world *w = *state;

	assert_int_equal(clone_check(w->folder, w->root), CLONE_NEW);
	remember(w);
	assert_int_equal(clone_check(w->folder, w->root), CLONE_SAME);
}

static void another_machine_id_is_another_machine(void **state)
{
	struct world *w = *state;

	remember(w);
	put(w->root, "etc/machine-id", ID_B);
	assert_int_equal(clone_check(w->folder, w->root), CLONE_COPIED);
	remember(w);
	assert_int_equal(clone_check(w->folder, w->root), CLONE_SAME);
}

static void a_machine_that_does_not_know_its_id_is_not_another(void **state)
{
	struct world *w = *state;

	remember(w);
	put(w->root, "etc/machine-id", "uninitialized\n");
	assert_int_equal(clone_check(w->folder, w->root), CLONE_SAME);
	put(w->root, "etc/machine-id", "");
	assert_int_equal(clone_check(w->folder, w->root), CLONE_SAME);
}

static void the_folder_in_another_place_came_from_a_backup(void **state)
{
	struct world *w = *state;
	char other[128];
	char from[256];
	char to[256];

	remember(w);
	snprintf(other, sizeof other, "%s/other", w->root);
	assert_int_equal(mkdir(other, 0700), 0);
	snprintf(from, sizeof from, "%s/machine", w->folder);
	snprintf(to, sizeof to, "%s/machine", other);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(clone_check(other, w->root), CLONE_RESTORED);
	put(w->root, "etc/machine-id", ID_B);
	assert_int_equal(clone_check(other, w->root), CLONE_COPIED);
	assert_int_equal(remove(to), 0);
}

static void nothing_of_the_machine_is_in_the_file_but_hashes(void **state)
{
	struct world *w = *state;
	struct buffer first;
	struct buffer second;
	char path[256];

	buffer_init(&first, 4096);
	buffer_init(&second, 4096);
	snprintf(path, sizeof path, "%s/machine", w->folder);
	remember(w);
	assert_int_equal(file_read(path, &first), 0);
	remember(w);
	assert_int_equal(file_read(path, &second), 0);
	assert_null(memmem(first.bytes, first.len, ID_A, 32));
	assert_false(span_equal(buffer_span(&first), buffer_span(&second))); /* salted */
	buffer_done(&first);
	buffer_done(&second);
}

static void a_damaged_file_is_none(void **state)
{
	struct world *w = *state;
	struct clone_facts facts;
	struct buffer file;
	char path[256];

	buffer_init(&file, 4096);
	snprintf(path, sizeof path, "%s/machine", w->folder);
	remember(w);
	assert_int_equal(file_read(path, &file), 0);
	for (size_t len = 0; len + 1 < file.len; len++) {
		int error = clone_parse(span_first(buffer_span(&file), len), &facts);

		assert_true(error == ERR_MALFORMED);
	}
	assert_int_equal(clone_parse(buffer_span(&file), &facts), 0);
	put(w->folder, "machine", "salt zz\nfolder 12\n\0x");
	assert_int_equal(clone_check(w->folder, w->root), CLONE_NEW);
	buffer_done(&file);
}

static void a_virtual_machine_copied_with_its_id_is_told_by_its_number(void **state)
{
	struct clone_facts then = { .is_known = { true, true, true } };
	struct clone_facts now = then;

	(void)state;
	assert_int_equal(clone_compare(&then, &now), CLONE_SAME);
	now.hashes[CLONE_PRODUCT][3] ^= 1;
	assert_int_equal(clone_compare(&then, &now), CLONE_COPIED);
	now.is_known[CLONE_PRODUCT] = false; /* not root: it cannot be read */
	assert_int_equal(clone_compare(&then, &now), CLONE_SAME);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_folder_that_stayed_is_the_same),
		TEST(another_machine_id_is_another_machine),
		TEST(a_machine_that_does_not_know_its_id_is_not_another),
		TEST(the_folder_in_another_place_came_from_a_backup),
		TEST(nothing_of_the_machine_is_in_the_file_but_hashes),
		TEST(a_damaged_file_is_none),
		cmocka_unit_test(a_virtual_machine_copied_with_its_id_is_told_by_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
