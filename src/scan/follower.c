/* follower.c - identify, conclude, tell. */
#include "scan/follower.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/text.h"
#include "formats/x509_details.h"
#include "scan/identify/datagram.h"
#include "scan/probes/probe.h"
#include "scan/service.h"
#include "sys/alloc.h"
#include "sys/channel.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/sandbox.h"

#define FIRST_OWN_FD 3
#define FILES_SPARED 32

struct follower {
	struct follower_plan plan;
	int fd;
	struct loop *loop;
	struct channel *line;
	struct identifier *identifier;
	uint8_t packed[SERVICE_PACKED_MAX];
};

struct task {
	uint64_t id;
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

static void describe(struct follower *f, const struct service_facts *facts, struct service *out)
{
	struct product product;

	product_conclude(facts, f->plan.fingerprints, &product);
	out->layer = (uint8_t)facts->layer;
	out->is_tls_open = facts->is_tls_open;
	set_text(out->protocol, sizeof out->protocol, span_of(facts->protocol));
	set_text(out->alpn, sizeof out->alpn, span_of(facts->alpn));
	set_text(out->found, sizeof out->found, span_of(facts->found));
	set_text(out->gave_up, sizeof out->gave_up, span_of(facts->gave_up));
	set_text(out->description, sizeof out->description, span_of(product.description));
	out->is = product.service;
	out->banner_len = facts->banner_len;
	mem_copy(out->banner, facts->banner, facts->banner_len);
	guess_device(f, facts, out);
}

static void say(struct follower *f, uint64_t id, const struct service *service)
{
	struct writer w = writer_over(f->packed, sizeof f->packed);

	service_pack(service, &w);
	if (!writer_ok(&w) || channel_send(f->line, FOLLOWER_SERVICE, id, writer_span(&w)) != 0) {
		_exit(1); /* it would be waited for in vain */
	}
}

static void on_identified(void *context, const struct identify_result *result)
{
	struct follower *f = context;
	struct task *task = result->target_context;
	struct service service = {
		.outcome = (uint8_t)result->outcome,
		.connections = result->connections,
		.duration_ms = (uint32_t)result->duration_ms,
	};
	struct x509_details details;

	if (result->outcome != IDENTIFY_KNOWN && task->known != NULL) {
		/* what was said once is not taken back by silence */
		service.outcome = IDENTIFY_KNOWN;
		describe(f, task->known, &service);
	} else {
		describe(f, &result->facts, &service);
	}
	if (result->certificate.len > 0 && x509_details_parse(result->certificate, &details) == 0) {
		set_text(service.certificate_name, sizeof service.certificate_name,
			 details.common_name);
	}
	say(f, task->id, &service);
	free(task->known);
	free(task);
}

/* --- the line ------------------------------------------------------------------------------ */

static struct net_address socket_of(const struct result *row)
{
	struct net_address address = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address.storage;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address.storage;
	struct span bytes = address_bytes(&row->address);

	if (address_is_v4(&row->address)) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(row->port);
		mem_copy(&v4->sin_addr, bytes.ptr, bytes.len);
		address.length = sizeof *v4;
	} else {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(row->port);
		mem_copy(&v6->sin6_addr, bytes.ptr, bytes.len);
		address.length = sizeof *v6;
	}
	return address;
}

/* True where the answer to discovery said it all. */
static bool is_told(struct follower *f, const struct result *row, struct span payload,
		    struct task *task)
{
	struct service service = { .outcome = IDENTIFY_KNOWN, .is_of_discovery = true };
	struct service_facts *facts = alloc_zeroed(1, sizeof *facts);
	enum datagram_worth worth =
		datagram_read(probe_for(row->port)->name, row->port, payload, facts);

	if (worth == DATAGRAM_WHOLE) {
		describe(f, facts, &service);
		say(f, task->id, &service);
	} else if (worth == DATAGRAM_NAMED) {
		task->known = facts;
		return false;
	}
	free(facts);
	return worth == DATAGRAM_WHOLE;
}

