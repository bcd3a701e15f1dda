/* executions_test.c - real executions, by each way that this machine allows. */
#include "agent/sources/exec_tracepoint.h"
#include "agent/sources/executions.h"
#include "agent/sources/fake_sink.h"
#include "agent/sources/table.h"

#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/sha256.h"
#include "base/text.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/sandbox.h"

#define DEADLINE_MS 60000

enum way { FULL, SMALL, CONNECTOR };

struct world {
	struct source_host host;
	const struct event_source *source;
	void *state;
	enum way way;
};

static struct world *world_open(enum way way)
{
	struct world *w = calloc(1, sizeof *w);
	struct why why = { .text = "" };
	int error;

	log_open("test", LOG_ERROR);
	w->way = way;
	w->host.loop = loop_new();
	w->host.sink = fake_sink_new();
	w->source = way == CONNECTOR ? &event_source_exec_connector : &event_source_exec_tracepoint;
	error = way == SMALL ? exec_tracepoint_open_as(&w->host, true, &w->state, &why)
			     : w->source->open(&w->host, &w->state, &why);
	if (error != 0) {
		print_message("skipped: %s\n", why.text);
		fake_sink_free(&w->host.sink);
		loop_free(&w->host.loop);
		free(w);
		skip();
		return NULL;
	}
	w->source->enable(w->state, true);
	return w;
}

static void world_close(struct world *w)
{
	w->source->close(&w->state);
	assert_null(w->state);
	fake_sink_free(&w->host.sink);
	loop_free(&w->host.loop);
	free(w);
}

/* Starts a program that has this on its standard input; it ends when that is closed. */
static pid_t start(char *const argv[], const char *path, int *out_input)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(fds[0], 0);
		close(fds[0]);
		close(fds[1]);
		execv(path, argv);
		_exit(127);
	}
	close(fds[0]);
	*out_input = fds[1];
	return pid;
}

/* The event of a process, which must come. */
static void wait_for(struct world *w, pid_t pid, struct row *out)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;
	int64_t at_ms;
	size_t seen = 0;

	for (;;) {
		for (; seen < fake_sink_count(w->host.sink); seen++) {
			fake_sink_row(w->host.sink, seen, out, &at_ms);
			if (out->values[EXECUTIONS_PID].number == pid) {
				assert_true(at_ms > clock_wall_ms() - 2 * DEADLINE_MS &&
					    at_ms <= clock_wall_ms() + 1000);
				return;
			}
		}
		assert_true(clock_ms() < deadline);
		loop_turn(w->host.loop, 100);
	}
}

static void hash_of(const char *path, char out[2 * SHA256_SIZE + 1])
{
	struct buffer file OWNED(buffer_done);
	uint8_t hash[SHA256_SIZE];

	buffer_init(&file, 64u << 20);
	assert_int_equal(file_read(path, &file), 0);
	sha256_of(buffer_span(&file), hash);
	text_to_hex((struct span){ hash, sizeof hash }, out);
}

static void tells_a_program(enum way way)
{
	char *const argv[] = { (char *)(uintptr_t) "kitty", (char *)(uintptr_t) "--",
			       (char *)(uintptr_t) "-", NULL };
	struct world *w = world_open(way);
	char own[4096];
	char real[4096];
	char hash[2 * SHA256_SIZE + 1];
	struct row row;
	ssize_t len;
	int input;
	pid_t pid = start(argv, "/bin/cat", &input);

	wait_for(w, pid, &row);
	assert_non_null(realpath("/bin/cat", real));
	assert_string_equal(fake_sink_text(&row, EXECUTIONS_EXECUTABLE), real);
	assert_string_equal(fake_sink_text(&row, EXECUTIONS_ARGUMENTS), "kitty|--|-");
	assert_int_equal(row.values[EXECUTIONS_PARENT_PID].number, getpid());
	len = readlink("/proc/self/exe", own, sizeof own - 1);
	assert_true(len > 0);
	own[len] = '\0';
	assert_string_equal(fake_sink_text(&row, EXECUTIONS_PARENT), own);
	assert_true(row.values[EXECUTIONS_USER].kind == VALUE_TEXT);
	hash_of(real, hash);
	assert_string_equal(fake_sink_text(&row, EXECUTIONS_SHA256), hash);
	close(input);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	world_close(w);
}

