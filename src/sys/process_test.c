/* process_test.c - children are what they should be. */
#include "sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static int look_around(void *context)
{
	struct sigaction action;
	sigset_t blocked;
	char name[16] = "";
	int signal_of_death = 0;

	(void)sigaction(SIGTERM, NULL, &action);
	(void)sigprocmask(SIG_SETMASK, NULL, &blocked);
	(void)prctl(PR_GET_NAME, name);
	(void)prctl(PR_GET_PDEATHSIG, &signal_of_death);
	if (strcmp(name, "role") != 0 || signal_of_death != SIGKILL) {
		return 2;
	}
	if (action.sa_handler != SIG_DFL || sigismember(&blocked, SIGTERM) != 0) {
		return 3;
	}
	return *(int *)context;
}

static void gives_a_child_its_name_and_default_signals(void **state)
{
	int status = 0;
	int answer = 42;
	sigset_t blocked;
	pid_t pid;

	(void)state;
	(void)signal(SIGTERM, SIG_IGN);
	(void)sigemptyset(&blocked);
	(void)sigaddset(&blocked, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &blocked, NULL);
	assert_int_equal(process_spawn("role", look_around, &answer, &pid), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
	(void)sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	(void)signal(SIGTERM, SIG_DFL);
}

static int wait_for_ever(void *context)
{
	const int *fd = context;

	while (write(*fd, "x", 1) == 1) {
		(void)pause();
	}
	return 1;
}

static int be_a_parent(void *context)
{
	pid_t pid;

	if (process_spawn("child", wait_for_ever, context, &pid) != 0) {
		return 1;
	}
	return wait_for_ever(context);
}

/* The pipe's writers are a parent and its child: it ends when both are dead. */
static void kills_a_child_whose_parent_dies(void **state)
{
	struct pollfd ended;
	char two[2];
	int fds[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(process_spawn("parent", be_a_parent, &fds[1], &pid), 0);
	(void)close(fds[1]);
	for (size_t got = 0; got < sizeof two; got++) {
		assert_int_equal(read(fds[0], two, 1), 1);
	}
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	ended = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	assert_int_equal(poll(&ended, 1, 10000), 1);
	assert_int_equal(read(fds[0], two, 1), 0);
	(void)close(fds[0]);
}

static void raises_the_limit_of_files(void **state)
{
	struct rlimit limit;

	(void)state;
	assert_true(process_raise_files() >= 64);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(limit.rlim_cur == limit.rlim_max);
}

static int protect(void *context)
{
	struct rlimit core;

	(void)context;
	process_protect_memory();
	(void)getrlimit(RLIMIT_CORE, &core);
	return prctl(PR_GET_DUMPABLE) == 0 && core.rlim_cur == 0 ? 0 : 1;
}

static void makes_memory_unreadable_to_others(void **state)
{
	int status = -1;
	pid_t pid;

	(void)state;
	assert_int_equal(process_spawn("protected", protect, NULL, &pid), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(process_is_root() == (geteuid() == 0));
}

static int keep_two(void *context)
{
	const int *fds = context;
	int kept[] = { fds[3], -1, fds[1] };

	process_close_all_but(kept, 3);
	for (int i = 0; i < 4; i++) {
		bool is_open = fcntl(fds[i], F_GETFD) >= 0;

		if (is_open != (i % 2 == 1)) {
			return i + 1;
		}
	}
	return fcntl(STDERR_FILENO, F_GETFD) >= 0 ? 0 : 5;
}

static void a_child_keeps_the_descriptors_that_are_named_alone(void **state)
{
	int fds[4];
	int status = -1;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(pipe(fds + 2), 0);
	assert_int_equal(process_spawn("keeper", keep_two, fds, &pid), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	for (int i = 0; i < 4; i++) {
		close(fds[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_a_child_its_name_and_default_signals),
		cmocka_unit_test(kills_a_child_whose_parent_dies),
		cmocka_unit_test(raises_the_limit_of_files),
		cmocka_unit_test(makes_memory_unreadable_to_others),
		cmocka_unit_test(a_child_keeps_the_descriptors_that_are_named_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
