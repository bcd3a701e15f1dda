/* server_harness.c - a platform with two tenants, one asset, and everything of the api but its
 * process. */
#include "server/api/server_harness.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/api/call.h"
#include "server/api/fleets.h"
#include "server/api/live.h"
#include "server/api/requests.h"
#include "server/api/workers.h"
#include "server/bus/arguments.h"
#include "server/bus/bus.h"
#include "sys/alloc.h"
#include "sys/file.h"
#include "sys/net.h"
#include "wire/cbor.h"

/* --- the engine --- */

static void answer_figures(struct writer *reply)
{
	const struct argument figures[] = {
		argument_uint("assets default", 1),  argument_uint("rows_held default", 4),
		argument_uint("commits", 3),         argument_uint("last_change_no default", 3),
		argument_uint("sensors default", 1), argument_uint("rows_distinct default", 4),
	};

	reply_write(reply, figures, COUNT_OF(figures));
}

static void answer(struct span body, struct writer *reply)
{
	struct arguments arguments;
	struct span operation;

	assert_int_equal(request_read(body, &operation, &arguments), 0);
	if (span_is(operation, "figures")) {
		answer_figures(reply);
	} else if (span_is(operation, "enrolment-token")) {
		reply_write(reply,
			    (const struct argument[]){ argument_text("token", "bte_new"),
						       argument_uint("expires_ms", 1763726400000) },
			    2);
	} else {
		reply_write_failure(reply, 409, "conflict", "the engine of this test refuses");
	}
}

static void on_engine_message(void *context, struct bus_link *link, uint8_t kind, uint64_t id,
			      struct span body)
{
	uint8_t bytes[4096];
	struct writer reply = writer_over(bytes, sizeof bytes);

	(void)context;
	if (kind == BUS_REQUEST) {
		answer(body, &reply);
		assert_int_equal(bus_send(link, BUS_REPLY, id, writer_span(&reply)), 0);
	}
}

static void on_engine_opened(void *context, struct bus_link *link)
{
	struct server_harness *s = context;

	s->api_link = link;
}

static void on_engine_closed(void *context, struct bus_link *link)
{
	struct server_harness *s = context;

	(void)link;
	s->api_link = NULL;
}

/* --- the api's side --- */

static void on_api_message(void *context, struct bus_link *link, uint8_t kind, uint64_t id,
			   struct span body)
{
	struct server_harness *s = context;

	(void)link;
	if (kind == BUS_REPLY) {
		requests_received(s->api.requests, id, body);
	}
}

static void on_api_closed(void *context, struct bus_link *link)
{
	struct server_harness *s = context;

	(void)link;
	requests_lost(s->api.requests);
}

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

static void on_lost(void *context)
{
	(void)context;
	fail_msg("the query launcher ended");
}

/* --- putting it together --- */

