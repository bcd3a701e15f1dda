#include "scan/identify/identify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "sys/alloc.h"
#include "sys/clock.h"

#define CONNECTIONS_MAX 64
#define TRICKLE_MS      20

/* How a server on loopback behaves. */
struct manner {
	const char *greeting; /* at once, or NULL */
	const char *answer;   /* to anything, or NULL */
	bool is_endless;      /* repeats it as long as it is taken */
	bool trickles;        /* one byte of the greeting at a time */
	bool closes;          /* after the first bytes that came */
};

struct fake;

struct session {
	struct fake *fake;
	int fd;
	struct loop_watch *watch;
	struct loop_timer *timer;
	size_t sent;
};

struct fake {
	struct loop *loop;
	struct manner manner;
	int fd;
	struct loop_watch *watch;
	struct net_address address;
	struct session sessions[CONNECTIONS_MAX];
	unsigned accepted;
	unsigned open;
	unsigned most_open;
};

struct lab {
	struct loop *loop;
	struct identifier *identifier;
	struct identify_result last;
	unsigned results;
	unsigned wanted;
};

static void end_session(struct session *s)
{
	loop_unwatch(&s->watch);
	loop_timer_free(&s->timer);
	if (s->fd >= 0) {
		close(s->fd);
		s->fake->open--;
	}
	s->fd = -1;
}

static void speak(struct session *s, const char *words)
{
	do {
		if (send(s->fd, words, strlen(words), MSG_NOSIGNAL | MSG_DONTWAIT) <= 0) {
			return;
		}
	} while (s->fake->manner.is_endless);
}

static void on_trickle(void *context)
{
	struct session *s = context;
	const char *words = s->fake->manner.greeting;

	if (send(s->fd, words + s->sent % strlen(words), 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1) {
		s->sent++;
		loop_timer_arm(s->timer, TRICKLE_MS);
	}
}

static void on_session(void *context, unsigned events)
{
	struct session *s = context;
	uint8_t bytes[4096];
	ssize_t got = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT);

	if (got <= 0 && (events & (LOOP_READ | LOOP_HANGUP)) != 0) {
		end_session(s);
	} else if (got > 0 && s->fake->manner.answer != NULL) {
		speak(s, s->fake->manner.answer);
	}
	if (got > 0 && s->fake->manner.closes) {
		end_session(s);
		return;
	}
	if (s->fd >= 0 && s->fake->manner.is_endless && s->fake->manner.greeting != NULL) {
		speak(s, s->fake->manner.greeting);
	}
}

static void on_accept(void *context, unsigned events)
{
	struct fake *f = context;
	struct session *s = &f->sessions[f->accepted];
	struct net_address peer;

	(void)events;
	if (net_accept(f->fd, &s->fd, &peer) != 0) {
		return;
	}
	assert_true(f->accepted < CONNECTIONS_MAX - 1);
	f->accepted++;
	f->open++;
	f->most_open = f->open > f->most_open ? f->open : f->most_open;
	s->fake = f;
	s->watch = loop_watch(f->loop, s->fd, LOOP_READ | (f->manner.is_endless ? LOOP_WRITE : 0u),
			      on_session, s);
	s->timer = loop_timer(f->loop, on_trickle, s);
	if (f->manner.greeting != NULL && f->manner.trickles) {
		loop_timer_arm(s->timer, TRICKLE_MS);
	} else if (f->manner.greeting != NULL) {
		speak(s, f->manner.greeting);
	}
}

static struct fake *fake_new(struct loop *loop, struct manner manner)
{
	struct fake *f = alloc_zeroed(1, sizeof *f);
	struct net_address any;
	struct why why;

	f->loop = loop;
	f->manner = manner;
	assert_int_equal(net_address_parse(span_of("127.0.0.1:0"), &any, &why), 0);
	assert_int_equal(net_listen(&any, &f->fd, &f->address, &why), 0);
	f->watch = loop_watch(loop, f->fd, LOOP_READ, on_accept, f);
	return f;
}

static void fake_free(struct fake **fake)
{
	struct fake *f = *fake;

	for (unsigned i = 0; i < f->accepted; i++) {
		if (f->sessions[i].watch != NULL) {
			end_session(&f->sessions[i]);
		}
	}
	loop_unwatch(&f->watch);
	close(f->fd);
	free(f);
	*fake = NULL;
}

static void on_result(void *context, const struct identify_result *result)
{
	struct lab *lab = context;

	lab->last = *result;
	if (++lab->results == lab->wanted) {
		loop_stop(lab->loop);
	}
}

/* Short times, so that what waits does not wait for long. */
static const struct identify_options quick = {
	.connect_ms = 2000,
	.banner_ms = 100,
	.answer_ms = 200,
	.connection_ms = 1000,
	.target_ms = 3000,
};

