/* line.c - fork, and keep one descriptor. */
#include "sys/line.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/net.h"
#include "sys/process.h"

struct starting {
	struct line_child child;
	int (*body)(void *child);
};

static int run(void *context)
{
	struct starting *s = context;

	signal(SIGINT, SIG_IGN); /* a terminal tells all of us; our parent decides */
	process_close_all_but((int[]){ s->child.fd }, 1);
	return s->body(&s->child);
}

int line_start(const char *name, int (*body)(void *child), const void *own, pid_t *out_pid,
	       int *out_fd, struct why *why)
{
	struct starting s = { .child = { .own = own }, .body = body };
	pid_t pid;
	int line[2];
	int error = net_pair(line);

	if (error != 0) {
		return why_set(why, error, "no socket pair");
	}
	s.child.fd = line[1];
	error = process_spawn(name, run, &s, &pid);
	file_close(&line[1]);
	if (error != 0) {
		file_close(&line[0]);
		return why_set(why, error, "the process %s cannot be started", name);
	}
	*out_fd = line[0];
	if (out_pid != NULL) {
		*out_pid = pid;
	}
	return 0;
}

void line_end(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGKILL);
		(void)waitpid(*pid, NULL, 0);
		*pid = 0;
	}
}
