/* errand.c - one fork, one pipe, one wait. */
#include "server/feeds/errand.h"

#include "base/reader.h"
#include "sys/file.h"
#include "sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_MAX  1024
#define LINE_SIZE 700

void errand_init(struct errand *e, struct loop *loop, size_t outcome_max)
{
	*e = (struct errand){ .loop = loop, .fd = -1 };
	buffer_init(&e->outcome, outcome_max);
}

static int run_child(void *context)
{
	struct errand *e = context;

	process_close_all_but((int[]){ e->out_fd }, 1);
	return e->body(e->context, e->out_fd);
}

static int take_end(struct errand *e)
{
	int status = 0;

	loop_unwatch(&e->watch);
	file_close(&e->fd);
	(void)waitpid(e->pid, &status, 0); /* it closed the pipe by ending */
	e->is_under_way = false;
	return status;
}

static void on_readable(void *context, unsigned events)
{
	struct errand *e = context;
	uint8_t *room = buffer_reserve(&e->outcome, READ_MAX);
	uint8_t waste[READ_MAX];
	ssize_t len;

	(void)events;
	len = read(e->fd, room != NULL ? room : waste, READ_MAX);
	if (len > 0 && room != NULL) {
		buffer_grow(&e->outcome, (size_t)len);
	}
	if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR)) {
		int status = take_end(e);

		e->ended(e->context, status);
	}
}

bool errand_start(struct errand *e, const char *name, int (*body)(void *context, int out_fd),
		  void (*ended)(void *context, int status), void *context)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0) {
		return false;
	}
	e->body = body;
	e->ended = ended;
	e->context = context;
	e->out_fd = ends[1];
	if (process_spawn(name, run_child, e, &e->pid) != 0) {
		(void)close(ends[0]);
		(void)close(ends[1]);
		return false;
	}
	(void)close(ends[1]);
	e->is_under_way = true;
	e->fd = ends[0];
	(void)fcntl(e->fd, F_SETFL, O_NONBLOCK);
	buffer_clear(&e->outcome);
	e->watch = loop_watch(e->loop, e->fd, LOOP_READ, on_readable, e);
	return true;
}

void errand_kill(struct errand *e)
{
	if (e->is_under_way) {
		(void)kill(e->pid, SIGKILL);
	}
}

void errand_done(struct errand *e)
{
	if (e->is_under_way) {
		errand_kill(e);
		(void)take_end(e);
	}
	buffer_done(&e->outcome);
}

struct span errand_outcome(const struct errand *e)
{
	return buffer_span(&e->outcome);
}

bool errand_line(const struct errand *e, const char *word, struct span *out)
{
	struct reader r = reader_over(errand_outcome(e));
	size_t len = strlen(word);

	while (reader_left(&r) > 0) {
		struct span line = reader_line(&r);

		if (span_starts_with(line, word) && line.len > len && line.ptr[len] == ' ') {
			*out = span_after(line, len + 1);
			return true;
		}
	}
	return false;
}

void errand_tell(int out_fd, const char *word, const char *text)
{
	char line[LINE_SIZE];
	int len = snprintf(line, sizeof line, "%s %.600s\n", word, text);

	for (int i = 0; i + 1 < len; i++) {
		line[i] = (unsigned char)line[i] < ' ' ? ' ' : line[i];
	}
	(void)!write(out_fd, line, (size_t)len);
}
