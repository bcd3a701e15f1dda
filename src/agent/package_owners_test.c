/* package_owners_test.c - paths and packages in small trees; a process whose program is replaced.
 */
#include "agent/package_owners.h"
#include "agent/process_files.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "sys/buffer.h"
#include "sys/file.h"

struct world {
	char root[64];
	struct tree *tree;
	struct package_owners *owners;
};

static void put(const struct world *w, const char *path, const char *text)
{
	char full[512];
	struct why why;

	snprintf(full, sizeof full, "%s/%s", w->root, path);
	*strrchr(full, '/') = '\0';
	assert_int_equal(file_make_folder(full, 0755, &why), 0);
	full[strlen(full)] = '/';
	assert_int_equal(file_replace(full, span_of(text), 0644, &why), 0);
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct why why;

	memcpy(w->root, "/tmp/owners-test-XXXXXX", 24);
	assert_non_null(mkdtemp(w->root));
	assert_int_equal(tree_new(w->root, &w->tree, &why), 0);
	w->owners = package_owners_new();
	*state = w;
	return 0;
}

static void remove_below(int folder_fd, const char *name)
{
	static const char *const known[] = {
		"usr/lib",
		"usr",
		"lib/apk/db/installed",
		"lib/apk/db",
		"lib/apk",
		"lib",
		"var/lib/dpkg/info/libc6:amd64.list",
		"var/lib/dpkg/info/dash.list",
		"var/lib/dpkg/info/bash.list",
		"var/lib/dpkg/info/not-a-list",
		"var/lib/dpkg/info",
		"var/lib/dpkg/status",
		"var/lib/dpkg/diversions",
		"var/lib/dpkg",
		"var/lib",
		"var",
	};

	for (size_t i = 0; i < COUNT_OF(known); i++) {
		if (unlinkat(folder_fd, known[i], 0) != 0) {
			(void)unlinkat(folder_fd, known[i], AT_REMOVEDIR);
		}
	}
	assert_int_equal(rmdir(name), 0);
}

