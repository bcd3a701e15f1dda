/* assess_test.c - servers that misbehave, in the test's own loop: whatever they do, an assessment
 * ends, within its connections, its bytes and its time. */
#include "scan/tls/assess.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/writer.h"
#include "sys/net.h"

#define CLIENTS_MAX 64

/* What a server says to a client that has said something; piece by piece. */
struct hostile {
	const char *name;
	struct span say;
	bool is_repeated; /* for ever */
	size_t piece;     /* bytes at once; 0: all */
	bool is_closing;  /* when all was said */
	bool is_mute;
	/* What follows the hello in the clear: by the type of the client's record. */
	struct span to_heartbeat;
	struct span to_change;
};

struct client {
	struct fixture *fixture;
	struct loop_watch *watch;
	int fd;
	size_t said;
	bool is_asked;
};

struct fixture {
	struct loop *loop;
	struct tls_assessor *assessor;
	const struct hostile *hostile;
	int listen_fd;
	struct loop_watch *listening;
	struct net_address address;
	struct client clients[CLIENTS_MAX];
	unsigned open;
	unsigned most; /* clients at once */
	unsigned results;
	struct tls_result *result;
};

static void close_client(struct client *client)
{
	loop_unwatch(&client->watch);
	close(client->fd);
	client->fd = -1;
	client->fixture->open--;
}

static bool say_more(struct client *client)
{
	const struct hostile *h = client->fixture->hostile;
	size_t piece = h->piece != 0 ? h->piece : h->say.len;
	struct span rest = span_first(span_after(h->say, client->said), piece);
	ssize_t sent = send(client->fd, rest.ptr, rest.len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent > 0) {
		client->said += (size_t)sent;
	}
	if (client->said == h->say.len && h->is_repeated) {
		client->said = 0;
	}
	return client->said < h->say.len;
}

static void on_client(void *context, unsigned events)
{
	struct client *client = context;
	const struct hostile *h = client->fixture->hostile;
	uint8_t bytes[4096];
	ssize_t got = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);

	if (got == 0 || (events & LOOP_HANGUP) != 0) {
		close_client(client);
		return;
	}
	if (client->is_asked && got > 0 && (h->to_heartbeat.len > 0 || h->to_change.len > 0)) {
		struct span reply = bytes[0] == 24 ? h->to_heartbeat : h->to_change;

		(void)send(client->fd, reply.ptr, reply.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		return;
	}
	client->is_asked = client->is_asked || got > 0;
	if (!client->is_asked || h->is_mute) {
		return;
	}
	loop_watch_change(client->watch, LOOP_READ | LOOP_WRITE);
	if (!say_more(client)) {
		if (h->is_closing) {
			close_client(client);
		} else {
			loop_watch_change(client->watch, LOOP_READ);
		}
	}
}

static void on_accept(void *context, unsigned events)
{
	struct fixture *f = context;
	struct net_address peer;
	int fd;

	(void)events;
	while (net_accept(f->listen_fd, &fd, &peer) == 0) {
		struct client *client = NULL;

		for (size_t i = 0; i < CLIENTS_MAX && client == NULL; i++) {
			client = f->clients[i].fd < 0 ? &f->clients[i] : NULL;
		}
		assert_non_null(client);
		*client = (struct client){ .fixture = f, .fd = fd };
		client->watch = loop_watch(f->loop, fd, LOOP_READ, on_client, client);
		f->open++;
		f->most = f->open > f->most ? f->open : f->most;
	}
}

static void on_result(void *context, struct tls_result *result)
{
	struct fixture *f = context;

	f->results++;
	f->result = result;
	loop_stop(f->loop);
}

static void assess(struct fixture *f, const struct hostile *hostile)
{
	struct tls_assess_config config = tls_assess_config_default();
	struct tls_target target = { .host = "127.0.0.1", .is_host_address = true };
	struct net_address any;

	*f = (struct fixture){ .hostile = hostile, .loop = loop_new() };
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		f->clients[i].fd = -1;
	}
	assert_int_equal(net_address_parse(span_of("127.0.0.1:0"), &any, NULL), 0);
	assert_int_equal(net_listen(&any, &f->listen_fd, &f->address, NULL), 0);
	f->listening = loop_watch(f->loop, f->listen_fd, LOOP_READ, on_accept, f);
	config.answer_ms = 150;
	config.target_ms = 3000;
	f->assessor = tls_assessor_new(f->loop, &config, on_result, f);
	tls_assessor_add(f->assessor, &target, &f->address);
	loop_run(f->loop);
	assert_int_equal(f->results, 1);
	assert_int_equal(tls_assessor_busy(f->assessor), 0);
	/* the wires are closed; the server may not have seen it of one or two yet */
	assert_in_range(f->most, 1, config.connections_max * 2);
}

static void done(struct fixture *f)
{
	tls_assessor_free(&f->assessor);
	tls_result_free(&f->result);
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (f->clients[i].fd >= 0) {
			close_client(&f->clients[i]);
		}
	}
	loop_unwatch(&f->listening);
	close(f->listen_fd);
	loop_turn(f->loop, 0); /* buries the watches */
	loop_free(&f->loop);
}