static void lab_init(struct lab *lab, const struct identify_options *options)
{
	*lab = (struct lab){ .loop = loop_new(), .wanted = 1 };
	lab->identifier = identifier_new(lab->loop, options, on_result, lab);
}

static void lab_done(struct lab *lab)
{
	identifier_free(&lab->identifier);
	loop_free(&lab->loop);
}

/* The result for one server of this manner. */
static struct identify_result met(struct manner manner, unsigned *out_connections)
{
	struct lab lab;
	struct fake *fake;
	struct identify_counts counts;

	lab_init(&lab, &quick);
	fake = fake_new(lab.loop, manner);
	assert_int_equal(identifier_add(lab.identifier, &fake->address, IDENTIFY_TCP, NULL, &lab),
			 0);
	loop_run(lab.loop);
	assert_true(lab.last.target_context == &lab);
	identifier_counts(lab.identifier, &counts);
	assert_int_equal(counts.waiting + counts.active, 0);
	if (out_connections != NULL) {
		*out_connections = fake->accepted;
	}
	fake_free(&fake);
	lab_done(&lab);
	return lab.last;
}

static void a_banner_is_enough(void **state)
{
	struct identify_result r = met((struct manner){ .greeting = "SSH-1.5-old\r\n" }, NULL);

	(void)state;
	assert_int_equal(r.outcome, IDENTIFY_KNOWN);
	assert_string_equal(r.facts.protocol, "ssh");
	assert_string_equal(r.facts.found, "banner");
	assert_true(span_is(facts_find(&r.facts, "ssh.banner"), "old"));
	assert_int_equal(r.handshakes, 0);
	assert_int_equal(r.connections, 1);
}

static void an_answer_in_another_protocol_tells_which(void **state)
{
	struct identify_result r =
		met((struct manner){ .answer = "RTSP/1.0 400 Bad Request\r\nServer: cam\r\n\r\n" },
		    NULL);

	(void)state;
	assert_string_equal(r.facts.protocol, "rtsp");
	assert_string_equal(r.facts.found, "answer to http");
	assert_int_equal(r.handshakes, 1);
}

static void a_silent_server_gets_five_hellos_and_no_more(void **state)
{
	unsigned connections;
	struct identify_result r = met((struct manner){ 0 }, &connections);

	(void)state;
	assert_int_equal(r.outcome, IDENTIFY_SILENT);
	assert_int_equal(r.handshakes, 5);
	assert_int_equal(connections, 5);
	assert_true(r.duration_ms < 3000);
}

static void a_server_that_hangs_up_gets_no_more_either(void **state)
{
	unsigned connections;
	struct identify_result r = met((struct manner){ .closes = true }, &connections);

	(void)state;
	assert_int_equal(r.outcome, IDENTIFY_SILENT);
	assert_int_equal(r.handshakes, 5);
	assert_int_equal(connections, 5);
}

static void the_same_answer_to_everything_stays_unknown(void **state)
{
	struct identify_result r = met(
		(struct manner){ .answer = "\x01\x02what do you mean?\n", .closes = true }, NULL);

	(void)state;
	assert_int_equal(r.outcome, IDENTIFY_UNKNOWN);
	assert_string_equal(r.facts.protocol, "unknown");
	assert_true(r.handshakes <= 5);
	assert_memory_equal(r.facts.banner, "\x01\x02what", 6);
}

static void an_unknown_banner_is_not_pestered(void **state)
{
	struct identify_result r = met((struct manner){ .greeting = "welcome, stranger\n" }, NULL);

	(void)state;
	assert_int_equal(r.outcome, IDENTIFY_UNKNOWN);
	assert_true(r.handshakes <= 2);
}

static void an_endless_banner_ends_at_its_limit_and_is_said(void **state)
{
	static char words[8192];
	struct identify_result r;

	(void)state;
	memset(words, 'x', sizeof words - 1);
	r = met((struct manner){ .greeting = words, .is_endless = true }, NULL);
	assert_int_equal(r.outcome, IDENTIFY_UNKNOWN);
	assert_string_equal(r.facts.gave_up, "64 KiB of banner");
	assert_true(r.bytes_received <= (256u << 10) + 65536);
	assert_true(r.duration_ms < 3500);
}

static void an_endless_page_is_known_all_the_same(void **state)
{
	static char words[8192];
	struct identify_result r;
	int head = snprintf(words, sizeof words,
			    "HTTP/1.1 200 OK\r\nServer: bomb\r\nContent-Encoding: gzip\r\n\r\n");

	(void)state;
	memset(words + head, 'x', sizeof words - 1 - (size_t)head);
	r = met((struct manner){ .answer = words, .is_endless = true }, NULL);
	assert_string_equal(r.facts.protocol, "http");
	assert_true(span_is(facts_find(&r.facts, "http_header.server"), "bomb"));
	assert_true(r.bytes_received <= 256u << 10);
}

