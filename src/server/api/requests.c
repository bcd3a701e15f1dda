/* requests.c - calls that wait for the engine. */
#include "server/api/requests.h"

#include <assert.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/writer.h"
#include "server/api/call.h"
#include "server/bus/bus.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "wire/message.h"

/* Longest request: a policy in hex, names and numbers. */
#define REQUEST_BYTES_MAX (2 * (size_t)MESSAGE_POLICY_MAX + 16384)

struct request {
	struct requests *owner;
	struct call *call;
	void (*done)(struct call *call, const struct reply *reply);
	uint64_t id;
	int64_t due_ms;
	struct request *next;
	struct request *previous;
};

struct requests {
	struct loop *loop;
	struct bus_link *link;
	struct loop_timer *timer;
	struct request *newest;
	unsigned count;
	uint64_t last_id;
};

static const char unavailable[] =
	"the engine does not answer now; it comes back by itself, so try again in a moment";

static void unlink_request(struct request *request)
{
	struct requests *owner = request->owner;

	if (request->previous != NULL) {
		request->previous->next = request->next;
	} else {
		owner->newest = request->next;
	}
	if (request->next != NULL) {
		request->next->previous = request->previous;
	}
	owner->count--;
}

static void call_ended(struct call *call)
{
	struct request *request = call->work;

	if (request != NULL) {
		unlink_request(request);
		free(request);
	}
}

/* Takes the request away and returns the call, which is then to be answered. */
static struct call *take(struct request *request)
{
	struct call *call = request->call;

	unlink_request(request);
	free(request);
	call->work = NULL;
	call->ended = NULL;
	return call;
}

static void on_timer(void *context)
{
	struct requests *requests = context;
	int64_t now_ms = clock_ms();
	struct request *next;

	for (struct request *r = requests->newest; r != NULL; r = next) {
		next = r->next;
		if (r->due_ms <= now_ms) {
			call_fail(take(r), 503, "%s", unavailable);
		}
	}
	if (requests->newest != NULL) {
		loop_timer_arm(requests->timer, 1000);
	}
}

struct requests *requests_new(struct loop *loop, struct bus_link *link)
{
	struct requests *requests = alloc_zeroed(1, sizeof *requests);

	requests->loop = loop;
	requests->link = link;
	requests->timer = loop_timer(loop, on_timer, requests);
	return requests;
}

void requests_free(struct requests **requests)
{
	if (*requests != NULL) {
		assert((*requests)->newest == NULL);
		loop_timer_free(&(*requests)->timer);
		free(*requests);
		*requests = NULL;
	}
}

static bool send(struct requests *requests, uint64_t id, const char *operation,
		 const struct argument *arguments, size_t count)
{
	uint8_t *bytes = alloc_resize(NULL, REQUEST_BYTES_MAX, 1);
	struct writer body = writer_over(bytes, REQUEST_BYTES_MAX);
	bool is_sent;

	request_write(&body, operation, arguments, count);
	is_sent = writer_ok(&body) && requests->count < REQUESTS_MAX &&
		  bus_send(requests->link, BUS_REQUEST, id, writer_span(&body)) == 0;
	alloc_free(&bytes);
	return is_sent;
}

/* No request has the number 0: the reply finds nobody. */
bool requests_tell(struct requests *requests, const char *operation,
		   const struct argument *arguments, size_t count)
{
	return send(requests, 0, operation, arguments, count);
}

void requests_ask(struct call *call, const char *operation, const struct argument *arguments,
		  size_t count, void (*done)(struct call *call, const struct reply *reply))
{
	struct requests *requests = call->api->requests;
	uint64_t id = requests->last_id + 1;
	struct request *request;

	if (!send(requests, id, operation, arguments, count)) {
		call_fail(call, 503, "%s", unavailable);
		return;
	}
	request = alloc_zeroed(1, sizeof *request);
	*request = (struct request){ .owner = requests,
				     .call = call,
				     .done = done,
				     .id = id,
				     .due_ms = clock_ms() + REQUEST_TIMEOUT_MS,
				     .next = requests->newest };
	if (requests->newest != NULL) {
		requests->newest->previous = request;
	}
	requests->newest = request;
	requests->count++;
	requests->last_id = id;
	call->work = request;
	call->ended = call_ended;
	if (!loop_timer_is_armed(requests->timer)) {
		loop_timer_arm(requests->timer, 1000);
	}
}

void requests_received(struct requests *requests, uint64_t id, struct span body)
{
	struct request *request = requests->newest;
	void (*done)(struct call * call, const struct reply *reply);
	struct reply reply;
	struct call *call;

	while (request != NULL && request->id != id) {
		request = request->next;
	}
	if (request == NULL) {
		return; /* its client left */
	}
	done = request->done;
	call = take(request);
	if (reply_read(body, &reply) != 0) {
		log_error("reply from the engine is malformed", log_number("request", (int64_t)id));
		call_fail(call, 503, "%s", unavailable);
	} else if (reply.status != 0) {
		call_fail(call, reply.status, "%.*s", (int)reply.message.len,
			  (const char *)reply.message.ptr);
	} else {
		done(call, &reply);
	}
}

void requests_lost(struct requests *requests)
{
	while (requests->newest != NULL) {
		call_fail(take(requests->newest), 503, "%s", unavailable);
	}
}
