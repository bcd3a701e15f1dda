/* worker.c - one query: view, JSON, pipe. */
#include "server/api/worker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "base/writer.h"
#include "server/api/emit.h"
#include "server/api/facts_table.h"
#include "server/api/workers.h"
#include "server/inventory/view.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/sandbox.h"

#define PATH_SIZE 4096

/* A sanitizer's shadow memory is terabytes of address space. */
#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SPACE_MAX RLIM_INFINITY
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SPACE_MAX RLIM_INFINITY
#endif
#endif
#ifndef ADDRESS_SPACE_MAX
#define ADDRESS_SPACE_MAX WORKER_MEMORY_MAX
#endif

/* --- the answer --- */

static void write_blob(struct emit *j, struct span bytes, struct buffer *hex)
{
	uint8_t *room;

	buffer_clear(hex);
	room = buffer_reserve(hex, 2 * bytes.len + 1);
	if (room == NULL) {
		emit_null(j);
		return;
	}
	text_to_hex(bytes, (char *)room);
	emit_span(j, (struct span){ room, 2 * bytes.len });
}

struct answer {
	struct emit json;
	struct buffer hex;
	bool has_columns;
};

static void write_value(struct answer *answer, const struct view_value *value)
{
	switch (value->kind) {
	case VIEW_INTEGER:
		emit_integer(&answer->json, value->integer);
		break;
	case VIEW_REAL:
		emit_real(&answer->json, value->real);
		break;
	case VIEW_TEXT:
		emit_span(&answer->json, value->bytes);
		break;
	case VIEW_BLOB:
		write_blob(&answer->json, value->bytes, &answer->hex);
		break;
	case VIEW_NULL:
	default:
		emit_null(&answer->json);
	}
}

/* Columns come first, once, with values NULL. */
static bool on_row(void *context, size_t count, const char *const *names,
		   const struct view_value *values)
{
	struct answer *answer = context;
	struct emit *j = &answer->json;

	if (values == NULL) {
		emit_key(j, "columns");
		emit_array(j);
		for (size_t i = 0; i < count; i++) {
			emit_text(j, names[i]);
		}
		emit_array_end(j);
		emit_key(j, "rows");
		emit_array(j);
		answer->has_columns = true;
		return true;
	}
	emit_array(j);
	for (size_t i = 0; i < count; i++) {
		write_value(answer, &values[i]);
	}
	emit_array_end(j);
	return !j->has_failed;
}

static unsigned refuse(struct buffer *out, unsigned status, const char *message)
{
	buffer_clear(out);
	return buffer_append(out, span_of(message)) == 0 ? status : 503;
}

static unsigned status_of(int error)
{
	switch (error) {
	case ERR_TIMEOUT:
		return 408;
	case ERR_NOT_FOUND:
	case ERR_IO:
	case ERR_AGAIN:
		return 503;
	default:
		return 400;
	}
}

static void knowledge_path(const struct worker_order *order, char out[PATH_SIZE])
{
	snprintf(out, PATH_SIZE, "%.3900s/" KNOWLEDGE_PATH, order->data_folder);
}

unsigned worker_answer(const char *path, const struct worker_order *order, struct buffer *out)
{
	struct view_limits limits = { .rows_max = order->rows_max,
				      .timeout_ms = order->timeout_ms,
				      .is_foreign = true };
	int64_t begun_us = clock_us();
	struct answer answer = { .json = emit_over(out) };
	struct why why = { 0 };
	struct view *view = NULL;
	bool is_truncated = false;
	char knowledge[PATH_SIZE];
	struct facts_table facts;
	int error;

	knowledge_path(order, knowledge);
	facts_table_init(&facts, knowledge);
	error = view_open_beside(path, &facts.table, &view, &why);

	buffer_init(&answer.hex, 4u << 20);
	emit_object(&answer.json);
	if (error == 0) {
		error = view_query(view, order->sql, NULL, 0, &limits, on_row, &answer,
				   &is_truncated, &why);
	}
	view_close(&view);
	facts_table_done(&facts);
	buffer_done(&answer.hex);
	if (answer.json.has_failed) {
		return refuse(out, 400,
			      "the result is larger than 64 MiB: select fewer columns or add "
			      "LIMIT or WHERE");
	}
	if (error != 0) {
		return refuse(out, status_of(error), why.text);
	}
	if (!answer.has_columns) {
		return refuse(out, 400, "this statement returns no columns: send one SELECT");
	}
	emit_array_end(&answer.json);
	emit_key(&answer.json, "is_truncated");
	emit_boolean(&answer.json, is_truncated);
	emit_key(&answer.json, "elapsed_ms");
	emit_real(&answer.json, (double)(clock_us() - begun_us) / 1000);
	emit_object_end(&answer.json);
	return emit_ok(&answer.json) ? 200
				     : refuse(out, 400,
					      "the result is larger than 64 MiB: select fewer "
					      "columns or add LIMIT or WHERE");
}