static void a_banner_byte_by_byte_is_given_up_and_said(void **state)
{
	struct identify_result r =
		met((struct manner){ .greeting = "220-wait a little\r\n", .trickles = true }, NULL);

	(void)state;
	assert_string_equal(r.facts.gave_up, "1 s of one connection");
	assert_int_equal(r.connections, 1);
}

static void a_closed_port_is_closed(void **state)
{
	struct lab lab;
	struct fake *fake;

	(void)state;
	lab_init(&lab, &quick);
	fake = fake_new(lab.loop, (struct manner){ 0 });
	close(fake->fd); /* nobody listens there any more */
	loop_unwatch(&fake->watch);
	assert_int_equal(identifier_add(lab.identifier, &fake->address, IDENTIFY_TCP, NULL, NULL),
			 0);
	loop_run(lab.loop);
	assert_int_equal(lab.last.outcome, IDENTIFY_CLOSED);
	free(fake);
	lab_done(&lab);
}

/* Twenty ports of one host: never more than two connections at once to it. */
static void a_host_gets_no_more_connections_than_stated(void **state)
{
	struct fake *fakes[20];
	struct identify_counts counts;
	struct lab lab;

	(void)state;
	lab_init(&lab, &quick);
	lab.wanted = COUNT_OF(fakes);
	for (size_t i = 0; i < COUNT_OF(fakes); i++) {
		fakes[i] = fake_new(lab.loop, (struct manner){ .greeting = "SSH-1.5-x\r\n" });
		assert_int_equal(identifier_add(lab.identifier, &fakes[i]->address, IDENTIFY_TCP,
						NULL, NULL),
				 0);
	}
	loop_run(lab.loop);
	identifier_counts(lab.identifier, &counts);
	assert_int_equal(counts.known, COUNT_OF(fakes));
	assert_int_equal(counts.peak_per_host, 2);
	for (size_t i = 0; i < COUNT_OF(fakes); i++) {
		fake_free(&fakes[i]);
	}
	lab_done(&lab);
}

static void connections_come_from_the_ports_stated(void **state)
{
	struct identify_options options = quick;
	struct fake *fake;
	struct lab lab;
	struct sockaddr_storage peer;
	socklen_t len = sizeof peer;
	struct net_address from = { 0 };
	char text[NET_TEXT_SIZE];

	(void)state;
	options.source_port_first = 61000;
	options.source_port_last = 61099;
	lab_init(&lab, &options);
	fake = fake_new(lab.loop, (struct manner){ .greeting = "hello\n" });
	assert_int_equal(identifier_add(lab.identifier, &fake->address, IDENTIFY_TCP, NULL, NULL),
			 0);
	while (fake->accepted == 0) {
		loop_turn(lab.loop, 1000);
	}
	assert_int_equal(getpeername(fake->sessions[0].fd, (struct sockaddr *)&peer, &len), 0);
	from.storage = peer;
	from.length = len;
	net_address_text(&from, text);
	assert_non_null(strstr(text, ":610"));
	loop_run(lab.loop);
	fake_free(&fake);
	lab_done(&lab);
}

static void too_many_waiting_are_refused(void **state)
{
	struct identify_options options = quick;
	struct net_address address;
	struct why why;
	struct lab lab;

	(void)state;
	options.waiting_max = 3;
	lab_init(&lab, &options);
	assert_int_equal(net_address_parse(span_of("127.0.0.1:9"), &address, &why), 0);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(
			identifier_add(lab.identifier, &address, IDENTIFY_TCP, "name", NULL), 0);
	}
	assert_int_equal(identifier_add(lab.identifier, &address, IDENTIFY_TCP, NULL, NULL),
			 ERR_FULL);
	lab_done(&lab); /* with all of them waiting */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_banner_is_enough),
		cmocka_unit_test(an_answer_in_another_protocol_tells_which),
		cmocka_unit_test(a_silent_server_gets_five_hellos_and_no_more),
		cmocka_unit_test(a_server_that_hangs_up_gets_no_more_either),
		cmocka_unit_test(the_same_answer_to_everything_stays_unknown),
		cmocka_unit_test(an_unknown_banner_is_not_pestered),
		cmocka_unit_test(an_endless_banner_ends_at_its_limit_and_is_said),
		cmocka_unit_test(an_endless_page_is_known_all_the_same),
		cmocka_unit_test(a_banner_byte_by_byte_is_given_up_and_said),
		cmocka_unit_test(a_closed_port_is_closed),
		cmocka_unit_test(a_host_gets_no_more_connections_than_stated),
		cmocka_unit_test(connections_come_from_the_ports_stated),
		cmocka_unit_test(too_many_waiting_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
