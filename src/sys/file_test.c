/* file_test.c - files are read whole or not, and replaced whole or not. */
#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"

static int enter_folder(void **state)
{
	static char folder[] = "/tmp/bartizan-file-XXXXXX";

	*state = mkdtemp(folder);
	return *state == NULL ? -1 : chdir(folder);
}

static int leave_folder(void **state)
{
	DIR *here = opendir(".");
	struct dirent *entry;

	while (here != NULL && (entry = readdir(here)) != NULL) {
		(void)unlink(entry->d_name);
	}
	(void)closedir(here);
	(void)rmdir("a/b/c");
	(void)rmdir("a/b");
	(void)rmdir("a");
	return chdir("/") != 0 || rmdir(*state) != 0;
}

static unsigned count_entries(void)
{
	DIR *here = opendir(".");
	unsigned count = 0;

	while (readdir(here) != NULL) {
		count++;
	}
	(void)closedir(here);
	return count - 2;
}

static void replaces_and_reads_a_file(void **state)
{
	OWNED(buffer_done) struct buffer b;
	struct stat facts;
	struct why why;

	(void)state;
	buffer_init(&b, 1 << 20);
	assert_int_equal(file_replace("one", span_of("first"), 0640, &why), 0);
	assert_int_equal(file_replace("one", span_of("second"), 0600, &why), 0);
	assert_int_equal(file_read("one", &b), 0);
	assert_true(span_is(buffer_span(&b), "second"));
	assert_int_equal(file_read("one", &b), 0);
	assert_true(span_is(buffer_span(&b), "secondsecond"));
	assert_int_equal(stat("one", &facts), 0);
	assert_int_equal(facts.st_mode & 07777, 0600);
	assert_int_equal(count_entries(), 1);
}

static void gives_the_mode_that_was_asked_for_whatever_the_umask(void **state)
{
	mode_t old = umask(0777);
	struct stat facts;

	(void)state;
	assert_int_equal(file_replace("mode", span_of("x"), 0644, NULL), 0);
	(void)umask(old);
	assert_int_equal(stat("mode", &facts), 0);
	assert_int_equal(facts.st_mode & 07777, 0644);
}

static void reads_up_to_the_maximum_and_nothing_of_more(void **state)
{
	OWNED(buffer_done) struct buffer b;

	(void)state;
	assert_int_equal(file_replace("six", span_of("123456"), 0600, NULL), 0);
	buffer_init(&b, 6);
	assert_int_equal(file_read("six", &b), 0);
	assert_true(span_is(buffer_span(&b), "123456"));
	buffer_done(&b);
	buffer_init(&b, 5);
	assert_int_equal(file_read("six", &b), ERR_FULL);
	assert_int_equal(b.len, 0);
}

static void reads_proc_but_no_fifo_device_folder_or_refused_link(void **state)
{
	OWNED(buffer_done) struct buffer b;

	(void)state;
	buffer_init(&b, 1 << 20);
	assert_int_equal(file_read("/proc/self/status", &b), 0);
	assert_true(b.len > 100);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(file_read("fifo", &b), ERR_UNSUPPORTED);
	assert_int_equal(file_read("/dev/null", &b), ERR_UNSUPPORTED);
	assert_int_equal(file_read("/", &b), ERR_UNSUPPORTED);
	assert_int_equal(file_read("nothing", &b), ERR_NOT_FOUND);
	assert_int_equal(symlink("/proc/self/status", "link"), 0);
	assert_int_equal(file_read("link", &b), 0);
	assert_int_equal(file_read_at(AT_FDCWD, "link", true, &b), ERR_UNSUPPORTED);
}

static void tells_of_a_full_disk_and_leaves_the_old_file(void **state)
{
	OWNED(buffer_done) struct buffer b;
	struct rlimit old;
	struct rlimit small;
	char big[10000] = { 0 };
	struct why why = { "" };
	unsigned before;
	int error;

	(void)state;
	buffer_init(&b, 1 << 20);
	assert_int_equal(file_replace("kept", span_of("old"), 0600, &why), 0);
	before = count_entries();
	/* a limit on file sizes fails as a full disk does, with EFBIG */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = (struct rlimit){ 4096, old.rlim_max };
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	error = file_replace("kept", (struct span){ (uint8_t *)big, sizeof big }, 0600, &why);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(error, ERR_FULL);
	assert_non_null(strstr(why.text, "the disk is full"));
	assert_int_equal(file_read("kept", &b), 0);
	assert_true(span_is(buffer_span(&b), "old"));
	assert_int_equal(count_entries(), before);
}