/* --- the process --- */

static void limit(int resource, rlim_t most)
{
	struct rlimit both = { most, most };

	if (setrlimit(resource, &both) != 0) {
		log_warn("query worker keeps a limit", log_number("resource", resource),
			 log_text("reason", strerror(errno)));
	}
}

/* What the index takes of the address space where it is mapped. */
static rlim_t size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && status.st_size > 0 ? (rlim_t)status.st_size : 0;
}

/* It reads its tenant's file and what the feeds know, and writes only what SQLite needs to read
 * beside a writer. */
static int confine(const char *path, const struct worker_order *order)
{
	char wal[PATH_SIZE + 8];
	char shm[PATH_SIZE + 8];
	char knowledge[PATH_SIZE];
	const int keep[] = { -1 };
	struct why why = { 0 };
	const struct sandbox_path paths[] = {
		{ path, true }, { wal, true }, { shm, true }, { knowledge, false }
	};
	int error;

	knowledge_path(order, knowledge);
	snprintf(wal, sizeof wal, "%s-wal", path);
	snprintf(shm, sizeof shm, "%s-shm", path);
	limit(RLIMIT_AS, ADDRESS_SPACE_MAX == RLIM_INFINITY
				 ? RLIM_INFINITY
				 : ADDRESS_SPACE_MAX + size_of(knowledge));
	limit(RLIMIT_FSIZE, 64u << 20);
	error = sandbox_privileges(keep, &why);
	if (error == 0) {
		error = sandbox_files(paths, COUNT_OF(paths), 0, &why);
		error = error == ERR_UNSUPPORTED ? 0 : error; /* the api has said so already */
	}
	if (error == 0) {
		error = sandbox_calls(SANDBOX_BASIC | SANDBOX_READ_FILES | SANDBOX_WRITE_FILES,
				      &why);
		error = error == ERR_UNSUPPORTED ? 0 : error;
	}
	if (error != 0) {
		log_error("query worker cannot confine itself", log_text("reason", why.text));
	}
	return error;
}

static bool write_all(int fd, struct span bytes)
{
	while (bytes.len > 0) {
		ssize_t written = write(fd, bytes.ptr, bytes.len);

		if (written < 0 && errno == EINTR) {
			continue;
		}
		if (written <= 0) {
			return false; /* nobody wants it any more */
		}
		bytes = span_after(bytes, (size_t)written);
	}
	return true;
}

int worker_main(const struct worker_order *order)
{
	char path[PATH_SIZE];
	uint8_t head[WORKER_HEAD_SIZE];
	struct writer w = writer_over(head, sizeof head);
	struct buffer body;
	unsigned status;

	tenant_path(order->data_folder, order->tenant, path, sizeof path);
	limit(RLIMIT_CPU, (rlim_t)(order->timeout_ms / 1000 + 2));
	if (confine(path, order) != 0) {
		return 1;
	}
	buffer_init(&body, WORKER_ANSWER_MAX);
	status = worker_answer(path, order, &body);
	writer_be16(&w, (uint16_t)status);
	writer_be64(&w, body.len);
	return write_all(order->out_fd, writer_span(&w)) &&
			       write_all(order->out_fd, buffer_span(&body))
		       ? 0
		       : 1;
}
