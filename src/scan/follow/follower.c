/* follower.c - identify, conclude, tell. */
#include "scan/follow/follower.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/x509_details.h"
#include "scan/identify/datagram.h"
#include "scan/probes/probe.h"
#include "scan/service.h"
#include "sys/alloc.h"
#include "sys/channel.h"
#include "sys/heap.h"
#include "sys/line.h"
#include "sys/log.h"
#include "sys/process.h"
#include "sys/sandbox.h"

#define FILES_SPARED 32

/* Memory of a busy time goes back so long after it. */
#define TRIM_MS 2000

struct follower {
	struct follower_plan plan;
	void *more;
	struct loop *loop;
	struct channel *line;
	struct identifier *identifier;
	struct follower_task *tasks;
	struct loop_timer *trim_timer; /* when nothing is left to ask */
	uint8_t said[FOLLOW_ANSWER_SIZE_MAX];
};

struct follower_task {
	struct follower *follower;
	struct follower_task *next;
	struct follower_task *previous;
	uint64_t id;
	struct follow_ask ask; /* without its payload */
	struct service service;
	struct service_facts *known; /* of the answer to discovery, or NULL */
};

/* --- what it is ---------------------------------------------------------------------------- */

static uint8_t take_claims(const struct device *device, bool is_hardware,
			   struct device_claim out[SERVICE_CLAIMS_MAX])
{
	size_t count;
	const struct device_claim *claims = device_claims(device, is_hardware, &count);

	count = count < SERVICE_CLAIMS_MAX ? count : SERVICE_CLAIMS_MAX;
	for (size_t i = 0; i < count; i++) {
		out[i] = claims[i];
	}
	return (uint8_t)count;
}

static void guess_device(struct follower *f, const struct service_facts *facts, struct service *out)
{
	struct device device;

	device_init(&device);
	for (size_t i = 0; f->plan.fingerprints != NULL && i < facts->count; i++) {
		struct fingerprint_match match;

		if (fingerprints_match(f->plan.fingerprints, span_of(facts->facts[i].kind),
				       facts_text(facts, i), &match)) {
			device_add_match(&device, &match);
		}
	}
	out->system_count = take_claims(&device, false, out->systems);
	out->hardware_count = take_claims(&device, true, out->hardware);
}

static void set_text(char *out, size_t size, struct span text)
{
	struct writer w = writer_over((uint8_t *)out, size - 1);

	text_write_utf8(&w, text, size - 1);
	out[writer_used(&w)] = '\0';
}

static void describe(struct follower *f, const struct service_facts *facts,
		     const struct product *product, struct service *out)
{
	out->layer = (uint8_t)facts->layer;
	out->is_tls_open = facts->is_tls_open;
	set_text(out->protocol, sizeof out->protocol, span_of(facts->protocol));
	set_text(out->alpn, sizeof out->alpn, span_of(facts->alpn));
	set_text(out->found, sizeof out->found, span_of(facts->found));
	set_text(out->gave_up, sizeof out->gave_up, span_of(facts->gave_up));
	set_text(out->description, sizeof out->description, span_of(product->description));
	out->is = product->service;
	out->banner_len = facts->banner_len;
	mem_copy(out->banner, facts->banner, facts->banner_len);
	guess_device(f, facts, out);
}

static void forget(struct follower_task *task)
{
	struct follower *f = task->follower;

	if (task->previous != NULL) {
		task->previous->next = task->next;
	} else {
		f->tasks = task->next;
	}
	if (task->next != NULL) {
		task->next->previous = task->previous;
	}
	free(task->known);
	free(task);
	if (f->tasks == NULL) {
		loop_timer_arm(f->trim_timer, TRIM_MS);
	}
}

void follower_tell(struct follower_task *task, struct span more)
{
	struct follower *f = task->follower;
	struct writer w = writer_over(f->said, sizeof f->said);

	follow_answer_write(&task->service, more, &w);
	if (!writer_ok(&w) ||
	    channel_send(f->line, FOLLOWER_ANSWER, task->id, writer_span(&w)) != 0) {
		_exit(1); /* it would be waited for in vain */
	}
	forget(task);
}

/* All that was learnt is in result; then it is the program's turn, or done. */
static void conclude(struct follower_task *task, const struct identify_result *result)
{
	struct follower *f = task->follower;
	struct service *service = &task->service;
	struct x509_details details;
	struct product product;

	service->outcome = (uint8_t)result->outcome;
	service->connections = result->connections;
	service->duration_ms = (uint32_t)result->duration_ms;
	product_conclude(&result->facts, f->plan.fingerprints, &product);
	describe(f, &result->facts, &product, service);
	if (result->certificate.len > 0 && x509_details_parse(result->certificate, &details) == 0) {
		set_text(service->certificate_name, sizeof service->certificate_name,
			 details.common_name);
	}
	if (f->plan.more != NULL) {
		f->plan.more->add(f->more, task, result, &product);
	} else {
		follower_tell(task, (struct span){ NULL, 0 });
	}
}

static void on_identified(void *context, const struct identify_result *result)
{
	struct follower_task *task = result->target_context;

	(void)context;
	if (result->outcome != IDENTIFY_KNOWN && task->known != NULL) {
		/* what was said once is not taken back by silence */
		struct identify_result known = *result;

		known.outcome = IDENTIFY_KNOWN;
		known.facts = *task->known;
		conclude(task, &known);
	} else {
		conclude(task, result);
	}
}

/* --- the line ------------------------------------------------------------------------------ */

