/* engine_role.c - the engine as a process: its bus, its loop, its rights. */
#include "server/engine/engine.h"

#include "base/error.h"
#include "server/bus/bus.h"
#include "sys/alloc.h"
#include "sys/log.h"
#include "sys/loop.h"
#include "sys/process.h"
#include "sys/sandbox.h"

#include <signal.h>
#include <stdlib.h>

#define PEERS_MAX 64

struct role_state;

/* One link of the bus, and the engine's side of it. */
struct peer {
	struct bus_link *bus; /* NULL: free */
	struct engine_link *link;
};

struct role_state {
	struct loop *loop;
	struct engine *engine;
	struct loop_timer *soon; /* keeps the loop from sleeping while work is left */
	struct loop_timer *tick;
	struct peer peers[PEERS_MAX];
	unsigned messages; /* since the last look */
};

static int send_on_bus(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct bus_link *bus = context;
	int error = bus_send(bus, kind, id, body);

	if (bus_is_congested(bus)) {
		bus_pause(bus); /* nothing more is taken from who does not take its answers */
	}
	return error;
}

static struct peer *peer_of(struct role_state *state, const struct bus_link *bus)
{
	for (size_t i = 0; i < PEERS_MAX; i++) {
		if (state->peers[i].bus == bus) {
			return &state->peers[i];
		}
	}
	return NULL;
}

static void opened(struct role_state *state, struct bus_link *bus, enum engine_peer kind)
{
	struct peer *peer = peer_of(state, NULL);

	if (peer == NULL) {
		log_error("too many links on the bus", log_number("most", PEERS_MAX));
		bus_pause(bus);
		return;
	}
	peer->bus = bus;
	peer->link = engine_link_open(state->engine, kind, send_on_bus, bus);
}

static void ingest_opened(void *context, struct bus_link *bus)
{
	opened(context, bus, ENGINE_INGEST);
}

static void api_opened(void *context, struct bus_link *bus)
{
	opened(context, bus, ENGINE_API);
}

static void feeds_opened(void *context, struct bus_link *bus)
{
	opened(context, bus, ENGINE_FEEDS);
}

static void on_message(void *context, struct bus_link *bus, uint8_t kind, uint64_t id,
		       struct span body)
{
	struct role_state *state = context;
	struct peer *peer = peer_of(state, bus);

	state->messages++;
	if (peer != NULL) {
		engine_link_message(peer->link, kind, id, body);
	}
}

static void on_closed(void *context, struct bus_link *bus)
{
	struct peer *peer = peer_of(context, bus);

	if (peer != NULL) {
		engine_link_close(&peer->link);
		peer->bus = NULL;
	}
}

static void on_drained(void *context, struct bus_link *bus)
{
	(void)context;
	bus_resume(bus);
}

static const struct bus_handler ingest_handler = {
	.message = on_message,
	.opened = ingest_opened,
	.closed = on_closed,
	.drained = on_drained,
};

static const struct bus_handler api_handler = {
	.message = on_message,
	.opened = api_opened,
	.closed = on_closed,
	.drained = on_drained,
};

static const struct bus_handler feeds_handler = {
	.message = on_message,
	.opened = feeds_opened,
	.closed = on_closed,
	.drained = on_drained,
};

static void do_nothing(void *context)
{
	(void)context;
}

/* Commits when nothing more is there to be read at once: the more comes, the more shares a
 * commit. commit_is_due bounds how long that may go on. */
static void on_idle(void *context)
{
	struct role_state *state = context;

	if (state->messages > 0) {
		state->messages = 0;
		loop_timer_arm(state->soon, 0);
	} else if (engine_commit(state->engine)) {
		loop_timer_arm(state->soon, 0);
	}
}

static void on_tick(void *context)
{
	struct role_state *state = context;

	loop_timer_arm(state->tick, engine_tick(state->engine));
}

static void on_term(void *context)
{
	loop_stop(context);
}

static int take_rights(const char *data_folder, struct why *why)
{
	static const int none[] = { -1 };
	const struct sandbox_path paths[] = { { .path = data_folder, .is_writable = true } };
	int error = sandbox_privileges(none, why);

	if (error == 0) {
		error = sandbox_files(paths, COUNT_OF(paths), 0, why);
	}
	if (error == ERR_UNSUPPORTED) {
		log_warn("this kernel cannot restrict which files the engine sees",
			 log_text("reason", why->text));
		error = 0;
	}
	return error != 0 ? error
			  : sandbox_calls(SANDBOX_BASIC | SANDBOX_READ_FILES | SANDBOX_WRITE_FILES |
						  SANDBOX_SOCKETS_OPEN | SANDBOX_UNIX,
					  why);
}

int engine_run(const struct role_config *config)
{
	struct role_state *state = alloc_zeroed(1, sizeof *state);
	struct bus_server *ingest_bus = NULL;
	struct bus_server *api_bus = NULL;
	struct bus_server *feeds_bus = NULL;
	struct why why;
	int status = 0;

	process_raise_files();
	process_protect_memory();
	state->loop = loop_new();
	loop_on_signal(state->loop, SIGTERM, on_term, state->loop);
	if (engine_open(config->data_folder, config->cert_life_s, &state->engine, &why) != 0 ||
	    take_rights(config->data_folder, &why) != 0) {
		status = role_failed(config, why.text);
		goto out;
	}
	if (config->is_offline) {
		engine_set_offline(state->engine);
	}
	state->soon = loop_timer(state->loop, do_nothing, state);
	state->tick = loop_timer(state->loop, on_tick, state);
	loop_timer_arm(state->tick, 0);
	loop_on_idle(state->loop, on_idle, state);
	ingest_bus = bus_serve(state->loop, config->listen_fd, &ingest_handler, state);
	api_bus = bus_serve(state->loop, config->api_listen_fd, &api_handler, state);
	feeds_bus = bus_serve(state->loop, config->feeds_listen_fd, &feeds_handler, state);
	role_ready(config);
	loop_run(state->loop);
	(void)engine_commit(state->engine);
out:
	for (size_t i = 0; i < PEERS_MAX; i++) {
		engine_link_close(&state->peers[i].link);
	}
	bus_server_free(&ingest_bus);
	bus_server_free(&api_bus);
	bus_server_free(&feeds_bus);
	engine_close(&state->engine);
	loop_timer_free(&state->soon);
	loop_timer_free(&state->tick);
	loop_free(&state->loop);
	free(state);
	return status;
}
