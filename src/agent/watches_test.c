/* watches_test.c - what was read wakes, what was not does not. */
#include "agent/watches.h"
#include "agent/tree.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "sys/file.h"

#define TABLE_A 4
#define TABLE_B 5

struct world {
	char folder[64];
	struct loop *loop;
	struct watches *watches;
	struct tree *tree;
	unsigned woken[8];
};

static void on_changed(void *context, uint16_t table)
{
	struct world *w = context;

	w->woken[table]++;
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct why why;

	snprintf(w->folder, sizeof w->folder, "/tmp/watches-test-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	w->loop = loop_new();
	assert_int_equal(watches_new(w->loop, on_changed, w, &w->watches, &why), 0);
	assert_int_equal(tree_new(w->folder, &w->tree, &why), 0);
	tree_observe(w->tree, watches_look, w->watches);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	tree_free(&w->tree);
	watches_free(&w->watches);
	loop_free(&w->loop);
	free(w);
	return 0;
}

static void put(const struct world *w, const char *name, const char *text)
{
	char path[256];
	struct why why;

	snprintf(path, sizeof path, "%s/%s", w->folder, name);
	assert_int_equal(file_replace(path, span_of(text), 0644, &why), 0);
}

static void make(const struct world *w, const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", w->folder, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void erase(const struct world *w, const char *name)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", w->folder, name);
	assert_int_equal(remove(path), 0);
}

static void walk(const struct world *w, uint16_t table, const char *path)
{
	struct buffer b;

	buffer_init(&b, 100);
	watches_begin(w->watches, table);
	(void)!tree_read(w->tree, path, &b);
	tree_rest(w->tree);
	watches_end(w->watches);
	buffer_done(&b);
}

/* How often a table was woken by what happened since. */
static unsigned woken(struct world *w, uint16_t table)
{
	unsigned times;

	loop_turn(w->loop, 0);
	times = w->woken[table];
	w->woken[table] = 0;
	return times;
}

static void a_file_that_was_read_wakes_when_it_is_replaced(void **state)
{
	struct world *w = *state;

	make(w, "etc");
	put(w, "etc/passwd", "1");
	walk(w, TABLE_A, "/etc/passwd");
	assert_int_equal(woken(w, TABLE_A), 0);
	put(w, "etc/passwd", "2");
	assert_true(woken(w, TABLE_A) > 0);
	erase(w, "etc/passwd");
	assert_true(woken(w, TABLE_A) > 0);
	erase(w, "etc");
	erase(w, "");
}

static void a_neighbour_does_not(void **state)
{
	struct world *w = *state;

	make(w, "etc");
	put(w, "etc/passwd", "1");
	put(w, "etc/group", "1");
	walk(w, TABLE_A, "/etc/passwd");
	walk(w, TABLE_B, "/etc/group");
	put(w, "etc/passwd", "2");
	assert_true(woken(w, TABLE_A) > 0);
	assert_int_equal(woken(w, TABLE_B), 0);
	put(w, "etc/shadow", "2");
	assert_int_equal(woken(w, TABLE_A), 0);
	erase(w, "etc/passwd");
	erase(w, "etc/group");
	erase(w, "etc/shadow");
	erase(w, "etc");
	erase(w, "");
}

static void what_is_not_there_yet_wakes_when_it_comes(void **state)
{
	struct world *w = *state;

	walk(w, TABLE_A, "/var/lib/db");
	assert_int_equal(woken(w, TABLE_A), 0);
	make(w, "var");
	assert_true(woken(w, TABLE_A) > 0);
	walk(w, TABLE_A, "/var/lib/db");
	make(w, "var/lib");
	assert_true(woken(w, TABLE_A) > 0);
	walk(w, TABLE_A, "/var/lib/db");
	put(w, "var/lib/db", "x");
	assert_true(woken(w, TABLE_A) > 0);
	erase(w, "var/lib/db");
	erase(w, "var/lib");
	assert_true(woken(w, TABLE_A) > 0);
	erase(w, "var");
	erase(w, "");
}

static void a_link_that_is_turned_wakes(void **state)
{
	struct world *w = *state;
	char link[256];
	char other[256];

	put(w, "a", "1");
	put(w, "b", "2");
	snprintf(link, sizeof link, "%s/link", w->folder);
	snprintf(other, sizeof other, "%s/link.new", w->folder);
	assert_int_equal(symlink("a", link), 0);
	walk(w, TABLE_A, "/link");
	assert_int_equal(symlink("/b", other), 0);
	assert_int_equal(woken(w, TABLE_A), 0);
	assert_int_equal(rename(other, link), 0);
	assert_true(woken(w, TABLE_A) > 0);
	walk(w, TABLE_A, "/link");
	put(w, "a", "3");
	assert_int_equal(woken(w, TABLE_A), 0); /* it leads to b now */
	put(w, "b", "3");
	assert_true(woken(w, TABLE_A) > 0);
	erase(w, "link");
	erase(w, "a");
	erase(w, "b");
	erase(w, "");
}

/* Writes to a file and leaves it open. */
static int write_into(const struct world *w, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/%s", w->folder, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	return fd;
}

/* The kernel's own files are never closed; of others a write is told when it is whole. */
static void a_control_group_s_events_wake_without_being_closed(void **state)
{
	struct world *w = *state;
	int plain;
	int events;

	make(w, "group");
	put(w, "group/cgroup.events", "populated 1");
	walk(w, TABLE_A, "/group/cgroup.events");
	events = write_into(w, "group/cgroup.events");
	assert_true(woken(w, TABLE_A) > 0);
	close(events);
	erase(w, "group/cgroup.events");
	erase(w, "group");
	put(w, "plain", "1");
	walk(w, TABLE_A, "/plain");
	(void)woken(w, TABLE_A);
	plain = write_into(w, "plain");
	assert_int_equal(woken(w, TABLE_A), 0);
	close(plain);
	assert_true(woken(w, TABLE_A) > 0);
	erase(w, "plain");
	erase(w, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_that_was_read_wakes_when_it_is_replaced,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_neighbour_does_not, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_there_yet_wakes_when_it_comes, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_link_that_is_turned_wakes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_control_group_s_events_wake_without_being_closed,
						set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
