/* ingest.c - opening and closing, and its place on the bus. */
#include "server/ingest/ingest.h"

#include "base/error.h"
#include "server/ingest/parts.h"
#include "sys/alloc.h"
#include "sys/buffer.h"

#include <stdlib.h>

/* --- the bus --- */

static void on_bus_message(void *context, struct bus_link *link, uint8_t kind, uint64_t id,
			   struct span body)
{
	struct ingest *i = context;
	struct connection *c = idmap_get(&i->by_id, id);

	(void)link;
	if (c == NULL) {
		return; /* gone meanwhile */
	}
	switch (kind) {
	case BUS_SESSION_SEND:
	case BUS_SESSION_END:
		if (c->state == CONNECTION_SESSION) {
			session_deliver(c, body, kind == BUS_SESSION_END);
		}
		break;
	case BUS_ENROLLED:
		if (c->state == CONNECTION_EST) {
			est_enrolled(c, body);
		}
		break;
	default:
		log_error("the engine sent what is not for ingest", log_number("kind", kind));
	}
}

static void on_bus_opened(void *context, struct bus_link *link)
{
	struct ingest *i = context;

	(void)link;
	log_info("engine found", log_number("sessions", (int64_t)i->session_count));
	i->is_bus_open = true;
	sessions_announce(i);
	sessions_pace(i);
}

static void on_bus_closed(void *context, struct bus_link *link)
{
	struct ingest *i = context;

	(void)link;
	log_warn("engine lost; sensors wait", log_number("sessions", (int64_t)i->session_count));
	i->is_bus_open = false;
	for (struct connection *c = i->connections; c != NULL; c = c->next) {
		c->is_announced = false;
	}
	sessions_pace(i);
	est_bus_closed(i);
}

static void on_bus_drained(void *context, struct bus_link *link)
{
	(void)link;
	sessions_pace(context);
}

static const struct bus_handler bus_handler = {
	.message = on_bus_message,
	.opened = on_bus_opened,
	.closed = on_bus_closed,
	.drained = on_bus_drained,
};

/* --- opening and closing --- */

static void on_sweep(void *context)
{
	struct ingest *i = context;

	connections_sweep(i);
	loop_timer_arm(i->sweep, SWEEP_MS);
}

int ingest_open(struct loop *loop, const struct ingest_config *config, struct ingest **out,
		struct why *why)
{
	static const char *const alpn[] = { MESSAGE_ALPN, "http/1.1", NULL };
	const struct tls_config tls = {
		.is_server = true,
		.ca_pem = config->ca_pem,
		.certificate_pem = config->certificate_pem,
		.key_pem = config->key_pem,
		.alpn = alpn,
		.is_client_certificate_asked = true,
	};
	struct ingest *i = alloc_zeroed(1, sizeof *i);
	int error;

	i->loop = loop;
	i->config = *config;
	i->is_paused = true; /* until the bus is there */
	error = tls_context_new(&tls, &i->tls, why);
	error = error != 0 ? error : est_prepare(i, why);
	if (error != 0) {
		tls_context_free(&i->tls);
		buffer_done(&i->cacerts);
		free(i);
		return error;
	}
	i->penalties = penalty_new(PENALTY_ENTRIES);
	i->sweep = loop_timer(loop, on_sweep, i);
	loop_timer_arm(i->sweep, SWEEP_MS);
	i->bus = bus_connect(loop, config->bus_path, "ingest", &bus_handler, i);
	connections_listen(i);
	*out = i;
	return 0;
}

void ingest_close(struct ingest **ingest)
{
	struct ingest *i = *ingest;

	if (i == NULL) {
		return;
	}
	loop_unwatch(&i->accepting);
	while (i->connections != NULL) {
		connection_free(i->connections);
	}
	loop_timer_free(&i->sweep);
	bus_link_free(&i->bus);
	tls_context_free(&i->tls);
	penalty_free(&i->penalties);
	buffer_done(&i->cacerts);
	idmap_done(&i->by_id);
	idmap_done(&i->by_sensor);
	free(i);
	*ingest = NULL;
}

void ingest_say_goodbye(struct ingest *i)
{
	struct connection *next;

	loop_unwatch(&i->accepting);
	for (struct connection *c = i->connections; c != NULL; c = next) {
		next = c->next;
		if (c->state == CONNECTION_SESSION) {
			session_goodbye(c, GOODBYE_RESTART, 0, "the server restarts");
		} else if (c->state != CONNECTION_ENDING) {
			connection_free(c);
		}
	}
}

bool ingest_is_empty(const struct ingest *i)
{
	return i->connection_count == 0;
}