static void make_folder(struct server_harness *s)
{
	static const char *const names[] = { "tenants", "run" };
	char path[128];

	snprintf(s->folder, sizeof s->folder, "/tmp/bartizan-api-XXXXXX");
	assert_non_null(mkdtemp(s->folder));
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof path, "%s/%s", s->folder, names[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
}

static void make_platform(struct server_harness *s)
{
	static const char *const addresses[] = { "127.0.0.1", NULL };
	struct why why = { "" };

	assert_int_equal(authority_prepare(s->folder, addresses + 1, addresses, &why), 0);
	assert_int_equal(platform_open(s->folder, true, &s->platform, &why), 0);
	assert_int_equal(tenant_add(s->platform, "default", 1000, &why), 0);
	assert_int_equal(tenant_add(s->platform, "acme", 1000, &why), 0);
	assert_int_equal(operator_token_new(s->platform, "", "root", 1000, s->platform_token, &why),
			 0);
	assert_int_equal(
		operator_token_new(s->platform, "acme", "ada", 1000, s->tenant_token, &why), 0);
}

static uint64_t apply(struct server_harness *s, uint16_t table, uint64_t seq,
		      const struct fixture_rows *adds)
{
	struct message_batch batch = fixture_delta(table, seq, NULL, adds);
	struct inventory_result result =
		fixture_apply(&s->inventory, s->asset, &batch, clock_wall_ms());

	assert_int_equal(result.outcome, INVENTORY_APPLIED);
	return result.change_no;
}

static void make_inventory(struct server_harness *s)
{
	static const char *const members[] = { "ada" };
	struct inventory *acme = NULL;
	struct fixture_rows rows;
	struct why why = { "" };
	char path[128];

	tenant_path(s->folder, "acme", path, sizeof path);
	assert_int_equal(inventory_open(path, &acme, &why), 0);
	inventory_close(&acme);
	tenant_path(s->folder, "default", path, sizeof path);
	assert_int_equal(inventory_open(path, &s->inventory.inv, &why), 0);
	s->asset = fixture_asset(&s->inventory, 1, clock_wall_ms());
	fixture_rows_init(&rows);
	fixture_add_os(&rows, TEST_ASSET_NAME);
	apply(s, TABLE_OS, 1, &rows);
	fixture_rows_done(&rows);
	fixture_rows_init(&rows);
	fixture_add_package(&rows, "bash", "5.2");
	fixture_add_package(&rows, "curl", "7.88");
	apply(s, TABLE_PACKAGES, ++s->packages_seq, &rows);
	fixture_rows_done(&rows);
	fixture_rows_init(&rows);
	fixture_add_group(&rows, "wheel", 10, members, 1);
	apply(s, TABLE_GROUPS, 1, &rows);
	fixture_rows_done(&rows);
}

static void read_text(const char *folder, const char *name, struct buffer *out)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	buffer_init(out, 1 << 16);
	assert_int_equal(file_read(path, out), 0);
	assert_int_equal(buffer_append(out, (struct span){ (const uint8_t *)"", 1 }), 0);
}

static void serve(struct server_harness *s)
{
	static const struct http_handler handler = { on_request, on_finished, on_drained };
	struct http_config config = { .connections_max = 100, .idle_s = 30 };
	struct net_address address;
	struct net_address bound;
	struct buffer certificate;
	struct buffer key;
	struct why why = { "" };

	assert_int_equal(net_address_parse(span_of("127.0.0.1:0"), &address, &why), 0);
	assert_int_equal(net_listen(&address, &s->listen_fd, &bound, &why), 0);
	read_text(s->folder, "server.pem", &certificate);
	read_text(s->folder, "server.key", &key);
	config.listen_fd = s->listen_fd;
	config.certificate_pem = (const char *)buffer_span(&certificate).ptr;
	config.key_pem = (const char *)buffer_span(&key).ptr;
	assert_int_equal(http_serve(s->api.loop, &config, &handler, &s->api, &s->api.http, &why),
			 0);
	buffer_done(&certificate);
	buffer_done(&key);
	client_harness_open(&s->client, s->api.loop,
			    ntohs(((const struct sockaddr_in *)&bound.storage)->sin_port));
}

static void connect_bus(struct server_harness *s)
{
	static const struct bus_handler engine = { .message = on_engine_message,
						   .opened = on_engine_opened,
						   .closed = on_engine_closed };
	static const struct bus_handler api = { .message = on_api_message,
						.closed = on_api_closed };
	char path[128];
	struct why why = { "" };

	snprintf(path, sizeof path, "%s/run/bus", s->folder);
	assert_int_equal(net_unix_listen(path, &s->bus_fd, &why), 0);
	s->engine = bus_serve(s->api.loop, s->bus_fd, &engine, s);
	s->link = bus_connect(s->api.loop, path, "api", &api, s);
	s->api.requests = requests_new(s->api.loop, s->link);
	TURN_UNTIL(&s->client, s->api_link != NULL);
}

int server_harness_set_up(void **state)
{
	struct server_harness *s = alloc_zeroed(1, sizeof *s);
	struct why why = { "" };

	*state = s;
	make_folder(s);
	s->config.data_folder = s->folder;
	s->api.config = &s->config;
	/* first of all, as the role does: nothing is open that a fork must not see */
	assert_int_equal(workers_start(s->folder, &s->api.workers, &why), 0);
	make_platform(s);
	make_inventory(s);
	s->api.loop = loop_new();
	workers_attach(s->api.workers, s->api.loop, on_lost, s);
	s->api.signins = signins_new();
	s->api.live = live_new(&s->api);
	s->api.fleets = fleets_new(&s->api);
	assert_int_equal(platform_open(s->folder, false, &s->api.platform, &why), 0);
	serve(s);
	connect_bus(s);
	return 0;
}