static void says_where_a_file_cannot_be_written(void **state)
{
	struct why why = { "" };

	(void)state;
	assert_int_equal(file_replace("no/such/folder", span_of("x"), 0600, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "no/such/folder"));
}

static void makes_folders_and_the_ones_above(void **state)
{
	struct stat facts;
	struct why why;

	(void)state;
	assert_int_equal(file_make_folder("a/b/c/", 0700, &why), 0);
	assert_int_equal(file_make_folder("a/b/c", 0700, &why), 0);
	assert_int_equal(stat("a/b/c", &facts), 0);
	assert_int_equal(facts.st_mode & 0777, 0700);
	assert_int_equal(file_replace("plain", span_of("x"), 0600, &why), 0);
	assert_int_equal(file_make_folder("plain", 0700, &why), ERR_EXISTS);
	assert_true(file_make_folder("plain/x", 0700, &why) < 0);
	assert_int_equal(file_make_folder("", 0700, &why), ERR_LIMIT);
	assert_int_equal(file_make_folder("/", 0700, &why), 0);
}

static void lets_one_hold_a_lock_and_names_it_to_others(void **state)
{
	OWNED(file_close) int first = -1;
	OWNED(file_close) int second = -1;
	char number[32];
	struct why why = { "" };

	(void)state;
	assert_int_equal(file_lock("lock", &first, &why), 0);
	assert_int_equal(file_lock("lock", &second, &why), ERR_EXISTS);
	(void)snprintf(number, sizeof number, "process %ld ", (long)getpid());
	assert_non_null(strstr(why.text, number));
	file_close(&first);
	assert_int_equal(first, -1);
	assert_int_equal(file_lock("lock", &second, &why), 0);
}

static void writes_in_the_middle_of_a_file_and_reads_what_is_there(void **state)
{
	OWNED(file_close) int fd = open("places", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	uint8_t bytes[16];

	(void)state;
	assert_int_equal(file_write_at(fd, span_of("0123456789"), 0), 0);
	assert_int_equal(file_write_at(fd, span_of("abc"), 4), 0);
	assert_true(span_is(file_bytes_at(fd, bytes, sizeof bytes, 0), "0123abc789"));
	assert_true(span_is(file_bytes_at(fd, bytes, 3, 8), "89"));
	assert_int_equal(file_bytes_at(fd, bytes, sizeof bytes, 10).len, 0);
	assert_int_equal(file_bytes_at(-1, bytes, sizeof bytes, 0).len, 0);
}

static void tells_a_full_disk_from_one_that_fails(void **state)
{
	OWNED(file_close) int full = open("/dev/full", O_RDWR | O_CLOEXEC);
	OWNED(file_close) int read_only = open("places", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	assert_int_equal(file_write_at(full, span_of("x"), 0), ERR_FULL);
	assert_int_equal(file_write_at(read_only, span_of("x"), 0), ERR_IO);
	assert_int_equal(file_write_at(read_only, span_of(""), 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_and_reads_a_file),
		cmocka_unit_test(gives_the_mode_that_was_asked_for_whatever_the_umask),
		cmocka_unit_test(reads_up_to_the_maximum_and_nothing_of_more),
		cmocka_unit_test(reads_proc_but_no_fifo_device_folder_or_refused_link),
		cmocka_unit_test(tells_of_a_full_disk_and_leaves_the_old_file),
		cmocka_unit_test(says_where_a_file_cannot_be_written),
		cmocka_unit_test(makes_folders_and_the_ones_above),
		cmocka_unit_test(writes_in_the_middle_of_a_file_and_reads_what_is_there),
		cmocka_unit_test(tells_a_full_disk_from_one_that_fails),
		cmocka_unit_test(lets_one_hold_a_lock_and_names_it_to_others),
	};
	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
