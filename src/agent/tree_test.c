/* tree_test.c - nothing leads out of a tree. */
#include "agent/tree.h"

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

struct world {
	char folder[64];
	struct tree *tree;
};

static void path_of(const struct world *w, const char *name, char out[256])
{
	snprintf(out, 256, "%s/%s", w->folder, name);
}

static void make_file(const struct world *w, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	path_of(w, name, path);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void make_folder(const struct world *w, const char *name)
{
	char path[256];

	path_of(w, name, path);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void make_link(const struct world *w, const char *name, const char *target)
{
	char path[256];

	path_of(w, name, path);
	assert_int_equal(symlink(target, path), 0);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct why why;

	snprintf(w->folder, sizeof w->folder, "/tmp/tree-test-XXXXXX");
	assert_non_null(mkdtemp(w->folder));
	make_file(w, "secret", "outside");
	make_folder(w, "root");
	make_folder(w, "root/etc");
	make_folder(w, "root/usr");
	make_folder(w, "root/usr/lib");
	make_file(w, "root/usr/lib/os-release", "inside");
	make_link(w, "root/etc/os-release", "../usr/lib/os-release");
	make_link(w, "root/etc/absolute", "/usr/lib/os-release");
	make_link(w, "root/lib", "usr/lib");
	make_link(w, "root/etc/out", "../../secret");
	make_link(w, "root/etc/out2", "/../../../../../../secret");
	make_link(w, "root/etc/loop", "loop2");
	make_link(w, "root/etc/loop2", "loop");
	make_link(w, "root/etc/nowhere", "/not/here");
	make_link(w, "root/etc/up", "..");
	*state = w;
	{
		char root[256];

		path_of(w, "root", root);
		assert_int_equal(tree_new(root, &w->tree, &why), 0);
	}
	return 0;
}

static int tear_down(void **state)
{
	static const char *const names[] = {
		"root/etc/up",
		"root/etc/nowhere",
		"root/etc/loop2",
		"root/etc/loop",
		"root/etc/out2",
		"root/etc/out",
		"root/lib",
		"root/etc/absolute",
		"root/etc/os-release",
		"root/usr/lib/os-release",
		"root/usr/lib",
		"root/usr",
		"root/etc",
		"root",
		"secret",
	};
	struct world *w = *state;

	tree_free(&w->tree);
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char path[256];

		path_of(w, names[i], path);
		assert_int_equal(remove(path), 0);
	}
	assert_int_equal(rmdir(w->folder), 0);
	free(w);
	return 0;
}

static void assert_reads(struct tree *tree, const char *path, const char *text)
{
	struct buffer b;

	buffer_init(&b, 100);
	assert_int_equal(tree_read(tree, path, &b), 0);
	assert_true(span_is(buffer_span(&b), text));
	buffer_done(&b);
}

static void assert_refuses(struct tree *tree, const char *path, int error)
{
	struct buffer b;
	int fd;

	buffer_init(&b, 100);
	assert_int_equal(tree_read(tree, path, &b), error);
	assert_int_equal(tree_open(tree, path, &fd), error);
	buffer_done(&b);
}

static void links_are_followed_within_the_tree(void **state)
{
	const struct world *w = *state;

	assert_reads(w->tree, "/usr/lib/os-release", "inside");
	assert_reads(w->tree, "/etc/os-release", "inside");
	assert_reads(w->tree, "/etc/absolute", "inside");
	assert_reads(w->tree, "/lib/os-release", "inside");
	assert_reads(w->tree, "//lib/./../lib//os-release", "inside");
	assert_reads(w->tree, "/etc/up/etc/up/lib/os-release", "inside");
}

/* The folder reached last is not looked up again: neighbours must be told from look-alikes. */
static void what_is_kept_between_calls_changes_no_answer(void **state)
{
	const struct world *w = *state;

	for (unsigned i = 0; i < 3; i++) {
		assert_reads(w->tree, "/lib/os-release", "inside");
		assert_reads(w->tree, "/usr/lib/os-release", "inside");
		assert_refuses(w->tree, "/lib/none", ERR_NOT_FOUND);
		assert_refuses(w->tree, "/lib/..", ERR_UNSUPPORTED);
		assert_reads(w->tree, "/etc/absolute", "inside");
		assert_reads(w->tree, "/etc/os-release", "inside");
		assert_refuses(w->tree, "/etc/none", ERR_NOT_FOUND);
		assert_refuses(w->tree, "/etc/", ERR_UNSUPPORTED);
		assert_reads(w->tree, "/etc/os-release", "inside");
		assert_refuses(w->tree, "/os-release", ERR_NOT_FOUND);
		assert_refuses(w->tree, "/lib/", ERR_UNSUPPORTED);
		assert_reads(w->tree, "/lib/os-release", "inside");
		assert_refuses(w->tree, "/etc/up/lib/nothing", ERR_NOT_FOUND);
		assert_reads(w->tree, "/etc/up/lib/os-release", "inside");
	}
}

static void links_never_lead_out(void **state)
{
	const struct world *w = *state;

	assert_refuses(w->tree, "/etc/out", ERR_NOT_FOUND);
	assert_refuses(w->tree, "/etc/out2", ERR_NOT_FOUND);
	assert_refuses(w->tree, "/../secret", ERR_NOT_FOUND);
	assert_refuses(w->tree, "/etc/loop", ERR_LIMIT);
	assert_refuses(w->tree, "/etc/nowhere", ERR_NOT_FOUND);
	assert_refuses(w->tree, "/etc/os-release/x", ERR_NOT_FOUND);
	assert_refuses(w->tree, "/etc", ERR_UNSUPPORTED);
	assert_refuses(w->tree, "/etc/up", ERR_UNSUPPORTED);
	assert_refuses(w->tree, "/", ERR_UNSUPPORTED);
}

static void says_what_a_path_really_is(void **state)
{
	const struct world *w = *state;
	char real[TREE_PATH_SIZE];
	struct tree_entry entry;

	assert_int_equal(tree_look(w->tree, "/etc/absolute", &entry, real), 0);
	assert_string_equal(real, "/usr/lib/os-release");
	assert_int_equal(entry.type, 'f');
	assert_int_equal(entry.size, 6);
	assert_int_equal(tree_link(w->tree, "/etc/absolute", real), 0);
	assert_string_equal(real, "/usr/lib/os-release");
	assert_int_equal(tree_link(w->tree, "/lib/os-release", real), ERR_UNSUPPORTED);
	assert_int_equal(tree_look(w->tree, "/etc/up", &entry, real), 0);
	assert_int_equal(entry.type, 'd');
}

static void lists_a_folder_through_links(void **state)
{
	const struct world *w = *state;
	struct tree_folder *folder;
	const char *name;
	char type;

	assert_int_equal(tree_folder_open(w->tree, "/lib", &folder), 0);
	assert_true(tree_folder_next(folder, &name, &type));
	assert_string_equal(name, "os-release");
	assert_int_equal(type, 'f');
	assert_false(tree_folder_next(folder, &name, &type));
	tree_folder_close(&folder);
	assert_int_equal(tree_folder_open(w->tree, "/etc/absolute", &folder), ERR_UNSUPPORTED);
	assert_int_equal(tree_folder_open(w->tree, "/none", &folder), ERR_NOT_FOUND);
}

struct seen {
	char names[512];
};

static int remember(void *context, int folder_fd, int watch, const char *name, bool is_content)
{
	struct seen *seen = context;
	size_t len = strlen(seen->names);

	(void)folder_fd;
	(void)watch;
	snprintf(seen->names + len, sizeof seen->names - len, "%s%s ", name != NULL ? name : "*",
		 is_content ? "!" : "");
	return TREE_UNWATCHED;
}

struct told {
	unsigned anew;
	unsigned again;
};

static int remember_watch(void *context, int folder_fd, int watch, const char *name,
			  bool is_content)
{
	struct told *told = context;

	(void)folder_fd;
	(void)name;
	(void)is_content;
	told->anew += watch == TREE_UNWATCHED;
	told->again += watch == 7;
	return 7;
}

static void two_folders_that_are_read_in_turn_are_reached_once(void **state)
{
	const struct world *w = *state;
	struct told told = { 0, 0 };
	struct tree_entry entry;

	tree_observe(w->tree, remember_watch, &told);
	assert_int_equal(tree_look(w->tree, "/etc/absolute", &entry, NULL), 0);
	assert_int_equal(tree_look(w->tree, "/etc/absolute", &entry, NULL), 0);
	told = (struct told){ 0, 0 };
	assert_int_equal(tree_look(w->tree, "/etc/absolute", &entry, NULL), 0);
	assert_int_equal(told.anew, 0);
	assert_int_equal(told.again, 2); /* the link, and the file it leads to */
	tree_observe(w->tree, NULL, NULL);
}

static void tells_of_every_step_also_in_vain(void **state)
{
	const struct world *w = *state;
	struct seen seen = { "" };
	struct buffer b;

	buffer_init(&b, 100);
	tree_observe(w->tree, remember, &seen);
	assert_int_equal(tree_read(w->tree, "/etc/absolute", &b), 0);
	assert_string_equal(seen.names, "etc etc absolute! usr usr lib lib os-release! ");
	seen.names[0] = '\0';
	assert_int_equal(tree_read(w->tree, "/srv/new/file", &b), ERR_NOT_FOUND);
	assert_string_equal(seen.names, "srv ");
	tree_observe(w->tree, NULL, NULL);
	buffer_done(&b);
}

static void the_first_processs_root_is_the_running_machine_or_gives_way_to_it(void **state)
{
	struct tree *tree = NULL;
	struct tree_entry entry;
	struct why why;
	bool is_reached = access(TREE_OF_FIRST_PROCESS "/.", F_OK) == 0;

	(void)state;
	assert_int_equal(tree_new(TREE_OF_FIRST_PROCESS, &tree, &why), 0);
	assert_true(tree_is_live(tree));
	assert_int_equal(tree_is_of_first_process(tree), is_reached);
	assert_int_equal(tree_look(tree, "/etc", &entry, NULL), 0);
	assert_int_equal(entry.type, 'd');
	tree_free(&tree);
	assert_int_equal(tree_new("/", &tree, &why), 0);
	assert_false(tree_is_of_first_process(tree));
	tree_free(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(links_are_followed_within_the_tree, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_is_kept_between_calls_changes_no_answer,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(links_never_lead_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(says_what_a_path_really_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(lists_a_folder_through_links, set_up, tear_down),
		cmocka_unit_test_setup_teardown(two_folders_that_are_read_in_turn_are_reached_once,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(tells_of_every_step_also_in_vain, set_up,
						tear_down),
		cmocka_unit_test(the_first_processs_root_is_the_running_machine_or_gives_way_to_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