static void the_full_program_tells_all_of_an_execution(void **state)
{
	(void)state;
	tells_a_program(FULL);
}

static void the_small_program_finds_the_rest_in_proc(void **state)
{
	(void)state;
	tells_a_program(SMALL);
}

static void the_connector_finds_the_rest_in_proc(void **state)
{
	(void)state;
	tells_a_program(CONNECTOR);
}

static void run(char *const argv[], const char *path, pid_t *out_pid)
{
	int input;

	*out_pid = start(argv, path, &input);
	close(input);
	assert_int_equal(waitpid(*out_pid, NULL, 0), *out_pid);
}

static void tells_arguments_and_programs_of_what_has_ended(void **state)
{
	char *const argv[] = { (char *)(uintptr_t) "true", (char *)(uintptr_t) "--password=hunter2",
			       (char *)(uintptr_t) "", (char *)(uintptr_t) "last", NULL };
	struct world *w = world_open(FULL);
	char real[4096];
	struct row row;
	pid_t pid;

	(void)state;
	run(argv, "/bin/true", &pid);
	wait_for(w, pid, &row);
	assert_non_null(realpath("/bin/true", real));
	assert_string_equal(fake_sink_text(&row, EXECUTIONS_EXECUTABLE), real);
	assert_string_equal(fake_sink_text(&row, EXECUTIONS_ARGUMENTS),
			    "true|--password=***||last");
	assert_true(row.values[EXECUTIONS_SHA256].kind == VALUE_TEXT);
	world_close(w);
}

static void tells_the_interpreter_of_a_script(void **state)
{
	char path[] = "/tmp/bartizan-script-XXXXXX";
	char *const argv[] = { path, (char *)(uintptr_t) "x", NULL };
	struct world *w = world_open(FULL);
	char expected[128];
	char shell[4096];
	struct row row;
	pid_t pid;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "#!/bin/sh\nexit 0\n", 17), 17);
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	run(argv, path, &pid);
	wait_for(w, pid, &row);
	assert_non_null(realpath("/bin/sh", shell));
	snprintf(expected, sizeof expected, "/bin/sh|%s|x", path);
	assert_string_equal(fake_sink_text(&row, EXECUTIONS_EXECUTABLE), shell);
	assert_string_equal(fake_sink_text(&row, EXECUTIONS_ARGUMENTS), expected);
	unlink(path);
	world_close(w);
}

static void cuts_what_is_too_long(void **state)
{
	static char longest[4000];
	char *const argv[] = { (char *)(uintptr_t) "true", longest, NULL };
	struct world *w = world_open(FULL);
	struct row row;
	pid_t pid;

	(void)state;
	memset(longest, 'a', sizeof longest - 1);
	run(argv, "/bin/true", &pid);
	wait_for(w, pid, &row);
	assert_int_equal(strlen(fake_sink_text(&row, EXECUTIONS_ARGUMENTS)), EXEC_ARGUMENTS_MAX);
	world_close(w);
}

static void copy(const char *from, const char *to)
{
	struct buffer file OWNED(buffer_done);
	struct why why;

	buffer_init(&file, 64u << 20);
	assert_int_equal(file_read(from, &file), 0);
	assert_int_equal(file_replace(to, buffer_span(&file), 0700, &why), 0);
}