static void a_tarpit_costs_its_time_and_no_more(void **state)
{
	const struct hostile mute = { .name = "mute", .is_mute = true };
	struct fixture f;
	(void)state;

	assess(&f, &mute);
	assert_int_not_equal(f.result->failure, TLS_FINE);
	assert_in_range(f.result->accounting.connections, 1, 16);
	done(&f);
}

static void endless_records_are_cut_off(void **state)
{
	static uint8_t record[5 + 16000];
	const struct hostile endless = { .name = "endless",
					 .say = { record, sizeof record },
					 .is_repeated = true };
	struct fixture f;
	(void)state;

	memcpy(record, "\x16\x03\x03\x3e\x80\x0b\x00\xff\xf0", 9); /* a certificate of 65,520 */
	assess(&f, &endless);
	assert_int_equal(f.result->failure, TLS_NOT_TLS);
	assert_in_range(f.result->accounting.bytes_received, 1, 16 * 300000);
	done(&f);
}

static void a_length_that_lies_is_refused_at_once(void **state)
{
	static const uint8_t liar[] = { 22, 3, 3, 0, 4, 11, 0xff, 0xff, 0xff };
	const struct hostile lying = { .name = "liar", .say = { liar, sizeof liar } };
	struct fixture f;
	(void)state;

	assess(&f, &lying);
	assert_int_equal(f.result->failure, TLS_NOT_TLS);
	assert_false(f.result->accounting.is_timed_out);
	done(&f);
}

static void what_is_no_tls_is_told_from_a_server_that_closes(void **state)
{
	const struct hostile http = { .name = "http",
				      .say = { (const uint8_t *)"HTTP/1.1 400 Bad\r\n\r\n", 20 },
				      .is_closing = true };
	struct fixture f;
	(void)state;

	assess(&f, &http);
	assert_int_equal(f.result->failure, TLS_NOT_TLS);
	for (unsigned v = 0; v < TLS_VERSIONS; v++) {
		assert_int_not_equal(f.result->versions[v].offered, TLS_YES);
	}
	done(&f);
}

/* A hello that agrees to the first suite of ours, then one byte at a time for ever. */
static void byte_after_byte_ends_with_the_time(void **state)
{
	static const uint8_t slow[] = { 22, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc, 3, 3, 1, 1, 1, 1, 1 };
	const struct hostile drip = { .name = "drip", .say = { slow, sizeof slow }, .piece = 1 };
	struct fixture f;
	(void)state;

	assess(&f, &drip);
	assert_int_not_equal(f.result->failure, TLS_FINE);
	done(&f);
}

/* The server's hello always names a suite that was not offered. */
static void a_server_that_does_not_heed_the_offer_is_asked_little(void **state)
{
	uint8_t flight[128];
	struct writer w = writer_over(flight, sizeof flight);
	struct hostile stubborn = { .name = "stubborn" };
	struct fixture f;
	(void)state;

	writer_u8(&w, 22);
	writer_be16(&w, 0x0303);
	writer_be16(&w, 4 + 38 + 4);
	writer_be32(&w, 2u << 24 | 38);
	writer_be16(&w, 0x0303);
	for (int i = 0; i < 32; i++) {
		writer_u8(&w, (uint8_t)i);
	}
	writer_u8(&w, 0);
	writer_be16(&w, 0xfafa);
	writer_u8(&w, 0);
	writer_be32(&w, 14u << 24);
	assert_true(writer_ok(&w));
	stubborn.say = writer_span(&w);
	assess(&f, &stubborn);
	assert_int_equal(f.result->failure, TLS_FINE);
	assert_int_equal(f.result->versions[TLS_1_2].offered, TLS_YES);
	assert_false(f.result->versions[TLS_1_2].is_complete);
	assert_in_range(f.result->accounting.connections, 1, 40);
	done(&f);
}

/* TLS 1.2 with one suite and a heartbeat. */
static struct span heartbeat_flight(uint8_t *flight, size_t capacity)
{
	struct writer w = writer_over(flight, capacity);

	writer_u8(&w, 22);
	writer_be16(&w, 0x0303);
	writer_be16(&w, 4 + 38 + 7 + 4);
	writer_be32(&w, 2u << 24 | (38 + 7));
	writer_be16(&w, 0x0303);
	for (int i = 0; i < 32; i++) {
		writer_u8(&w, (uint8_t)i);
	}
	writer_u8(&w, 0);
	writer_be16(&w, 0x002f);
	writer_u8(&w, 0);
	writer_be16(&w, 5);
	writer_be32(&w, 15u << 16 | 1);
	writer_u8(&w, 1);
	writer_be32(&w, 14u << 24);
	assert_true(writer_ok(&w));
	return writer_span(&w);
}

