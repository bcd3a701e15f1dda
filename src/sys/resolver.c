/*
 * resolver.c - a question is "HOST\nPORT", or "ADDRESS:PORT" for a name; an answer is addresses,
 * one a line, or a name, or '!' and a reason ('?' where nobody answered).
 */
#include "sys/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "base/writer.h"
#include "sys/alloc.h"
#include "sys/channel.h"
#include "sys/line.h"
#include "sys/log.h"
#include "sys/sandbox.h"

#define QUEUE_MAX    (64u << 10)
#define QUESTION_MAX (NET_TEXT_SIZE + 8)
#define ANSWER_MAX   (RESOLVER_ADDRESSES_MAX * NET_TEXT_SIZE)
#define DNS_PORT     53

enum { ASK_ADDRESSES = 1, ASK_NAME };

struct question {
	struct question *next;
	void *about;
	uint8_t kind;
	char text[QUESTION_MAX];
};

struct worker {
	struct resolver *resolver;
	pid_t pid; /* 0: not ours to start */
	struct channel *line;
	struct question *question; /* NULL: free */
};

struct resolver {
	struct loop *loop;
	resolved *done;
	void (*lost)(void *context);
	void *context;
	struct loop_timer *turn;
	struct worker workers[RESOLVER_PROCESSES];
	size_t worker_count;
	bool is_over;           /* its children were started by somebody else */
	struct question *first; /* waiting */
	struct question *last;
	size_t busy;
};

/* --- the child ----------------------------------------------------------------------------- */

struct child {
	struct loop *loop;
	struct channel *line;
};

static void write_reason(struct writer *w, int error, const struct why *why)
{
	writer_text(w, error == ERR_AGAIN ? "?" : "!");
	writer_text(w, why->text);
}

static void look_up(struct span body, struct writer *w)
{
	struct net_address found[RESOLVER_ADDRESSES_MAX];
	struct reader r = reader_over(body);
	OWNED(alloc_free) char *host = alloc_span(reader_line(&r));
	OWNED(alloc_free) char *port = alloc_span(reader_rest(&r));
	struct why why = { 0 };
	size_t count = 0;
	int error = net_resolve(host, port, found, RESOLVER_ADDRESSES_MAX, &count, &why);

	if (error != 0) {
		write_reason(w, error, &why);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		char text[NET_TEXT_SIZE];

		net_address_text(&found[i], text);
		writer_text(w, text);
		writer_text(w, "\n");
	}
}

static void look_back(struct span body, struct writer *w)
{
	char name[NET_TEXT_SIZE];
	struct net_address address;
	struct why why = { 0 };
	int error = net_address_parse(body, &address, &why);

	error = error == 0 ? net_name_of(&address, name, &why) : error;
	if (error != 0) {
		write_reason(w, error, &why);
	} else {
		writer_text(w, name);
	}
}

static void on_question(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct child *child = context;
	uint8_t bytes[ANSWER_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);

	if (kind == ASK_NAME) {
		look_back(body, &w);
	} else {
		look_up(body, &w);
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

static int confine(struct why *why)
{
	static const struct sandbox_path paths[] = {
		{ "/etc/resolv.conf", false },   { "/etc/hosts", false },
		{ "/etc/nsswitch.conf", false }, { "/etc/gai.conf", false },
		{ "/etc/host.conf", false },
	};
	const int keep[] = { -1 };
	int error = sandbox_privileges(keep, why);

	if (error == 0) {
		error = sandbox_files(paths, COUNT_OF(paths), DNS_PORT, why);
		error = error == ERR_UNSUPPORTED ? 0 : error; /* others say so */
	}
	if (error == 0) {
		error = sandbox_calls(SANDBOX_BASIC | SANDBOX_READ_FILES | SANDBOX_SOCKETS_OPEN |
					      SANDBOX_INTERNET,
				      why);
	}
	return error == ERR_UNSUPPORTED ? 0 : error;
}

static int child_body(void *context)
{
	static const struct channel_handler handler = { on_question, NULL, asker_gone };
	const struct line_child *line = context;
	struct net_address warm;
	struct child child;
	struct why why;
	size_t count;

	/* what looking up loads is loaded while it still can be */
	(void)(net_resolve("localhost", "0", &warm, 1, &count, &why) != 0);
	child.loop = loop_new();
	child.line = channel_new(child.loop, line->fd, QUEUE_MAX, &handler, &child);
	if (confine(&why) != 0) {
		log_error("the process that looks names up cannot confine itself",
			  log_text("reason", why.text));
		return 1;
	}
	loop_run(child.loop);
	return 0;
}

int resolver_child(int *out_line, struct why *why)
{
	return line_start("resolve", child_body, NULL, NULL, out_line, why);
}

/* --- this side ----------------------------------------------------------------------------- */

/* Frees the worker's question after it was answered. */
static void finish(struct worker *worker, const struct resolver_answer *answer)
{
	struct resolver *r = worker->resolver;
	struct question *question = worker->question;

	worker->question = NULL;
	r->busy--;
	r->done(r->context, question->about, answer);
	free(question);
	loop_timer_arm(r->turn, 0);
}

static void fail(struct worker *worker, const char *reason, bool is_deaf)
{
	const struct resolver_answer answer = { .name = "", .reason = reason, .is_deaf = is_deaf };

	finish(worker, &answer);
}

/* What may stand in a name of DNS; anything else is no name, whoever says so. */
static bool is_name(struct span text)
{
	if (text.len == 0 || text.len > 253) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];
		bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

		if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_') {
			return false;
		}
	}
	return true;
}

