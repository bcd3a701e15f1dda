/*
 * launcher.c - orders in, workers out.
 *
 * An order: u64 id, u8 kill, u32 timeout, u64 rows, u8 length of the tenant's name, name, SQL.
 */
#include "server/api/launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"
#include "server/api/worker.h"
#include "server/api/workers.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/process.h"
#include "sys/sandbox.h"

/* --- orders --- */

int launcher_send(int socket_fd, const struct launcher_order *order, int pipe_fd)
{
	uint8_t bytes[LAUNCHER_ORDER_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	union {
		struct cmsghdr head; /* for its alignment */
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .bytes = { 0 } };
	struct iovec part = { .iov_base = bytes };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	writer_be64(&w, order->id);
	writer_u8(&w, order->is_kill);
	writer_be32(&w, order->timeout_ms);
	writer_be64(&w, order->rows_max);
	writer_u8(&w, (uint8_t)order->tenant.len);
	writer_bytes(&w, order->tenant);
	writer_bytes(&w, order->sql);
	if (!writer_ok(&w)) {
		return ERR_LIMIT;
	}
	part.iov_len = writer_used(&w);
	if (pipe_fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof control.bytes;
		control.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
						 .cmsg_type = SCM_RIGHTS,
						 .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &pipe_fd, sizeof pipe_fd);
	}
	if (sendmsg(socket_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		return errno == EAGAIN || errno == ENOBUFS ? ERR_AGAIN : ERR_CLOSED;
	}
	return 0;
}

int launcher_read(struct span bytes, struct launcher_order *out)
{
	struct reader r = reader_over(bytes);
	struct launcher_order order = { 0 };

	order.id = reader_be64(&r);
	order.is_kill = reader_u8(&r) != 0;
	order.timeout_ms = reader_be32(&r);
	order.rows_max = reader_be64(&r);
	order.tenant = reader_bytes(&r, reader_u8(&r));
	order.sql = reader_rest(&r);
	if (!reader_ok(&r) || (!order.is_kill && !tenant_name_is_valid(order.tenant))) {
		return ERR_MALFORMED;
	}
	*out = order;
	return 0;
}

/* Takes one order; the descriptor that came along, or -1. Returns its length, 0 at the end. */
static size_t receive(int socket_fd, uint8_t *bytes, size_t size, int *out_pipe_fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { .iov_base = bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof control.bytes };
	ssize_t len = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *head = len > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*out_pipe_fd = -1;
	if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len == CMSG_LEN(sizeof(int))) {
		memcpy(out_pipe_fd, CMSG_DATA(head), sizeof *out_pipe_fd);
	}
	return len > 0 ? (size_t)len : 0;
}

/* --- the process --- */

struct child {
	uint64_t id;
	pid_t pid; /* 0: free */
};

struct launcher {
	int socket_fd;
	const char *data_folder;
	/* somewhat more than may run: those that ended wait here to be reaped */
	struct child children[2 * WORKERS_MAX];
};

struct start {
	struct launcher *launcher;
	struct worker_order order;
};

static int run_worker(void *context)
{
	struct start *start = context;

	close(start->launcher->socket_fd);
	return worker_main(&start->order);
}

static unsigned reap(struct launcher *launcher)
{
	unsigned count = 0;

	for (size_t i = 0; i < COUNT_OF(launcher->children); i++) {
		struct child *child = &launcher->children[i];

		if (child->pid != 0 && waitpid(child->pid, NULL, WNOHANG) != 0) {
			child->pid = 0;
		}
		count += child->pid != 0;
	}
	return count;
}

static void start_worker(struct launcher *launcher, const struct launcher_order *order, int pipe_fd)
{
	char tenant[TENANT_NAME_SIZE];
	struct start start = { .launcher = launcher,
			       .order = { .data_folder = launcher->data_folder,
					  .tenant = tenant,
					  .sql = order->sql,
					  .timeout_ms = order->timeout_ms,
					  .rows_max = order->rows_max,
					  .out_fd = pipe_fd } };
	struct child *place = NULL;
	pid_t pid;

	for (size_t i = 0; i < COUNT_OF(launcher->children) && place == NULL; i++) {
		place = launcher->children[i].pid == 0 ? &launcher->children[i] : NULL;
	}
	snprintf(tenant, sizeof tenant, "%.*s", (int)order->tenant.len,
		 (const char *)order->tenant.ptr);
	if (place != NULL && process_spawn("query", run_worker, &start, &pid) == 0) {
		*place = (struct child){ .id = order->id, .pid = pid };
	}
	/* where there is none, the closed pipe tells */
}

static void kill_worker(struct launcher *launcher, uint64_t id)
{
	for (size_t i = 0; i < COUNT_OF(launcher->children); i++) {
		/* not reaped yet, so the number is still its own */
		if (launcher->children[i].pid != 0 && launcher->children[i].id == id) {
			kill(launcher->children[i].pid, SIGKILL);
		}
	}
}

static int confine(const char *data_folder)
{
	char tenants[4096];
	char feeds[4096];
	const struct sandbox_path paths[] = { { tenants, true }, { feeds, false } };
	const int keep[] = { -1 };
	struct why why = { 0 };
	int error = sandbox_privileges(keep, &why);

	snprintf(tenants, sizeof tenants, "%.4000s/tenants", data_folder);
	snprintf(feeds, sizeof feeds, "%.4000s/feeds", data_folder);
	if (error == 0) {
		error = sandbox_files(paths, COUNT_OF(paths), 0, &why);
		error = error == ERR_UNSUPPORTED ? 0 : error; /* the api says so */
	}
	if (error == 0) {
		error = sandbox_calls(SANDBOX_BASIC | SANDBOX_READ_FILES | SANDBOX_WRITE_FILES |
					      SANDBOX_SOCKETS_OPEN | SANDBOX_CHILDREN,
				      &why);
		error = error == ERR_UNSUPPORTED ? 0 : error;
	}
	if (error != 0) {
		log_error("query launcher cannot confine itself", log_text("reason", why.text));
	}
	return error;
}

int launcher_main(int socket_fd, const char *data_folder)
{
	static uint8_t bytes[LAUNCHER_ORDER_MAX];
	struct launcher launcher = { .socket_fd = socket_fd, .data_folder = data_folder };

	if (confine(data_folder) != 0) {
		return 1;
	}
	for (;;) {
		struct pollfd one = { .fd = socket_fd, .events = POLLIN };
		struct launcher_order order;
		int pipe_fd = -1;
		size_t len;

		if (poll(&one, 1, reap(&launcher) > 0 ? 200 : -1) <= 0) {
			continue;
		}
		len = receive(socket_fd, bytes, sizeof bytes, &pipe_fd);
		if (len == 0) {
			return 0; /* the api is gone; our children die with us */
		}
		if (launcher_read((struct span){ bytes, len }, &order) == 0) {
			if (order.is_kill) {
				kill_worker(&launcher, order.id);
			} else if (pipe_fd >= 0) {
				start_worker(&launcher, &order, pipe_fd);
			}
		}
		file_close(&pipe_fd);
	}
}