static void remove_folder(const char *folder)
{
	static const char *const names[] = {
		"tenants/default.db",
		"tenants/default.db-wal",
		"tenants/default.db-shm",
		"tenants/acme.db",
		"tenants/acme.db-wal",
		"tenants/acme.db-shm",
		"tenants",
		"run/bus",
		"run",
		"platform.db",
		"platform.db-wal",
		"platform.db-shm",
		"ca.pem",
		"ca.key",
		"server.pem",
		"server.key",
		"",
	};
	char path[128];

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		(void)remove(path);
	}
}

int server_harness_tear_down(void **state)
{
	struct server_harness *s = *state;

	client_harness_close(&s->client);
	http_server_free(&s->api.http);
	fleets_free(&s->api.fleets);
	live_free(&s->api.live);
	requests_free(&s->api.requests);
	bus_link_free(&s->link);
	bus_server_free(&s->engine);
	workers_free(&s->api.workers);
	signins_free(&s->api.signins);
	platform_close(&s->api.platform);
	platform_close(&s->platform);
	inventory_close(&s->inventory.inv);
	loop_free(&s->api.loop);
	close(s->listen_fd);
	close(s->bus_fd);
	remove_folder(s->folder);
	free(s);
	return 0;
}

long server_harness_ask_as(struct server_harness *s, struct exchange *e, const char *header,
			   const char *method, const char *path, const char *body)
{
	const char *headers[] = { header, NULL };

	client_harness_start(&s->client, e, method, path, headers, body);
	TURN_UNTIL(&s->client, e->is_done);
	assert_int_equal(e->code, CURLE_OK);
	client_harness_end(&s->client, e);
	return e->status;
}

long server_harness_ask(struct server_harness *s, struct exchange *e, const char *method,
			const char *path, const char *body)
{
	char header[128];

	snprintf(header, sizeof header, "Authorization: Bearer %s", s->platform_token);
	return server_harness_ask_as(s, e, header, method, path, body);
}

uint64_t server_harness_add_package(struct server_harness *s, const char *name)
{
	struct fixture_rows rows;
	uint64_t no;

	fixture_rows_init(&rows);
	fixture_add_package(&rows, name, "1.0");
	no = apply(s, TABLE_PACKAGES, ++s->packages_seq, &rows);
	fixture_rows_done(&rows);
	live_committed(s->api.live, span_of("default"), no, 0);
	return no;
}

uint64_t server_harness_add_login(struct server_harness *s, const char *user)
{
	uint8_t row_bytes[256];
	uint8_t list_bytes[512];
	struct writer row_out = writer_over(row_bytes, sizeof row_bytes);
	struct writer list = writer_over(list_bytes, sizeof list_bytes);
	struct message_event event = { .event = EVENT_LOGINS, .at_ms = 1700000000000 };
	struct message_events events = { .epoch = 1, .first = s->logins++ };
	struct why why = { 0 };
	struct row row;

	row_init(&row, schema_event_by_number(EVENT_LOGINS));
	row_set_text(&row, LOGINS_USER, span_of(user));
	row_set_boolean(&row, LOGINS_IS_SUCCESS, false);
	assert_int_equal(row_encode(&row, &row_out), 0);
	event.row = writer_span(&row_out);
	event_list_append(&list, &event);
	events.events = (struct event_list){ writer_span(&list), 1 };
	assert_int_equal(inventory_events(s->inventory.inv, s->asset, &events, 1700000001000, &why),
			 0);
	assert_int_equal(inventory_commit(s->inventory.inv, &why), 0);
	live_committed(s->api.live, span_of("default"), 0, inventory_last_event(s->inventory.inv));
	return inventory_last_event(s->inventory.inv);
}
