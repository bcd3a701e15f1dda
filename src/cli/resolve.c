/* resolve.c - a question is "HOST\nPORT", an answer addresses, one a line, or '!' and a reason. */
#include "cli/resolve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"
#include "sys/alloc.h"
#include "sys/channel.h"
#include "sys/process.h"
#include "sys/sandbox.h"

#define LINE_QUEUE   (64u << 10)
#define ANSWER_MAX   (RESOLVE_ADDRESSES_MAX * NET_TEXT_SIZE)
#define FIRST_OWN_FD 3

struct question {
	struct question *next;
	void *about;
	char text[NET_TEXT_SIZE];
};

struct worker {
	struct resolver *resolver;
	pid_t pid;
	struct channel *line;
	struct question *question; /* NULL: free */
};

struct resolver {
	struct loop *loop;
	resolved *done;
	void *context;
	struct loop_timer *turn;
	struct worker workers[RESOLVE_PROCESSES];
	struct question *first; /* waiting */
	struct question *last;
	size_t busy;
};

/* --- the child ----------------------------------------------------------------------------- */

struct child {
	int fd;
	struct loop *loop;
	struct channel *line;
};

static void look_up(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct child *child = context;
	struct net_address found[RESOLVE_ADDRESSES_MAX];
	struct reader r = reader_over(body);
	OWNED(alloc_free) char *host = alloc_span(reader_line(&r));
	OWNED(alloc_free) char *port = alloc_span(reader_rest(&r));
	uint8_t bytes[ANSWER_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct why why = { 0 };
	size_t count = 0;

	if (net_resolve(host, port, found, RESOLVE_ADDRESSES_MAX, &count, &why) != 0) {
		writer_text(&w, "!");
		writer_text(&w, why.text);
		count = 0;
	}
	for (size_t i = 0; i < count; i++) {
		char text[NET_TEXT_SIZE];

		net_address_text(&found[i], text);
		writer_text(&w, text);
		writer_text(&w, "\n");
	}
	if (channel_send(child->line, kind, id, writer_span(&w)) != 0) {
		_exit(1);
	}
}

static void asker_gone(void *context)
{
	(void)context;
	_exit(0);
}

static int child_body(void *context)
{
	static const struct channel_handler handler = { look_up, NULL, asker_gone };
	static const int none[] = { -1 };
	struct child *child = context;
	struct why why;

	if (child->fd > FIRST_OWN_FD) {
		(void)close_range(FIRST_OWN_FD, (unsigned)child->fd - 1, 0);
	}
	(void)close_range((unsigned)child->fd + 1, ~0U, 0);
	if (sandbox_privileges(none, &why) != 0) {
		return 1;
	}
	child->loop = loop_new();
	child->line = channel_new(child->loop, child->fd, LINE_QUEUE, &handler, child);
	loop_run(child->loop);
	return 0;
}

/* --- this side ----------------------------------------------------------------------------- */

/* Frees the worker's question after it was answered. */
static void finish(struct worker *worker, const struct net_address *addresses, size_t count,
		   const char *reason)
{
	struct resolver *r = worker->resolver;
	struct question *question = worker->question;

	worker->question = NULL;
	r->busy--;
	r->done(r->context, question->about, addresses, count, reason);
	free(question);
	loop_timer_arm(r->turn, 0);
}

static void on_answer(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct worker *worker = context;
	struct net_address found[RESOLVE_ADDRESSES_MAX];
	struct reader r = reader_over(body);
	struct why why;
	char reason[sizeof why.text];
	size_t count = 0;

	(void)kind;
	(void)id;
	if (worker->question == NULL) {
		return;
	}
	if (body.len > 0 && body.ptr[0] == '!') {
		body = span_after(body, 1);
		snprintf(reason, sizeof reason, "%.*s", (int)body.len, (const char *)body.ptr);
		finish(worker, NULL, 0, reason);
		return;
	}
	while (reader_left(&r) > 0 && count < RESOLVE_ADDRESSES_MAX) {
		if (net_address_parse(reader_line(&r), &found[count], &why) == 0) {
			count++;
		}
	}
	finish(worker, found, count, count == 0 ? "the name has no address" : "");
}

static void end_worker(struct worker *worker)
{
	channel_free(&worker->line);
	if (worker->pid > 0) {
		kill(worker->pid, SIGKILL);
		(void)waitpid(worker->pid, NULL, 0);
		worker->pid = 0;
	}
}

static void on_gone(void *context)
{
	struct worker *worker = context;

	end_worker(worker);
	if (worker->question != NULL) {
		finish(worker, NULL, 0, "the process that looks names up died");
	}
}

static bool start_worker(struct worker *worker)
{
	static const struct channel_handler handler = { on_answer, NULL, on_gone };
	struct child child;
	int line[2];

	if (net_pair(line) != 0) {
		return false;
	}
	child.fd = line[1];
	if (process_spawn("resolve", child_body, &child, &worker->pid) != 0) {
		close(line[0]);
		close(line[1]);
		return false;
	}
	close(line[1]);
	worker->line = channel_new(worker->resolver->loop, line[0], LINE_QUEUE, &handler, worker);
	return true;
}

static void give(struct worker *worker)
{
	struct resolver *r = worker->resolver;
	struct question *question = r->first;

	r->first = question->next;
	if (r->first == NULL) {
		r->last = NULL;
	}
	worker->question = question;
	if ((worker->line == NULL && !start_worker(worker)) ||
	    channel_send(worker->line, 1, 0, span_of(question->text)) != 0) {
		finish(worker, NULL, 0, "no process to look the name up with");
	}
}

static void take_turns(void *context)
{
	struct resolver *r = context;

	for (size_t i = 0; i < RESOLVE_PROCESSES && r->first != NULL; i++) {
		if (r->workers[i].question == NULL) {
			give(&r->workers[i]);
		}
	}
}

struct resolver *resolver_new(struct loop *loop, resolved *done, void *context)
{
	struct resolver *r = alloc_zeroed(1, sizeof *r);

	r->loop = loop;
	r->done = done;
	r->context = context;
	r->turn = loop_timer(loop, take_turns, r);
	for (size_t i = 0; i < RESOLVE_PROCESSES; i++) {
		r->workers[i].resolver = r;
	}
	return r;
}

void resolver_free(struct resolver **resolver)
{
	struct resolver *r = *resolver;

	*resolver = NULL;
	if (r == NULL) {
		return;
	}
	for (size_t i = 0; i < RESOLVE_PROCESSES; i++) {
		end_worker(&r->workers[i]);
		free(r->workers[i].question);
	}
	while (r->first != NULL) {
		struct question *question = r->first;

		r->first = question->next;
		free(question);
	}
	loop_timer_free(&r->turn);
	free(r);
}

void resolver_ask(struct resolver *r, const char *host, const char *port, void *about)
{
	struct question *question = alloc_zeroed(1, sizeof *question);

	question->about = about;
	snprintf(question->text, sizeof question->text, "%s\n%s", host, port);
	if (r->last != NULL) {
		r->last->next = question;
	} else {
		r->first = question;
	}
	r->last = question;
	r->busy++;
	loop_timer_arm(r->turn, 0);
}

size_t resolver_busy(const struct resolver *r)
{
	return r->busy;
}
