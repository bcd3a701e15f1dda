/* workers.c - the api's side: orders to the launcher, answers from the pipes. */
#include "server/api/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reader.h"
#include "server/api/launcher.h"
#include "server/api/worker.h"
#include "sys/alloc.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/process.h"

/* How much longer than its own limit a worker is waited for. */
#define GRACE_MS 1000

struct workers {
	int socket_fd;
	pid_t launcher;
	struct loop *loop;
	struct loop_watch *watch;
	loop_callback *lost;
	void *lost_context;
	uint64_t last_id;
	struct worker *running[WORKERS_MAX]; /* NULL: free */
};

struct worker {
	struct workers *owner;
	unsigned place;
	uint64_t id;
	char tenant[TENANT_NAME_SIZE];
	int fd;
	struct loop_watch *watch;
	struct loop_timer *timer;
	struct worker_handler handler;
	void *context;
	uint8_t head[WORKER_HEAD_SIZE];
	size_t head_len;
	uint64_t left; /* bytes of the answer that are still to come */
	bool is_paused;
	bool is_done;
};

struct launch {
	int socket_fd;
	const char *data_folder;
};

static int run_launcher(void *context)
{
	struct launch *launch = context;

	/* nothing else of the api's: not its listening socket, not the other end of this one */
	process_close_all_but((int[]){ launch->socket_fd }, 1);
	return launcher_main(launch->socket_fd, launch->data_folder);
}

int workers_start(const char *data_folder, struct workers **out, struct why *why)
{
	int fds[2];
	struct workers *workers;
	struct launch launch;
	int error;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
		return why_set(why, ERR_IO, "no socket for the query launcher: %s",
			       strerror(errno));
	}
	workers = alloc_zeroed(1, sizeof *workers);
	workers->socket_fd = fds[0];
	launch = (struct launch){ .socket_fd = fds[1], .data_folder = data_folder };
	error = process_spawn("queries", run_launcher, &launch, &workers->launcher);
	close(fds[1]);
	if (error != 0) {
		close(fds[0]);
		free(workers);
		return why_set(why, error, "the query launcher cannot be forked: %s",
			       strerror(errno));
	}
	*out = workers;
	return 0;
}

static void on_launcher(void *context, unsigned events)
{
	struct workers *workers = context;

	/* it never says anything: this is its end */
	(void)events;
	loop_unwatch(&workers->watch);
	log_error("query launcher ended", log_number("pid", workers->launcher));
	workers->lost(workers->lost_context);
}

void workers_attach(struct workers *workers, struct loop *loop, loop_callback *lost, void *context)
{
	workers->loop = loop;
	workers->lost = lost;
	workers->lost_context = context;
	workers->watch = loop_watch(loop, workers->socket_fd, LOOP_READ, on_launcher, workers);
}

void workers_free(struct workers **workers)
{
	if (*workers != NULL) {
		loop_unwatch(&(*workers)->watch);
		file_close(&(*workers)->socket_fd);
		free(*workers);
		*workers = NULL;
	}
}

unsigned workers_count(const struct workers *workers)
{
	unsigned count = 0;

	for (size_t i = 0; i < WORKERS_MAX; i++) {
		count += workers->running[i] != NULL;
	}
	return count;
}

/* --- one worker --- */

/* Says that it ended; the owner frees it, possibly within the call. */
static void finish(struct worker *worker, bool is_complete, bool is_out_of_time)
{
	worker->is_done = true;
	loop_unwatch(&worker->watch);
	loop_timer_disarm(worker->timer);
	worker->handler.done(worker->context, is_complete, is_out_of_time);
}

/* Takes bytes of the head; true where it is complete. */
static bool take_head(struct worker *worker, struct span *bytes)
{
	struct span part = span_first(*bytes, WORKER_HEAD_SIZE - worker->head_len);
	struct reader r;
	unsigned status;

	memcpy(worker->head + worker->head_len, part.ptr, part.len);
	worker->head_len += part.len;
	*bytes = span_after(*bytes, part.len);
	if (worker->head_len < WORKER_HEAD_SIZE) {
		return false;
	}
	r = reader_over((struct span){ worker->head, WORKER_HEAD_SIZE });
	status = reader_be16(&r);
	worker->left = reader_be64(&r);
	worker->handler.result(worker->context, status, worker->left);
	return true;
}