static void a_server_that_bleeds_and_takes_an_early_change_is_told(void **state)
{
	static const uint8_t blood[] = { 24, 3, 3, 0, 7, 2, 0, 4, 'b', 'l', 'o', 'd' };
	static const uint8_t failed[] = { 21, 3, 3, 0, 2, 2, 21 };
	uint8_t flight[128];
	const struct hostile vulnerable = { .name = "vulnerable",
					    .say = heartbeat_flight(flight, sizeof flight),
					    .to_heartbeat = { blood, sizeof blood },
					    .to_change = { failed, sizeof failed } };
	struct fixture f;
	(void)state;

	assess(&f, &vulnerable);
	assert_int_equal(f.result->vulnerabilities[TLS_HEARTBLEED].fact, TLS_YES);
	assert_int_equal(f.result->vulnerabilities[TLS_CCS_INJECTION].fact, TLS_YES);
	done(&f);
}

static void a_server_that_refuses_both_is_fine(void **state)
{
	static const uint8_t unexpected[] = { 21, 3, 3, 0, 2, 2, 10 };
	uint8_t flight[128];
	const struct hostile sound = { .name = "sound",
				       .say = heartbeat_flight(flight, sizeof flight),
				       .to_heartbeat = { unexpected, sizeof unexpected },
				       .to_change = { unexpected, sizeof unexpected } };
	struct fixture f;
	(void)state;

	assess(&f, &sound);
	assert_int_equal(f.result->vulnerabilities[TLS_HEARTBLEED].fact, TLS_NO);
	assert_int_equal(f.result->vulnerabilities[TLS_CCS_INJECTION].fact, TLS_NO);
	done(&f);
}

/* Five thousand certificates of no bytes. */
static void certificates_by_the_thousand_are_counted_not_kept(void **state)
{
	static uint8_t flight[80000];
	struct writer w = writer_over(flight, sizeof flight);
	size_t list = (size_t)3 * 5000;
	struct hostile many = { .name = "many" };
	struct fixture f;
	(void)state;

	writer_u8(&w, 22);
	writer_be16(&w, 0x0303);
	writer_be16(&w, (uint16_t)(4 + 38 + 4 + 3 + list));
	writer_be32(&w, 2u << 24 | 38);
	writer_be16(&w, 0x0303);
	for (int i = 0; i < 32; i++) {
		writer_u8(&w, (uint8_t)i);
	}
	writer_u8(&w, 0);
	writer_be16(&w, 0x002f);
	writer_u8(&w, 0);
	writer_be32(&w, 11u << 24 | (uint32_t)(list + 3));
	writer_u8(&w, 0);
	writer_be16(&w, (uint16_t)list);
	(void)memset(writer_reserve(&w, list), 0, list);
	writer_bytes(&w, (struct span){ (const uint8_t *)"\x16\x03\x03\0\x04\x0e\0\0\0", 9 });
	assert_true(writer_ok(&w));
	many.say = writer_span(&w);
	assess(&f, &many);
	assert_int_equal(f.result->failure, TLS_FINE);
	assert_int_equal(f.result->chains[TLS_CERTIFICATE_OTHER].count, TLS_RESULT_CHAIN_MAX);
	assert_true(f.result->chains[TLS_CERTIFICATE_OTHER].left_out > 0);
	done(&f);
}

/* A Certificate message of ten megabytes, as a million names take: its head is enough. */
static void a_certificate_of_a_million_names_is_cut_off_and_said(void **state)
{
	static uint8_t flight[16384];
	const uint32_t len = 9930421;
	struct writer w = writer_over(flight, sizeof flight);
	struct hostile huge = { .name = "huge", .is_repeated = false };
	struct fixture f;
	(void)state;

	writer_u8(&w, 22);
	writer_be16(&w, 0x0303);
	writer_be16(&w, 16384 - 5);
	writer_be32(&w, 2u << 24 | 38);
	writer_be16(&w, 0x0303);
	for (int i = 0; i < 32; i++) {
		writer_u8(&w, (uint8_t)i);
	}
	writer_u8(&w, 0);
	writer_be16(&w, 0x002f);
	writer_u8(&w, 0);
	writer_be32(&w, 11u << 24 | len);
	huge.say = (struct span){ flight, sizeof flight };
	assess(&f, &huge);
	assert_int_equal(f.result->failure, TLS_FINE);
	assert_int_equal(f.result->certificates_cut, len);
	assert_true(f.result->accounting.bytes_cut >= len);
	assert_in_range(f.result->accounting.bytes_received, 1,
			f.result->accounting.connections * 2 * sizeof flight);
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tarpit_costs_its_time_and_no_more),
		cmocka_unit_test(endless_records_are_cut_off),
		cmocka_unit_test(a_length_that_lies_is_refused_at_once),
		cmocka_unit_test(what_is_no_tls_is_told_from_a_server_that_closes),
		cmocka_unit_test(byte_after_byte_ends_with_the_time),
		cmocka_unit_test(a_server_that_does_not_heed_the_offer_is_asked_little),
		cmocka_unit_test(a_server_that_bleeds_and_takes_an_early_change_is_told),
		cmocka_unit_test(a_server_that_refuses_both_is_fine),
		cmocka_unit_test(certificates_by_the_thousand_are_counted_not_kept),
		cmocka_unit_test(a_certificate_of_a_million_names_is_cut_off_and_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
