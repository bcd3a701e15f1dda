/* signals_test.c - the kernel's signals, as far as this machine and user may cause them. */
#include "agent/signals.h"
#include "agent/tracepoint.h"

#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "sys/clock.h"
#include "sys/log.h"
#include "sys/net.h"

#define TABLE       10
#define DEADLINE_MS 60000

struct world {
	struct loop *loop;
	struct signals *signals;
	unsigned changed;
	pid_t pid;
};

static void on_changed(void *context, uint16_t table, pid_t pid)
{
	struct world *w = context;

	assert_int_equal(table, TABLE);
	w->changed++;
	w->pid = pid != 0 ? pid : w->pid;
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	log_open("test", LOG_ERROR);
	w->loop = loop_new();
	w->signals = signals_new(w->loop, on_changed, w);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	signals_free(&w->signals);
	loop_free(&w->loop);
	free(w);
	return 0;
}

/* Turns until something was signalled. */
static bool is_signalled(struct world *w)
{
	int64_t deadline = clock_ms() + DEADLINE_MS;

	while (w->changed == 0 && clock_ms() < deadline) {
		loop_turn(w->loop, 100);
	}
	return w->changed > 0;
}

static int listen_somewhere(void)
{
	struct net_address address;
	struct net_address bound;
	struct why why;
	int fd = -1;

	assert_int_equal(net_address_parse(span_of("127.0.0.1:0"), &address, &why), 0);
	assert_int_equal(net_listen(&address, &fd, &bound, &why), 0);
	return fd;
}

static void a_socket_that_begins_or_ends_to_listen_is_signalled(void **state)
{
	struct world *w = *state;
	int fd;

	signals_on_listen(w->signals, TABLE);
	fd = listen_somewhere();
	assert_true(is_signalled(w));
	if (signals_has_tracepoint(w->signals)) {
		assert_int_equal(w->pid, getpid());
	}
	w->changed = 0;
	close(fd);
	assert_true(is_signalled(w));
}

static void more_events_than_the_ring_holds_still_signal(void **state)
{
	struct tracepoint *t;
	unsigned taken = 0;
	struct why why;
	pid_t pid;

	(void)state;
	if (tracepoint_open(&t, &why) != 0) {
		skip();
	}
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 400; i++) {
			close(listen_somewhere());
		}
		for (taken = 0; (pid = tracepoint_take(t)) != 0;) {
			taken += pid == getpid(); /* others listen, too */
		}
		assert_in_range(taken, 100, 800);
	}
	tracepoint_close(&t);
	assert_null(t);
}

/* Exit status of a child that may not do what the test is about. */
#define CANNOT 77

/* A child with namespaces and signals of its own, so that nobody else's are touched. */
static bool in_own_namespaces(void (*body)(struct world *w))
{
	struct world w = { .changed = 0 };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) {
			_exit(CANNOT);
		}
		w.loop = loop_new();
		w.signals = signals_new(w.loop, on_changed, &w);
		body(&w);
		_exit(is_signalled(&w) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CANNOT);
	return WEXITSTATUS(status) == 0;
}

/* The program runs within listen(2): what is not in the ring then never will be. */
static void listen_elsewhere(struct world *w)
{
	struct tracepoint *t;
	struct why why;

	int fd;

	(void)w;
	if (tracepoint_open(&t, &why) != 0 || unshare(CLONE_NEWNET) != 0) {
		_exit(CANNOT);
	}
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (listen(fd, 1) != 0) {
		_exit(2);
	}
	_exit(tracepoint_take(t) == 0 ? 0 : 3);
}

static void sockets_of_another_network_are_not_signalled(void **state)
{
	(void)state;
	if (access("/sys/kernel/btf/vmlinux", R_OK) != 0 || !in_own_namespaces(listen_elsewhere)) {
		skip();
	}
}

static void switch_loopback_on(struct world *w)
{
	const struct {
		struct nlmsghdr head;
		struct ifinfomsg link;
	} request = { { sizeof request, RTM_NEWLINK, NLM_F_REQUEST, 1, 0 },
		      { .ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP } };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	signals_on_route(w->signals, TABLE, RTMGRP_LINK | RTMGRP_IPV4_IFADDR);
	if (send(fd, &request, sizeof request, 0) < 0) {
		_exit(2);
	}
}

static void an_interface_that_comes_up_is_signalled(void **state)
{
	(void)state;
	if (!in_own_namespaces(switch_loopback_on)) {
		skip();
	}
}

static void mount_something(struct world *w)
{
	signals_on_poll(w->signals, TABLE, "/proc/self/mountinfo");
	loop_turn(w->loop, 0);
	w->changed = 0;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("x", "/tmp", "tmpfs", 0, NULL) != 0) {
		_exit(CANNOT);
	}
}

static void a_mount_is_signalled(void **state)
{
	(void)state;
	if (!in_own_namespaces(mount_something)) {
		skip();
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_socket_that_begins_or_ends_to_listen_is_signalled),
		TEST(more_events_than_the_ring_holds_still_signal),
		TEST(sockets_of_another_network_are_not_signalled),
		TEST(an_interface_that_comes_up_is_signalled),
		TEST(a_mount_is_signalled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
