/* local_test.c - both ends of the bus, in two loops of one process. */
#include "server/bus/bus.h"

#include "base/error.h"
#include "sys/clock.h"
#include "sys/net.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define DEADLINE_MS 60000

/* What one end saw. */
struct end {
	struct loop *loop;
	struct bus_link *link; /* the last one opened */
	unsigned opened;
	unsigned closed;
	unsigned drained;
	unsigned messages;
	uint8_t kind;
	uint64_t id;
	char body[64];
	char role[16];
};

static void on_message(void *context, struct bus_link *link, uint8_t kind, uint64_t id,
		       struct span body)
{
	struct end *end = context;

	end->messages++;
	end->kind = kind;
	end->id = id;
	snprintf(end->role, sizeof end->role, "%s", bus_role(link));
	snprintf(end->body, sizeof end->body, "%.*s", (int)(body.len < 60 ? body.len : 60),
		 (const char *)body.ptr);
}

static void on_opened(void *context, struct bus_link *link)
{
	struct end *end = context;

	end->link = link;
	end->opened++;
}

static void on_closed(void *context, struct bus_link *link)
{
	struct end *end = context;

	if (end->link == link) {
		end->link = NULL;
	}
	end->closed++;
}

static void on_drained(void *context, struct bus_link *link)
{
	struct end *end = context;

	(void)link;
	end->drained++;
}

static const struct bus_handler handler = {
	.message = on_message,
	.opened = on_opened,
	.closed = on_closed,
	.drained = on_drained,
};

static char folder[64];
static char path[96];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/bartizan-bus-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/bus.sock", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	rmdir(folder);
	return 0;
}

static void turn_until(struct end *a, struct end *b, const unsigned *counter, unsigned wanted)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;

	while (*counter < wanted) {
		assert_true(clock_ms() < deadline);
		loop_turn(a->loop, 1);
		loop_turn(b->loop, 1);
	}
}

static void messages_go_both_ways_and_bear_the_role(void **state)
{
	struct end served = { .loop = loop_new() };
	struct end connecting = { .loop = loop_new() };
	struct bus_server *server;
	struct bus_link *link;
	int fd;

	(void)state;
	assert_int_equal(net_unix_listen(path, &fd, NULL), 0);
	server = bus_serve(served.loop, fd, &handler, &served);
	link = bus_connect(connecting.loop, path, "ingest", &handler, &connecting);
	assert_int_equal(bus_send(link, BUS_REQUEST, 1, span_of("early")), ERR_CLOSED);
	turn_until(&served, &connecting, &connecting.opened, 1);
	assert_int_equal(bus_send(link, BUS_SESSION_FRAME, 77, span_of("up")), 0);
	turn_until(&served, &connecting, &served.messages, 1);
	assert_int_equal(served.kind, BUS_SESSION_FRAME);
	assert_int_equal(served.id, 77);
	assert_string_equal(served.body, "up");
	assert_string_equal(served.role, "ingest");
	assert_int_equal(bus_send(served.link, BUS_SESSION_SEND, 78, span_of("down")), 0);
	turn_until(&served, &connecting, &connecting.messages, 1);
	assert_string_equal(connecting.body, "down");

	bus_link_free(&link);
	turn_until(&served, &connecting, &served.closed, 1);
	bus_server_free(&server);
	close(fd);
	loop_free(&served.loop);
	loop_free(&connecting.loop);
}

static void a_link_comes_back_when_the_server_does(void **state)
{
	struct end served = { .loop = loop_new() };
	struct end connecting = { .loop = loop_new() };
	struct bus_server *server;
	struct bus_link *link;
	int fd;

	(void)state;
	link = bus_connect(connecting.loop, path, "api", &handler, &connecting);
	loop_turn(connecting.loop, 20); /* nobody serves yet */
	assert_int_equal(net_unix_listen(path, &fd, NULL), 0);
	for (unsigned round = 1; round <= 3; round++) {
		server = bus_serve(served.loop, fd, &handler, &served);
		turn_until(&served, &connecting, &connecting.opened, round);
		turn_until(&served, &connecting, &served.opened, round);
		bus_server_free(&server);
		turn_until(&served, &connecting, &connecting.closed, round);
		assert_int_equal(bus_send(link, BUS_REQUEST, 1, span_of("lost")), ERR_CLOSED);
	}
	bus_link_free(&link);
	close(fd);
	loop_free(&served.loop);
	loop_free(&connecting.loop);
}

static void a_peer_that_is_killed_is_noticed(void **state)
{
	struct end served = { .loop = loop_new() };
	struct bus_server *server;
	pid_t child;
	int fd;

	(void)state;
	assert_int_equal(net_unix_listen(path, &fd, NULL), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct end connecting = { .loop = loop_new() };

		(void)bus_connect(connecting.loop, path, "ingest", &handler, &connecting);
		for (;;) {
			loop_turn(connecting.loop, 100);
		}
	}
	server = bus_serve(served.loop, fd, &handler, &served);
	turn_until(&served, &served, &served.opened, 1);
	kill(child, SIGKILL);
	turn_until(&served, &served, &served.closed, 1);
	waitpid(child, NULL, 0);
	bus_server_free(&server);
	close(fd);
	loop_free(&served.loop);
}

static void a_full_queue_refuses_and_says_when_it_drained(void **state)
{
	static uint8_t large[1 << 20];
	struct end served = { .loop = loop_new() };
	struct end connecting = { .loop = loop_new() };
	struct bus_server *server;
	struct bus_link *link;
	unsigned sent = 0;
	int fd;

	(void)state;
	assert_int_equal(net_unix_listen(path, &fd, NULL), 0);
	server = bus_serve(served.loop, fd, &handler, &served);
	link = bus_connect(connecting.loop, path, "ingest", &handler, &connecting);
	turn_until(&served, &connecting, &served.opened, 1);
	turn_until(&served, &connecting, &connecting.opened, 1);
	bus_pause(served.link);
	while (bus_send(link, BUS_SESSION_FRAME, sent, (struct span){ large, sizeof large }) == 0) {
		sent++;
		assert_true(sent < 1000);
		loop_turn(connecting.loop, 0);
	}
	assert_int_equal(bus_send(link, BUS_SESSION_FRAME, 0, (struct span){ large, sizeof large }),
			 ERR_FULL);
	assert_true(bus_is_congested(link));
	bus_resume(served.link);
	turn_until(&served, &connecting, &connecting.drained, 1);
	turn_until(&served, &connecting, &served.messages, sent); /* none was lost */
	assert_false(bus_is_congested(link));
	bus_link_free(&link);
	bus_server_free(&server);
	close(fd);
	loop_free(&served.loop);
	loop_free(&connecting.loop);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_go_both_ways_and_bear_the_role),
		TEST(a_link_comes_back_when_the_server_does),
		TEST(a_peer_that_is_killed_is_noticed),
		TEST(a_full_queue_refuses_and_says_when_it_drained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