static void take_name(struct worker *worker, struct span body)
{
	char name[NET_TEXT_SIZE];
	struct resolver_answer answer = { .name = name, .reason = "" };

	if (!is_name(body)) {
		fail(worker, "its name is none", false);
		return;
	}
	(void)snprintf(name, sizeof name, "%.*s", (int)body.len, (const char *)body.ptr);
	finish(worker, &answer);
}

static void take_addresses(struct worker *worker, struct span body)
{
	struct net_address found[RESOLVER_ADDRESSES_MAX];
	struct resolver_answer answer = { .addresses = found, .name = "", .reason = "" };
	struct reader r = reader_over(body);
	struct why why;

	while (reader_left(&r) > 0 && answer.count < RESOLVER_ADDRESSES_MAX) {
		if (net_address_parse(reader_line(&r), &found[answer.count], &why) == 0) {
			answer.count++;
		}
	}
	answer.reason = answer.count == 0 ? "the name has no address" : "";
	finish(worker, &answer);
}

static void on_answer(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct worker *worker = context;
	struct why why;
	char reason[sizeof why.text];

	(void)kind;
	(void)id;
	if (worker->question == NULL) {
		return;
	}
	if (body.len > 0 && (body.ptr[0] == '!' || body.ptr[0] == '?')) {
		(void)snprintf(reason, sizeof reason, "%.*s", (int)body.len - 1,
			       (const char *)body.ptr + 1);
		fail(worker, reason, body.ptr[0] == '?');
	} else if (worker->question->kind == ASK_NAME) {
		take_name(worker, body);
	} else {
		take_addresses(worker, body);
	}
}

static void end_worker(struct worker *worker)
{
	channel_free(&worker->line);
	line_end(&worker->pid);
}

static void on_gone(void *context)
{
	struct worker *worker = context;
	struct resolver *r = worker->resolver;

	end_worker(worker);
	if (worker->question != NULL) {
		fail(worker, "the process that looks names up died", true);
	}
	if (r->is_over && r->lost != NULL) {
		r->lost(r->context);
	}
}

static bool start_worker(struct worker *worker)
{
	static const struct channel_handler handler = { on_answer, NULL, on_gone };
	struct resolver *r = worker->resolver;
	struct why why;
	int line;

	if (r->is_over || line_start("resolve", child_body, NULL, &worker->pid, &line, &why) != 0) {
		return false;
	}
	worker->line = channel_new(r->loop, line, QUEUE_MAX, &handler, worker);
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
	    channel_send(worker->line, question->kind, 0, span_of(question->text)) != 0) {
		fail(worker, "no process to look the name up with", true);
	}
}

static void take_turns(void *context)
{
	struct resolver *r = context;

	for (size_t i = 0; i < r->worker_count && r->first != NULL; i++) {
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
	r->worker_count = RESOLVER_PROCESSES;
	for (size_t i = 0; i < RESOLVER_PROCESSES; i++) {
		r->workers[i].resolver = r;
	}
	return r;
}

struct resolver *resolver_over(struct loop *loop, const int *lines, size_t count, resolved *done,
			       void (*lost)(void *context), void *context)
{
	static const struct channel_handler handler = { on_answer, NULL, on_gone };
	struct resolver *r = resolver_new(loop, done, context);

	r->is_over = true;
	r->lost = lost;
	r->worker_count = count < RESOLVER_PROCESSES ? count : RESOLVER_PROCESSES;
	for (size_t i = 0; i < r->worker_count; i++) {
		r->workers[i].line =
			channel_new(loop, lines[i], QUEUE_MAX, &handler, &r->workers[i]);
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
	for (size_t i = 0; i < RESOLVER_PROCESSES; i++) {
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

static struct question *add_question(struct resolver *r, uint8_t kind, void *about)
{
	struct question *question = alloc_zeroed(1, sizeof *question);

	question->kind = kind;
	question->about = about;
	if (r->last != NULL) {
		r->last->next = question;
	} else {
		r->first = question;
	}
	r->last = question;
	r->busy++;
	loop_timer_arm(r->turn, 0);
	return question;
}

void resolver_ask(struct resolver *r, const char *host, const char *port, void *about)
{
	struct question *question = add_question(r, ASK_ADDRESSES, about);

	(void)snprintf(question->text, sizeof question->text, "%s\n%s", host, port);
}

void resolver_ask_name(struct resolver *r, const struct net_address *address, void *about)
{
	net_address_text(address, add_question(r, ASK_NAME, about)->text);
}

size_t resolver_busy(const struct resolver *r)
{
	return r->busy;
}
