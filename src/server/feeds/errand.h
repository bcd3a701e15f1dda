/*
 * errand.h - a child of the feeds role that does one thing, writes down what became of it, as
 * lines, and ends.
 *
 * It has no descriptor but stderr and the pipe that it writes to: neither the bus nor the loop.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/buffer.h"
#include "sys/loop.h"

/* Embedded by its owner; fields are private to errand.c. */
struct errand {
	struct loop *loop;
	bool is_under_way;
	pid_t pid;
	int fd;
	struct loop_watch *watch;
	struct buffer outcome; /* what does not fit is lost */
	int (*body)(void *context, int out_fd);
	void (*ended)(void *context, int status);
	void *context;
	int out_fd;
};

void errand_init(struct errand *errand, struct loop *loop, size_t outcome_max);

/* Kills the child where one is under way; ended is not called. */
void errand_done(struct errand *errand);

/* Forks; body is the child's and gets the end of the pipe that it writes to. When the child has
 * ended, ended is called with its status, as waitpid tells it. False where no process can be
 * started. */
MUST_USE bool errand_start(struct errand *errand, const char *name,
			   int (*body)(void *context, int out_fd),
			   void (*ended)(void *context, int status), void *context);

/* It takes too long: it is ended, and ended is called as usual. */
void errand_kill(struct errand *errand);

/* What the child wrote. */
struct span errand_outcome(const struct errand *errand);

/* The rest of the outcome's first line that begins with a word; false where there is none. */
bool errand_line(const struct errand *errand, const char *word, struct span *out);

/* For the child: a line. What is quoted in it may be anything, and stays on it. */
void errand_tell(int out_fd, const char *word, const char *text);