static void on_pipe(void *context, unsigned events)
{
	struct worker *worker = context;
	uint8_t bytes[64u << 10];
	ssize_t len = read(worker->fd, bytes, sizeof bytes);
	struct span got = { bytes, len > 0 ? (size_t)len : 0 };

	(void)events;
	if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (worker->head_len < WORKER_HEAD_SIZE && got.len > 0 && !take_head(worker, &got)) {
		return;
	}
	if (len <= 0 || got.len > worker->left) {
		finish(worker, false, false);
		return;
	}
	worker->left -= got.len;
	if (got.len > 0) {
		worker->handler.data(worker->context, got);
	}
	if (worker->left == 0) {
		finish(worker, true, false);
	}
}

static void on_deadline(void *context)
{
	struct worker *worker = context;

	/* an answer that is under way is the client's to take in its time */
	if (worker->head_len < WORKER_HEAD_SIZE) {
		finish(worker, false, true);
	}
}

static int find_place(const struct workers *workers, const char *tenant, unsigned *out)
{
	unsigned of_tenant = 0;
	unsigned place = WORKERS_MAX;

	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		if (workers->running[i] == NULL) {
			place = i;
		} else {
			of_tenant += strcmp(workers->running[i]->tenant, tenant) == 0;
		}
	}
	if (place == WORKERS_MAX || of_tenant >= WORKERS_TENANT_MAX) {
		return ERR_LIMIT;
	}
	*out = place;
	return 0;
}

int worker_run(struct workers *workers, const struct worker_job *job,
	       const struct worker_handler *handler, void *context, struct worker **out)
{
	struct launcher_order order = { .id = workers->last_id + 1,
					.timeout_ms = (uint32_t)job->timeout_ms,
					.rows_max = job->rows_max,
					.tenant = span_of(job->tenant),
					.sql = job->sql };
	struct worker *worker;
	unsigned place;
	int fds[2];
	int error = find_place(workers, job->tenant, &place);

	if (error != 0) {
		return error;
	}
	if (pipe2(fds, O_CLOEXEC) != 0) {
		return ERR_IO;
	}
	error = launcher_send(workers->socket_fd, &order, fds[1]);
	close(fds[1]);
	if (error != 0) {
		close(fds[0]);
		return error;
	}
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK); /* ours only: the worker's end blocks */
	worker = alloc_zeroed(1, sizeof *worker);
	worker->owner = workers;
	worker->place = place;
	worker->id = ++workers->last_id;
	worker->fd = fds[0];
	worker->handler = *handler;
	worker->context = context;
	memcpy(worker->tenant, job->tenant, strlen(job->tenant));
	worker->watch = loop_watch(workers->loop, worker->fd, LOOP_READ, on_pipe, worker);
	worker->timer = loop_timer(workers->loop, on_deadline, worker);
	loop_timer_arm(worker->timer, job->timeout_ms + GRACE_MS);
	workers->running[place] = worker;
	*out = worker;
	return 0;
}

void worker_pause(struct worker *worker)
{
	/* unwatched, not only muted: a hang-up is always reported, and would be for ever */
	loop_unwatch(&worker->watch);
	worker->is_paused = true;
}

void worker_resume(struct worker *worker)
{
	if (worker->is_paused && !worker->is_done) {
		worker->is_paused = false;
		worker->watch =
			loop_watch(worker->owner->loop, worker->fd, LOOP_READ, on_pipe, worker);
	}
}

void worker_free(struct worker **worker_variable)
{
	struct worker *worker = *worker_variable;
	struct launcher_order order;

	*worker_variable = NULL;
	if (worker == NULL) {
		return;
	}
	order = (struct launcher_order){ .id = worker->id, .is_kill = true };
	if (launcher_send(worker->owner->socket_fd, &order, -1) != 0) {
		log_warn("query worker is left to its own limits",
			 log_number("id", (int64_t)order.id));
	}
	loop_unwatch(&worker->watch);
	loop_timer_free(&worker->timer);
	close(worker->fd);
	worker->owner->running[worker->place] = NULL;
	free(worker);
}