static void sees_that_a_program_was_replaced_or_renamed(void **state)
{
	char folder[] = "/tmp/bartizan-programs-XXXXXX";
	char first[64];
	char second[64];
	char hash[2 * SHA256_SIZE + 1];
	struct world *w = world_open(FULL);
	char *const argv[] = { first, NULL };
	struct row row;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(first, sizeof first, "%s/first", folder);
	snprintf(second, sizeof second, "%s/second", folder);
	copy("/bin/true", first);
	run(argv, first, &pid);
	wait_for(w, pid, &row);
	assert_string_equal(fake_sink_text(&row, EXECUTIONS_EXECUTABLE), first);

	assert_int_equal(rename(first, second), 0);
	run(argv, second, &pid);
	wait_for(w, pid, &row);
	assert_string_equal(fake_sink_text(&row, EXECUTIONS_EXECUTABLE), second);

	copy("/bin/echo", second);
	run(argv, second, &pid);
	wait_for(w, pid, &row);
	hash_of("/bin/echo", hash);
	assert_string_equal(fake_sink_text(&row, EXECUTIONS_SHA256), hash);
	unlink(second);
	rmdir(folder);
	world_close(w);
}

static void is_silent_while_it_is_off(void **state)
{
	char *const argv[] = { (char *)(uintptr_t) "true", NULL };
	struct world *w = world_open(FULL);
	struct row row;
	pid_t unseen;
	pid_t pid;

	(void)state;
	w->source->enable(w->state, false);
	run(argv, "/bin/true", &unseen);
	w->source->enable(w->state, true);
	run(argv, "/bin/true", &pid);
	wait_for(w, pid, &row);
	for (size_t i = 0; i < fake_sink_count(w->host.sink); i++) {
		int64_t at_ms;

		fake_sink_row(w->host.sink, i, &row, &at_ms);
		assert_int_not_equal(row.values[EXECUTIONS_PID].number, unseen);
	}
	world_close(w);
}

static unsigned count_ours(const struct world *w)
{
	struct row row;
	unsigned ours = 0;
	int64_t at_ms;

	for (size_t i = 0; i < fake_sink_count(w->host.sink); i++) {
		fake_sink_row(w->host.sink, i, &row, &at_ms);
		ours += row.values[EXECUTIONS_PARENT_PID].number == getpid();
	}
	return ours;
}

/* The ring is not read while more is executed than it holds. */
static void counts_what_the_ring_had_no_room_for(void **state)
{
	static char longest[EXEC_ARGUMENTS_MAX];
	char *const argv[] = { (char *)(uintptr_t) "true", longest, NULL };
	struct world *w = world_open(FULL);
	int64_t deadline;
	const char *reason;
	uint64_t lost = 0;
	pid_t pid;

	(void)state;
	memset(longest, 'a', sizeof longest - 1);
	for (int i = 0; i < 300; i++) {
		run(argv, "/bin/true", &pid);
	}
	deadline = clock_ms() + DEADLINE_MS;
	/* others on this machine may have lost some of theirs, and none of ours is lost untold */
	while (count_ours(w) + lost < 300 && clock_ms() < deadline) {
		loop_turn(w->host.loop, 100);
		(void)fake_sink_losses(w->host.sink, &lost, &reason);
	}
	assert_true(count_ours(w) + lost >= 300);
	assert_true(count_ours(w) < 300);
	assert_true(fake_sink_losses(w->host.sink, &lost, &reason) > 0);
	assert_string_equal(reason, "kernel");
	world_close(w);
}

/* As the collector confines itself; ends with 0 where the marked execution was told in full. */
static void watch_confined(enum way way, int ready_fd)
{
	const int keep[] = { CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, -1 };
	struct world *w = world_open(way);
	int64_t deadline = clock_ms() + DEADLINE_MS;
	struct why why;
	struct row row;
	int64_t at_ms;

	if (sandbox_privileges(keep, &why) != 0 ||
	    sandbox_calls(SANDBOX_BASIC | SANDBOX_READ_FILES | SANDBOX_SOCKETS_OPEN |
				  SANDBOX_NOTIFY,
			  &why) != 0 ||
	    write(ready_fd, "r", 1) != 1) {
		_exit(2);
	}
	for (size_t i = 0; clock_ms() < deadline; loop_turn(w->host.loop, 100)) {
		for (; i < fake_sink_count(w->host.sink); i++) {
			fake_sink_row(w->host.sink, i, &row, &at_ms);
			if (strcmp(fake_sink_text(&row, EXECUTIONS_ARGUMENTS), "marked|-") == 0) {
				_exit(row.values[EXECUTIONS_SHA256].kind == VALUE_TEXT &&
						      row.values[EXECUTIONS_PARENT].kind ==
							      VALUE_TEXT
					      ? 0
					      : 3);
			}
		}
	}
	_exit(4);
}