/* True where the answer to discovery said it all. */
static bool is_told(struct follower_task *task, struct span payload)
{
	const struct follow_ask *ask = &task->ask;
	struct service_facts *facts = alloc_zeroed(1, sizeof *facts);
	enum datagram_worth worth =
		datagram_read(probe_for(ask->port)->name, ask->port, payload, facts);

	if (worth == DATAGRAM_WHOLE) {
		struct identify_result whole = { .address =
							 address_socket(&ask->address, ask->port),
						 .transport = IDENTIFY_UDP,
						 .outcome = IDENTIFY_KNOWN,
						 .facts = *facts };

		task->service.is_of_discovery = true;
		conclude(task, &whole);
	} else if (worth == DATAGRAM_NAMED) {
		task->known = facts;
		return false;
	}
	free(facts);
	return worth == DATAGRAM_WHOLE;
}

static void refuse(struct follower_task *task)
{
	struct identify_result refused = { .address = address_socket(&task->ask.address,
								     task->ask.port),
					   .outcome = IDENTIFY_CLOSED };

	conclude(task, &refused);
}

static void take_ask(struct follower *f, uint64_t id, struct span body)
{
	struct follow_ask ask;
	struct net_address address;
	struct follower_task *task;
	struct span payload;
	bool is_udp;

	if (follow_ask_read(body, &ask) != 0) {
		return;
	}
	payload = ask.payload;
	ask.payload = (struct span){ NULL, 0 };
	is_udp = ask.transport == TRANSPORT_UDP;
	task = alloc_zeroed(1, sizeof *task);
	*task = (struct follower_task){ .follower = f, .next = f->tasks, .id = id, .ask = ask };
	if (f->tasks != NULL) {
		f->tasks->previous = task;
	}
	f->tasks = task;
	address = address_socket(&ask.address, ask.port);
	if (is_udp && is_told(task, payload)) {
		return;
	}
	if (identifier_add(f->identifier, &address, is_udp ? IDENTIFY_UDP : IDENTIFY_TCP,
			   ask.name[0] != '\0' ? task->ask.name : NULL, task) != 0) {
		refuse(task);
	}
}

static void open_identifier(struct follower *f)
{
	const struct identify_options options = {
		.connections_max = f->plan.at_once,
		.connections_per_host = f->plan.per_host,
		.source_port_first = f->plan.source_port_first,
		.source_port_last = f->plan.source_port_last,
		.is_without_anonymous_asks = f->plan.is_without_anonymous_asks,
		.contact = f->plan.contact,
	};

	f->identifier = identifier_new(f->loop, &options, on_identified, f);
}

/* Every connection ends here and now. */
static void drop_all(struct follower *f)
{
	identifier_free(&f->identifier);
	if (f->plan.more != NULL) {
		f->plan.more->drop(f->more);
	}
	while (f->tasks != NULL) {
		forget(f->tasks);
	}
	open_identifier(f);
}

static void on_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	if (kind == FOLLOWER_ASK) {
		take_ask(context, id, body);
	} else if (kind == FOLLOWER_DROP) {
		drop_all(context);
	}
}

static void on_closed(void *context)
{
	(void)context;
	_exit(0); /* nobody is left to tell */
}

/* --- for more ------------------------------------------------------------------------------ */

const struct follow_ask *follower_ask(const struct follower_task *task)
{
	return &task->ask;
}

void follower_use(struct follower *follower, struct fingerprints *fingerprints)
{
	follower->plan.fingerprints = fingerprints;
}

void follower_lacks(struct follower *follower, const char *what)
{
	(void)!channel_send(follower->line, FOLLOWER_LACKS, 0, span_of(what));
}

/* --- the process --------------------------------------------------------------------------- */

static bool is_taken(int error)
{
	return error == 0 || error == ERR_UNSUPPORTED;
}

/* To bind is only for source ports of its own. */
static bool confine(const struct follower_plan *plan, struct why *why)
{
	static const int none[] = { -1 };
	bool is_bound = plan->source_port_first != 0;

	return is_taken(sandbox_privileges(none, why)) &&
	       is_taken(sandbox_files(NULL, 0, is_bound ? SANDBOX_PORTS_ANY_BOUND : -1, why)) &&
	       is_taken(sandbox_calls(SANDBOX_BASIC | SANDBOX_SOCKETS_OPEN | SANDBOX_INTERNET |
					      (is_bound ? SANDBOX_BIND : 0),
				      why));
}

static void trim(void *context)
{
	const struct follower *f = context;

	if (f->tasks == NULL) {
		heap_trim();
	}
}

static int body(void *context)
{
	static const struct channel_handler handler = { on_message, NULL, on_closed };
	const struct line_child *child = context;
	struct follower *f = alloc_zeroed(1, sizeof *f);
	struct why why;
	uint64_t files;

	f->plan = *(const struct follower_plan *)child->own;
	files = process_raise_files();
	if (files < f->plan.at_once + FILES_SPARED) {
		f->plan.at_once =
			files > 2 * FILES_SPARED ? (unsigned)files - FILES_SPARED : FILES_SPARED;
	}
	f->loop = loop_new();
	f->trim_timer = loop_timer(f->loop, trim, f);
	f->line = channel_new(f->loop, child->fd, FOLLOWER_QUEUE_MAX, &handler, f);
	if (f->plan.more != NULL) {
		f->more = f->plan.more->open(f->plan.own, f, f->loop, &why);
		if (f->more == NULL) {
			log_error("cannot start", log_text("reason", why.text));
			return 1;
		}
	}
	open_identifier(f);
	if (!confine(&f->plan, &why)) {
		log_error("the process that asks strangers cannot confine itself",
			  log_text("reason", why.text));
		return 1;
	}
	loop_run(f->loop);
	return 0;
}

int follower_start(const struct follower_plan *plan, pid_t *out_pid, int *out_line, struct why *why)
{
	return line_start("scan-ask", body, plan, out_pid, out_line, why);
}
