/* api.c - the api process: opens what it needs, takes its rights away, serves. */
#include "server/api/api.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/reader.h"
#include "server/api/call.h"
#include "server/api/fleets.h"
#include "server/api/live.h"
#include "server/api/requests.h"
#include "server/api/workers.h"
#include "server/bus/bus.h"
#include "sys/alloc.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/process.h"
#include "sys/sandbox.h"
#include "wire/cbor.h"

/* Streams, and as many ordinary connections. */
#define CONNECTIONS_MAX 2048
#define IDLE_S          60

/* Longest certificate or key file. */
#define PEM_MAX (64u << 10)

static const struct http_header common_headers[] = {
	{ "Content-Security-Policy",
	  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
	  "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
	  "frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Strict-Transport-Security", "max-age=31536000" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ 0 },
};

/* --- HTTP --- */

static void on_request(void *context, struct http_request *request)
{
	call_begin(context, request);
}

static void on_finished(void *context, struct http_request *request, unsigned status,
			int64_t elapsed_us)
{
	struct api *api = context;

	figures_request(&api->figures, status, elapsed_us);
	call_end(request);
}

static void on_drained(void *context, struct http_request *request)
{
	(void)context;
	call_drained(request);
}

/* --- bus --- */

/* [tenant, newest change's number] or [tenant] */
static void on_tenant_message(struct api *api, uint8_t kind, struct span body)
{
	struct cbor_reader r = cbor_over(body);
	size_t count = cbor_array(&r);
	struct span tenant = cbor_text(&r);
	uint64_t change_no = kind == BUS_COMMITTED ? cbor_uint(&r) : 0;
	uint64_t event_no = kind == BUS_COMMITTED ? cbor_uint(&r) : 0;

	if (count == 0 || cbor_done(&r) != 0) {
		log_error("message from the engine is malformed", log_number("kind", kind));
	} else if (kind == BUS_COMMITTED) {
		live_committed(api->live, tenant, change_no, event_no);
		fleets_committed(api->fleets, tenant);
	} else {
		live_sensors(api->live, tenant);
		fleets_sensors(api->fleets, tenant);
	}
}

static void on_message(void *context, struct bus_link *link, uint8_t kind, uint64_t id,
		       struct span body)
{
	struct api *api = context;

	(void)link;
	switch (kind) {
	case BUS_REPLY:
		requests_received(api->requests, id, body);
		break;
	case BUS_COMMITTED:
	case BUS_SENSORS:
		on_tenant_message(api, kind, body);
		break;
	case BUS_KNOWLEDGE:
		fleets_new_knowledge(api->fleets);
		live_knowledge(api->live);
		break;
	default:
		break;
	}
}

static void on_engine_opened(void *context, struct bus_link *link)
{
	struct api *api = context;

	(void)link;
	/* commits may have been missed while the engine was away */
	live_refresh(api->live);
	fleets_new_knowledge(api->fleets);
}

static void on_engine_closed(void *context, struct bus_link *link)
{
	struct api *api = context;

	(void)link;
	requests_lost(api->requests);
}

/* --- starting and ending --- */

static int read_pem(const char *folder, const char *name, struct buffer *out, struct why *why)
{
	char path[4096];
	int error;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	buffer_init(out, PEM_MAX);
	error = file_read(path, out);
	if (error == 0) {
		error = buffer_append(out, (struct span){ (const uint8_t *)"", 1 });
	}
	return error != 0 ? why_set(why, error, "%s cannot be read: %s", path, error_text(error))
			  : 0;
}

static int read_ca(struct api *api, struct why *why)
{
	char path[4096];
	int error;

	buffer_init(&api->ca_pem, PEM_MAX);
	snprintf(path, sizeof path, "%s/ca.pem", api->config->data_folder);
	error = file_read(path, &api->ca_pem);
	return error != 0 ? why_set(why, error, "%s cannot be read: %s", path, error_text(error))
			  : 0;
}