static void check_confined(enum way way)
{
	char *const argv[] = { (char *)(uintptr_t) "marked", (char *)(uintptr_t) "-", NULL };
	struct world *w = world_open(way); /* skips where it may not */
	int ready[2];
	int status;
	int input;
	char byte;
	pid_t watcher;
	pid_t pid;

	world_close(w);
	assert_int_equal(pipe(ready), 0);
	watcher = fork();
	assert_true(watcher >= 0);
	if (watcher == 0) {
		close(ready[0]);
		watch_confined(way, ready[1]);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	pid = start(argv, "/bin/cat", &input);
	assert_int_equal(waitpid(watcher, &status, 0), watcher);
	assert_int_equal(status, 0);
	close(input);
	close(ready[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void works_within_the_collectors_sandbox(void **state)
{
	(void)state;
	check_confined(FULL);
}

static void the_small_program_works_within_the_sandbox(void **state)
{
	(void)state;
	check_confined(SMALL);
}

static void the_connector_works_within_the_sandbox(void **state)
{
	(void)state;
	check_confined(CONNECTOR);
}

static void record_keeps_what_was_written(void **state)
{
	const struct exec_record given = { .boot_ns = 5,
					   .pid = 6,
					   .uid = 7,
					   .program = { 1, 2, 3, 4 },
					   .parent_program = { 5, 6, 7, 8 },
					   .parent_pid = 9,
					   .login_uid = 10,
					   .is_cut = true,
					   .arguments = span_of("a"),
					   .path = span_of("/bin/a") };
	uint8_t bytes[EXEC_RECORD_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct exec_record read;

	(void)state;
	exec_record_write(&given, &w);
	assert_int_equal(exec_record_parse(writer_span(&w), &read), 0);
	assert_int_equal(read.pid, 6);
	assert_int_equal(read.uid, 7);
	assert_int_equal(read.program.device, 4);
	assert_int_equal(read.parent_program.inode, 7);
	assert_int_equal(read.parent_pid, 9);
	assert_int_equal(read.login_uid, 10);
	assert_true(read.is_cut);
	assert_true(span_is(read.arguments, "a"));
	assert_true(span_is(read.path, "/bin/a"));
	for (size_t len = 0; len < 104; len++) {
		if (len != 24) { /* the small program's */
			assert_int_equal(exec_record_parse(span_first(writer_span(&w), len), &read),
					 ERR_MALFORMED);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_keeps_what_was_written),
		cmocka_unit_test(the_full_program_tells_all_of_an_execution),
		cmocka_unit_test(the_small_program_finds_the_rest_in_proc),
		cmocka_unit_test(the_connector_finds_the_rest_in_proc),
		cmocka_unit_test(tells_arguments_and_programs_of_what_has_ended),
		cmocka_unit_test(tells_the_interpreter_of_a_script),
		cmocka_unit_test(cuts_what_is_too_long),
		cmocka_unit_test(sees_that_a_program_was_replaced_or_renamed),
		cmocka_unit_test(is_silent_while_it_is_off),
		cmocka_unit_test(works_within_the_collectors_sandbox),
		cmocka_unit_test(the_small_program_works_within_the_sandbox),
		cmocka_unit_test(the_connector_works_within_the_sandbox),
		cmocka_unit_test(counts_what_the_ring_had_no_room_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