static void take_ask(struct follower *f, uint64_t id, struct span body)
{
	struct reader r = reader_over(body);
	struct service refused = { .outcome = IDENTIFY_CLOSED };
	struct net_address address;
	struct result row;
	struct task *task;

	if (result_unpack(reader_bytes(&r, RESULT_PACKED_SIZE), &row) != 0) {
		return;
	}
	task = alloc_zeroed(1, sizeof *task);
	task->id = id;
	address = socket_of(&row);
	if (row.transport == TRANSPORT_UDP && is_told(f, &row, reader_rest(&r), task)) {
		free(task);
		return;
	}
	if (identifier_add(f->identifier, &address,
			   row.transport == TRANSPORT_UDP ? IDENTIFY_UDP : IDENTIFY_TCP, NULL,
			   task) != 0) {
		say(f, id, &refused);
		free(task->known);
		free(task);
	}
}

static void on_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	if (kind == FOLLOWER_ASK) {
		take_ask(context, id, body);
	}
}

static void on_closed(void *context)
{
	(void)context;
	_exit(0); /* nobody is left to tell */
}

/* --- the process --------------------------------------------------------------------------- */

/* Also where it had to be started again, while raw sockets are open. */
static void keep_only(int fd)
{
	if (fd > FIRST_OWN_FD) {
		(void)close_range(FIRST_OWN_FD, (unsigned)fd - 1, 0);
	}
	(void)close_range((unsigned)fd + 1, ~0U, 0);
}

static bool is_taken(int error)
{
	return error == 0 || error == ERR_UNSUPPORTED;
}

static bool confine(void)
{
	static const int none[] = { -1 };
	struct why why;

	return is_taken(sandbox_privileges(none, &why)) &&
	       is_taken(sandbox_files(NULL, 0, SANDBOX_PORTS_ANY_BOUND, &why)) &&
	       is_taken(sandbox_calls(SANDBOX_BASIC | SANDBOX_SOCKETS_OPEN | SANDBOX_INTERNET |
					      SANDBOX_BIND,
				      &why));
}

static int body(void *context)
{
	static const struct channel_handler handler = { on_message, NULL, on_closed };
	struct follower *f = context;
	uint64_t files;
	struct identify_options options = {
		.connections_max = f->plan.at_once,
		.connections_per_host = f->plan.per_host,
		.source_port_first = f->plan.source_port_first,
		.source_port_last = f->plan.source_port_last,
		.is_without_anonymous_asks = f->plan.is_without_anonymous_asks,
	};

	signal(SIGINT, SIG_IGN); /* a terminal tells all of us; our parent decides */
	keep_only(f->fd);
	files = process_raise_files();
	if (files < options.connections_max + FILES_SPARED) {
		options.connections_max =
			files > 2 * FILES_SPARED ? (unsigned)files - FILES_SPARED : FILES_SPARED;
	}
	f->loop = loop_new();
	f->identifier = identifier_new(f->loop, &options, on_identified, f);
	f->line = channel_new(f->loop, f->fd, FOLLOWER_QUEUE_MAX, &handler, f);
	if (!confine()) {
		return 1;
	}
	loop_run(f->loop);
	return 0;
}

int follower_start(const struct follower_plan *plan, pid_t *out_pid, int *out_line, struct why *why)
{
	struct follower *f = alloc_zeroed(1, sizeof *f);
	int line[2];
	int error = net_pair(line);

	if (error != 0) {
		free(f);
		return why_set(why, error, "no socket pair");
	}
	f->plan = *plan;
	f->fd = line[1];
	error = process_spawn("scan-identify", body, f, out_pid);
	file_close(&line[1]);
	free(f);
	if (error != 0) {
		file_close(&line[0]);
		return why_set(why, error, "the process that identifies cannot be started");
	}
	*out_line = line[0];
	return 0;
}