static int serve(struct api *api, struct why *why)
{
	static const struct http_handler handler = { on_request, on_finished, on_drained };
	struct http_config config = { .listen_fd = api->config->listen_fd,
				      .connections_max = CONNECTIONS_MAX,
				      .idle_s = IDLE_S,
				      .common = common_headers };
	OWNED(buffer_done) struct buffer certificate;
	OWNED(buffer_done) struct buffer key;
	int error;

	buffer_init(&key, PEM_MAX);
	error = read_pem(api->config->data_folder, "server.pem", &certificate, why);
	if (error == 0) {
		error = read_pem(api->config->data_folder, "server.key", &key, why);
	}
	if (error != 0) {
		return error;
	}
	config.certificate_pem = (const char *)buffer_span(&certificate).ptr;
	config.key_pem = (const char *)buffer_span(&key).ptr;
	return http_serve(api->loop, &config, &handler, api, &api->http, why);
}

/* What stays reachable: the tenants' files and the platform's, with what SQLite keeps beside them.
 */
static int confine(const struct role_config *config, struct why *why)
{
	static const char *const names[] = { "tenants", "platform.db", "platform.db-wal",
					     "platform.db-shm", "feeds" };
	char text[COUNT_OF(names)][4096];
	struct sandbox_path paths[COUNT_OF(names)];
	const int keep[] = { -1 };
	int error = sandbox_privileges(keep, why);

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(text[i], sizeof text[i], "%s/%s", config->data_folder, names[i]);
		paths[i] = (struct sandbox_path){ .path = text[i],
						  .is_writable = i < COUNT_OF(names) - 1 };
	}
	if (error == 0) {
		error = sandbox_files(paths, COUNT_OF(names), 0, why);
	}
	if (error == ERR_UNSUPPORTED) {
		log_warn("files are not sandboxed", log_text("reason", why->text));
		error = 0;
	}
	if (error == 0) {
		error = sandbox_calls(SANDBOX_BASIC | SANDBOX_READ_FILES | SANDBOX_WRITE_FILES |
					      SANDBOX_SOCKETS_OPEN | SANDBOX_UNIX,
				      why);
	}
	if (error == ERR_UNSUPPORTED) {
		log_warn("system calls are not sandboxed", log_text("reason", why->text));
		error = 0;
	}
	return error;
}

static void on_stop(void *context)
{
	struct api *api = context;

	loop_stop(api->loop);
}

struct ending {
	struct api *api;
	int status;
};

static void on_launcher_lost(void *context)
{
	struct ending *ending = context;

	/* the supervisor starts both anew */
	ending->status = 1;
	loop_stop(ending->api->loop);
}

static void close_all(struct api *api, struct bus_link **link)
{
	http_server_free(&api->http);
	fleets_free(&api->fleets);
	live_free(&api->live);
	requests_free(&api->requests);
	bus_link_free(link);
	workers_free(&api->workers);
	platform_close(&api->platform);
	signins_free(&api->signins);
	buffer_done(&api->ca_pem);
	loop_free(&api->loop);
}

int api_run(const struct role_config *config)
{
	static const struct bus_handler bus = { .message = on_message,
						.opened = on_engine_opened,
						.closed = on_engine_closed };
	struct api *api = alloc_zeroed(1, sizeof *api);
	struct ending ending = { .api = api };
	struct bus_link *link = NULL;
	struct why why = { 0 };
	int error;

	signal(SIGPIPE, SIG_IGN);
	api->config = config;
	error = workers_start(config->data_folder, &api->workers, &why);
	if (error != 0) {
		free(api);
		return role_failed(config, why.text);
	}
	process_protect_memory();
	process_raise_files();
	api->loop = loop_new();
	workers_attach(api->workers, api->loop, on_launcher_lost, &ending);
	api->signins = signins_new();
	api->live = live_new(api);
	api->fleets = fleets_new(api);
	error = platform_open(config->data_folder, false, &api->platform, &why);
	if (error == 0) {
		error = read_ca(api, &why);
	}
	if (error == 0) {
		error = serve(api, &why);
	}
	if (error == 0) {
		link = bus_connect(api->loop, config->bus_path, "api", &bus, api);
		api->requests = requests_new(api->loop, link);
		loop_on_signal(api->loop, SIGTERM, on_stop, api);
		loop_on_signal(api->loop, SIGINT, on_stop, api);
		error = confine(config, &why);
	}
	if (error == 0) {
		fleets_prepare(api->fleets);
		role_ready(config);
		loop_run(api->loop);
	} else {
		ending.status = role_failed(config, why.text);
	}
	close_all(api, &link);
	free(api);
	return ending.status;
}