static int tear_down(void **state)
{
	struct world *w = *state;
	int fd = open(w->root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	remove_below(fd, w->root);
	close(fd);
	package_owners_free(&w->owners);
	tree_free(&w->tree);
	free(w);
	return 0;
}

/* "MANAGER PACKAGE" of a path, "" where it is nobody's. */
static void expect(struct world *w, const char *path, const char *expected)
{
	uint32_t number = package_owners_path(w->owners, span_of(path));
	struct package_owner owner;
	char found[128] = "";

	assert_int_equal(package_owners_find(w->owners, w->tree), 0);
	owner = package_owners_of(w->owners, number);
	if (owner.manager != NULL) {
		snprintf(found, sizeof found, "%s %s", owner.manager, owner.package);
	}
	assert_string_equal(found, expected);
	assert_string_equal(package_owners_text(w->owners, number), path);
}

static void put_dpkg(const struct world *w)
{
	char link[128];

	put(w, "var/lib/dpkg/status", "Package: dash\n");
	put(w, "var/lib/dpkg/info/dash.list", "/.\n/bin\n/bin/dash\n/bin/sh\n");
	put(w, "var/lib/dpkg/info/bash.list", "/.\n/bin/sh\n/usr/bin/bash\n/opt/sh.real\n");
	put(w, "var/lib/dpkg/info/libc6:amd64.list", "/lib/x86_64-linux-gnu/libc.so.6\n/lib");
	put(w, "var/lib/dpkg/info/not-a-list", "/usr/bin/other\n");
	snprintf(link, sizeof link, "%s/lib", w->root);
	assert_int_equal(symlink("usr/lib", link), 0);
}

static void finds_what_dpkg_lists_in_a_merged_usr(void **state)
{
	struct world *w = *state;

	put_dpkg(w);
	package_owners_begin(w->owners, w->tree);
	assert_true(package_owners_has_database(w->owners));
	expect(w, "/usr/lib/x86_64-linux-gnu/libc.so.6", "dpkg libc6");
	expect(w, "/usr/bin/bash", "dpkg bash");
	expect(w, "/usr/bin/dash", "dpkg dash");
	expect(w, "/usr/bin/other", "");
	expect(w, "/local/usr/bin/dash", "");
}

static void two_places_are_two_where_usr_is_not_merged(void **state)
{
	struct world *w = *state;
	char link[128];

	put_dpkg(w);
	snprintf(link, sizeof link, "%s/lib", w->root);
	assert_int_equal(unlink(link), 0);
	package_owners_begin(w->owners, w->tree);
	expect(w, "/usr/bin/dash", "");
	expect(w, "/bin/dash", "dpkg dash");
}

static void a_diverted_file_is_its_package_s_and_its_place_the_diverter_s(void **state)
{
	struct world *w = *state;

	put_dpkg(w);
	put(w, "var/lib/dpkg/diversions", "/bin/sh\n/bin/sh.distrib\ndash\n");
	package_owners_begin(w->owners, w->tree);
	expect(w, "/usr/bin/sh", "dpkg dash");
	expect(w, "/usr/bin/sh.distrib", "dpkg bash");
}

static void a_changed_database_is_asked_anew(void **state)
{
	struct world *w = *state;
	uint32_t number;

	put_dpkg(w);
	package_owners_begin(w->owners, w->tree);
	expect(w, "/usr/bin/new", "");
	put(w, "var/lib/dpkg/info/bash.list", "/usr/bin/new\n");
	package_owners_begin(w->owners, w->tree);
	expect(w, "/usr/bin/new", ""); /* the lists change before the status file does */
	put(w, "var/lib/dpkg/status", "Package: dash\n\nPackage: bash\n");
	package_owners_begin(w->owners, w->tree);
	expect(w, "/usr/bin/new", "dpkg bash");
	/* what is not used in a round is forgotten, and its number free */
	package_owners_begin(w->owners, w->tree);
	package_owners_begin(w->owners, w->tree);
	assert_int_equal(package_owners_limit(w->owners), 0);
	number = package_owners_path(w->owners, span_of("/other"));
	assert_int_equal(number, 0);
}

static void finds_what_apk_lists(void **state)
{
	struct world *w = *state;

	put(w, "lib/apk/db/installed",
	    "C:Q1\nP:busybox\nV:1\nF:bin\nR:busybox\nF:etc\n\nP:musl\nF:lib\nR:ld-musl.so.1\nF:\nR:"
	    "init\n");
	package_owners_begin(w->owners, w->tree);
	expect(w, "/bin/busybox", "apk busybox");
	expect(w, "/lib/ld-musl.so.1", "apk musl");
	expect(w, "/init", "apk musl");
	expect(w, "/etc", "");
}

static const struct process_in_use *process_of(const struct process_files *files, pid_t pid)
{
	size_t count;
	const struct process_in_use *all = process_files_all(files, &count);

	for (size_t i = 0; i < count; i++) {
		if (all[i].pid == pid) {
			return &all[i];
		}
	}
	return NULL;
}

static const struct process_in_use *walk(struct world *w, struct process_files *files, pid_t pid)
{
	package_owners_begin(w->owners, w->tree);
	assert_int_equal(process_files_walk(files, w->owners, 0), 0);
	return process_of(files, pid);
}

static bool has_stale_file(const struct process_in_use *process)
{
	bool is_stale = false;

	for (size_t i = 0; i < process->count; i++) {
		is_stale = is_stale || process->files[i].is_stale;
	}
	return is_stale;
}

static pid_t run_copy(char path[64])
{
	struct buffer program;
	struct why why;
	pid_t pid;
	int ready[2];
	char byte;

	buffer_init(&program, 1u << 22);
	assert_int_equal(file_read("/bin/sleep", &program), 0);
	memcpy(path, "/tmp/owners-sleep-XXXXXX", 25);
	close(mkstemp(path));
	assert_int_equal(file_replace(path, buffer_span(&program), 0755, &why), 0);
	buffer_done(&program);
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		execl(path, path, "600", (char *)NULL);
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0); /* closed by execve */
	close(ready[0]);
	return pid;
}

static void a_replaced_program_is_stale_and_maps_are_read_once(void **state)
{
	struct process_files *files = process_files_new();
	struct world *w = *state;
	char path[64];
	char other[80];
	pid_t pid = run_copy(path);
	const struct process_in_use *process = walk(w, files, pid);
	uint64_t read;

	assert_non_null(process);
	assert_string_equal(process->executable, path);
	assert_true(process->count >= 2); /* the program and the C library, at least */
	assert_false(has_stale_file(process));
	process = walk(w, files, pid);
	read = process_files_read(files);
	process = walk(w, files, pid);
	assert_non_null(process);
	assert_in_range(process_files_read(files) - read, 0, 8); /* others may begin meanwhile */
	snprintf(other, sizeof other, "%s.new", path);
	close(open(other, O_CREAT | O_WRONLY | O_CLOEXEC, 0755));
	assert_int_equal(rename(other, path), 0);
	process = walk(w, files, pid);
	assert_true(process != NULL && has_stale_file(process));
	assert_int_equal(unlink(path), 0);
	process = walk(w, files, pid);
	assert_true(process != NULL && has_stale_file(process));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_null(walk(w, files, pid));
	process_files_free(&files);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(finds_what_dpkg_lists_in_a_merged_usr),
		TEST(two_places_are_two_where_usr_is_not_merged),
		TEST(a_diverted_file_is_its_package_s_and_its_place_the_diverter_s),
		TEST(a_changed_database_is_asked_anew),
		TEST(finds_what_apk_lists),
		TEST(a_replaced_program_is_stale_and_maps_are_read_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
