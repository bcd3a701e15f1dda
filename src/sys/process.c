/* process.c - forking our own. */
#include "sys/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

static void reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++) {
		(void)signal(number, SIG_DFL); /* fails for those that have no other handling */
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int process_spawn(const char *name, int (*body)(void *context), void *context, pid_t *out_pid)
{
	pid_t parent = getpid();
	pid_t child;
	int status;

	/* what stdio holds back would otherwise be written twice */
	(void)fflush(NULL);
	child = fork();
	if (child < 0) {
		return errno == EAGAIN ? ERR_LIMIT : ERR_IO;
	}
	if (child > 0) {
		*out_pid = child;
		return 0;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) {
		_exit(1); /* the parent died before it could be told */
	}
	(void)prctl(PR_SET_NAME, name);
	reset_signals();
	status = body(context);
	(void)fflush(NULL);
	/* not exit: its handlers are the parent's */
	_exit(status);
}

static int compare_ints(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* By number: musl has no function for it. */
static void close_range_of(unsigned first, unsigned last)
{
	(void)syscall(SYS_close_range, first, last, 0u);
}

void process_close_all_but(int *kept, size_t count)
{
	unsigned from = STDERR_FILENO + 1;

	qsort(kept, count, sizeof *kept, compare_ints);
	for (size_t i = 0; i < count; i++) {
		if (kept[i] >= (int)from) {
			if (kept[i] > (int)from) {
				close_range_of(from, (unsigned)kept[i] - 1);
			}
			from = (unsigned)kept[i] + 1;
		}
	}
	close_range_of(from, ~0U);
}

uint64_t process_raise_files(void)
{
	struct rlimit limit = { 0 };

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		struct rlimit raised = { limit.rlim_max, limit.rlim_max };

		if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
			limit = raised;
		}
	}
	return limit.rlim_cur;
}

bool process_is_root(void)
{
	return geteuid() == 0;
}

void process_protect_memory(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
}
