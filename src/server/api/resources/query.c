/* query.c - people's SQL: parsed from the body, run in a worker, streamed on. */
#include <stdlib.h>

#include "base/error.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/workers.h"
#include "sys/alloc.h"

/* Bytes of an answer that wait for a slow client. */
#define QUEUE_MAX (256u << 10)

/* What a worker says at most about a failure. */
#define MESSAGE_MAX 2048

struct query {
	struct call *call;
	struct worker *worker;
	unsigned status;
	struct buffer message; /* where it failed */
};

static void call_ended(struct call *call)
{
	struct query *query = call->work;

	worker_free(&query->worker);
	buffer_done(&query->message);
	free(query);
}

static void on_result(void *context, unsigned status, uint64_t size_bytes)
{
	struct query *query = context;

	query->status = status;
	if (status == 200) {
		http_stream(query->call->http,
			    &(struct http_answer){ .status = 200,
						   .content_type = "application/json",
						   .headers = { { "Cache-Control", "no-store" } } },
			    size_bytes, QUEUE_MAX);
	}
}

static void on_data(void *context, struct span bytes)
{
	struct query *query = context;

	if (query->status != 200) {
		(void)!buffer_append(&query->message, bytes);
		return;
	}
	/* there is room: it is paused in time */
	if (http_stream_write(query->call->http, bytes) != 0) {
		http_stream_end(query->call->http, true);
	} else if (http_stream_room(query->call->http) < (64u << 10)) {
		worker_pause(query->worker);
	}
}

static void on_done(void *context, bool is_complete, bool is_out_of_time)
{
	struct query *query = context;
	struct span message = buffer_span(&query->message);

	if (query->status == 200) {
		http_stream_end(query->call->http, !is_complete);
	} else if (is_complete) {
		call_fail(query->call, query->status, "%.*s", (int)message.len,
			  (const char *)message.ptr);
	} else if (is_out_of_time) {
		call_fail(query->call, 408,
			  "the query took longer than timeout_ms and was ended: narrow it with "
			  "WHERE or "
			  "LIMIT, or allow it more time (at most 60000)");
	} else {
		call_fail(query->call, 400,
			  "the query was ended: it needed more memory (512 MB) or processor time "
			  "than it "
			  "may have; narrow it with WHERE or LIMIT");
	}
}

/* The client took most of what waited. */
static void query_drained(struct call *call)
{
	struct query *query = call->work;

	worker_resume(query->worker);
}

static void run(struct call *call, const struct worker_job *job)
{
	static const struct worker_handler handler = { on_result, on_data, on_done };
	struct query *query = alloc_zeroed(1, sizeof *query);
	int error;

	query->call = call;
	buffer_init(&query->message, MESSAGE_MAX);
	error = worker_run(call->api->workers, job, &handler, query, &query->worker);
	if (error != 0) {
		free(query);
		if (error == ERR_LIMIT) {
			call_fail(call, 429,
				  "%d queries of a tenant, %d of all, may run at once: wait for "
				  "one to end",
				  WORKERS_TENANT_MAX, WORKERS_MAX);
		} else {
			call_fail(call, 503, "no query can be started now; try again in a moment");
		}
		return;
	}
	call->work = query;
	call->ended = call_ended;
	call->drained = query_drained;
}

static void post(struct call *call)
{
	struct worker_job job = { .tenant = call->tenant };
	struct body body;
	int64_t rows_max;

	if (body_read(call, "sql limit timeout_ms", &body) &&
	    body_text(&body, "sql", WORKER_SQL_MAX, true, &job.sql) &&
	    body_integer(&body, "limit", 1, 100000, 10000, &rows_max) &&
	    body_integer(&body, "timeout_ms", 10, 60000, 10000, &job.timeout_ms)) {
		job.rows_max = (uint64_t)rows_max;
		run(call, &job);
	}
	body_done(&body);
}

const struct resource resource_query = {
	.path = "/api/v1/query",
	.summary = "Read-only SQL over the tenant's inventory",
	.operations = { { "POST", RESOURCE_READ, "", post } },
};
