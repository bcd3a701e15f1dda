/* tls_test.c - who gets in, who does not, and what arrives. */
#include "sys/tls.h"

#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "sys/clock.h"
#include "sys/net.h"
#include "sys/pki.h"
#include "sys/pki_types.h"

#define SIZE_LIMIT (64u << 10)
#define WAIT_MS    10000

/* A key and what is signed for it. */
struct identity {
	struct buffer key;
	struct buffer request;
	struct buffer der;
	struct buffer pem;
};

/* Two authorities, and what they signed. */
static struct {
	struct identity ca;
	struct identity other_ca;
	struct identity server;
	struct identity nameless; /* a server's, for another name */
	struct identity sensor;
	struct identity stranger; /* of the other authority */
} world;

struct side {
	struct tls_stream *stream;
	struct buffer got;
	size_t take_most; /* of each offer */
	unsigned opened;
	unsigned drained;
	unsigned closed;
	int error;
	char reason[256];
	bool is_echoing;
	bool is_freeing_when_opened;
	bool is_freeing_when_received;
	bool is_pausing;
	bool is_resumed;
	char protocol[16];
};

struct fixture {
	struct loop *client_loop;
	struct loop *server_loop;
	struct tls_context *client_context;
	struct tls_context *server_context;
	struct tls_limits limits;
	struct side client;
	struct side server;
	int fds[2]; /* client, server */
};

static void must(int error, const struct why *why)
{
	if (error != 0) {
		fail_msg("%d: %s", error, why->text);
	}
}

static void identity_init(struct identity *i)
{
	struct why why = { "" };

	buffer_init(&i->key, SIZE_LIMIT);
	buffer_init(&i->request, SIZE_LIMIT);
	buffer_init(&i->der, SIZE_LIMIT);
	buffer_init(&i->pem, SIZE_LIMIT);
	must(pki_key_new(&i->key, &why), &why);
}

static void identity_done(struct identity *i)
{
	buffer_done(&i->key);
	buffer_done(&i->request);
	buffer_done(&i->der);
	buffer_done(&i->pem);
}

static void make_ca(struct identity *i)
{
	struct why why = { "" };

	identity_init(i);
	must(pki_ca_new(buffer_span(&i->key), "CA", 3650, &i->pem, &why), &why);
}

static void make_leaf(struct identity *i, const struct identity *ca, const char *server_name)
{
	const char *const names[] = { server_name, NULL };
	const struct pki_profile profile = {
		.common_name = "leaf",
		.dns_names = server_name == NULL ? NULL : names,
		.is_server = server_name != NULL,
		.lifetime_s = 86400,
	};
	struct why why = { "" };

	identity_init(i);
	must(pki_request_new(buffer_span(&i->key), "x", &i->request, &why), &why);
	must(pki_sign(buffer_span(&ca->pem), buffer_span(&ca->key), buffer_span(&i->request),
		      &profile, &i->der, &why),
	     &why);
	must(pki_der_to_pem(buffer_span(&i->der), &i->pem, &why), &why);
}

static int make_world(void **state)
{
	(void)state;
	make_ca(&world.ca);
	make_ca(&world.other_ca);
	make_leaf(&world.server, &world.ca, PKI_SERVER_NAME);
	make_leaf(&world.nameless, &world.ca, "elsewhere");
	make_leaf(&world.sensor, &world.ca, NULL);
	make_leaf(&world.stranger, &world.other_ca, NULL);
	return 0;
}

static int end_world(void **state)
{
	(void)state;
	identity_done(&world.ca);
	identity_done(&world.other_ca);
	identity_done(&world.server);
	identity_done(&world.nameless);
	identity_done(&world.sensor);
	identity_done(&world.stranger);
	return 0;
}

/*
 * Both sides
 */

static void on_opened(void *context)
{
	struct side *s = context;

	s->opened++;
	s->is_resumed = tls_is_resumed(s->stream);
	(void)snprintf(s->protocol, sizeof s->protocol, "%s", tls_protocol(s->stream));
	if (s->is_freeing_when_opened) {
		tls_stream_free(&s->stream);
	}
}

static size_t on_received(void *context, struct span bytes)
{
	struct side *s = context;
	struct span taken = span_first(bytes, s->take_most);

	assert_int_equal(buffer_append(&s->got, taken), 0);
	if (s->is_echoing) {
		assert_int_equal(tls_send(s->stream, taken), 0);
	}
	if (s->is_pausing) {
		tls_pause(s->stream);
	}
	if (s->is_freeing_when_received) {
		tls_stream_free(&s->stream);
	}
	return taken.len;
}

static void on_drained(void *context)
{
	struct side *s = context;

	s->drained++;
}

static void on_closed(void *context, int error, const char *reason)
{
	struct side *s = context;

	s->closed++;
	s->error = error;
	(void)snprintf(s->reason, sizeof s->reason, "%s", reason);
	tls_stream_free(&s->stream);
}

static const struct tls_handler handler = { on_opened, on_received, on_drained, on_closed };

static void side_init(struct side *s)
{
	*s = (struct side){ .take_most = SIZE_MAX };
	buffer_init(&s->got, 32u << 20);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->client_loop = loop_new();
	f->server_loop = loop_new();
	f->limits = (struct tls_limits){ 64u << 10, 1u << 20, WAIT_MS, 0 };
	f->fds[0] = f->fds[1] = -1;
	side_init(&f->client);
	side_init(&f->server);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	tls_stream_free(&f->client.stream);
	tls_stream_free(&f->server.stream);
	tls_context_free(&f->client_context);
	tls_context_free(&f->server_context);
	loop_free(&f->client_loop);
	loop_free(&f->server_loop);
	buffer_done(&f->client.got);
	buffer_done(&f->server.got);
	free(f);
	return 0;
}

static const char *const both[] = { "bartizan/1", "est", NULL };
static const char *const only_est[] = { "est", NULL };
static const char *const only_http[] = { "http/1.1", NULL };

static void make_server_context(struct fixture *f, const struct identity *identity)
{
	const struct tls_config config = {
		.is_server = true,
		.ca_pem = buffer_span(&world.ca.pem),
		.certificate_pem = buffer_span(&identity->pem),
		.key_pem = buffer_span(&identity->key),
		.alpn = both,
		.is_client_certificate_asked = true,
	};
	struct why why = { "" };

	tls_context_free(&f->server_context);
	must(tls_context_new(&config, &f->server_context, &why), &why);
}

static void make_client_context(struct fixture *f, const struct identity *identity,
				const struct identity *ca, const char *const *alpn)
{
	struct tls_config config = { .ca_pem = buffer_span(&ca->pem), .alpn = alpn };
	struct why why = { "" };

	if (identity != NULL) {
		config.certificate_pem = buffer_span(&identity->pem);
		config.key_pem = buffer_span(&identity->key);
	}
	tls_context_free(&f->client_context);
	must(tls_context_new(&config, &f->client_context, &why), &why);
}

static void open_server(struct fixture *f)
{
	f->server.stream = tls_stream_new(f->server_loop, f->server_context, f->fds[1], &f->limits,
					  &handler, &f->server);
}

static void open_client(struct fixture *f)
{
	f->client.stream = tls_stream_new(f->client_loop, f->client_context, f->fds[0], &f->limits,
					  &handler, &f->client);
}

static void turn_both(struct fixture *f)
{
	loop_turn(f->client_loop, 1);
	loop_turn(f->server_loop, 1);
}

#define TURN_UNTIL(f, condition)                                                                   \
	for (int64_t until = clock_ms() + WAIT_MS; !(condition);) {                                \
		assert_true(clock_ms() < until);                                                   \
		turn_both(f);                                                                      \
	}

/* A new connection, until both sides have opened or one has closed. */
static void connect_both(struct fixture *f)
{
	tls_stream_free(&f->client.stream);
	tls_stream_free(&f->server.stream);
	f->client.opened = f->server.opened = f->client.closed = f->server.closed = 0;
	assert_int_equal(net_pair(f->fds), 0);
	open_server(f);
	open_client(f);
	TURN_UNTIL(f, (f->client.opened > 0 && f->server.opened > 0) || f->server.closed > 0 ||
			      f->client.closed > 0);
}

static void prepare(struct fixture *f)
{
	make_server_context(f, &world.server);
	make_client_context(f, &world.sensor, &world.ca, both);
	connect_both(f);
	assert_int_equal(f->client.opened, 1);
	assert_int_equal(f->server.opened, 1);
}

/*
 * Who gets in
 */

static void opens_with_both_certificates_and_a_protocol(void **state)
{
	struct fixture *f = *state;

	prepare(f);
	assert_true(
		span_equal(tls_peer_certificate(f->server.stream), buffer_span(&world.sensor.der)));
	assert_true(
		span_equal(tls_peer_certificate(f->client.stream), buffer_span(&world.server.der)));
	assert_string_equal(f->server.protocol, "bartizan/1");
	assert_string_equal(f->client.protocol, "bartizan/1");
	assert_false(f->client.is_resumed);
}

/* Tickets come behind the handshake: the client has one when it has read anything. */
static void fetch_ticket(struct fixture *f)
{
	f->client.got.len = 0;
	assert_int_equal(tls_send(f->server.stream, span_of("x")), 0);
	TURN_UNTIL(f, f->client.got.len == 1);
}

static void resumes_and_still_knows_the_peers_certificate(void **state)
{
	struct fixture *f = *state;

	prepare(f);
	for (int i = 0; i < 3; i++) {
		fetch_ticket(f);
		if (i == 1) {
			make_server_context(f, &world.server); /* a restart */
		}
		connect_both(f);
		assert_true(f->client.is_resumed);
		assert_true(f->server.is_resumed);
		assert_true(span_equal(tls_peer_certificate(f->server.stream),
				       buffer_span(&world.sensor.der)));
		assert_true(span_equal(tls_peer_certificate(f->client.stream),
				       buffer_span(&world.server.der)));
		assert_string_equal(f->server.protocol, "bartizan/1");
	}
}

static void does_not_resume_with_a_server_of_another_key(void **state)
{
	struct fixture *f = *state;
	struct identity renewed;

	prepare(f);
	fetch_ticket(f);
	make_leaf(&renewed, &world.ca, PKI_SERVER_NAME);
	make_server_context(f, &renewed);
	connect_both(f);
	identity_done(&renewed);
	assert_int_equal(f->client.opened, 1);
	assert_false(f->client.is_resumed);
}

static void lets_a_client_without_certificate_through_as_nobody(void **state)
{
	struct fixture *f = *state;

	make_server_context(f, &world.server);
	make_client_context(f, NULL, &world.ca, only_est);
	for (int i = 0; i < 2; i++) {
		connect_both(f);
		assert_int_equal(f->server.opened, 1);
		assert_int_equal(f->server.is_resumed, i == 1);
		assert_int_equal(tls_peer_certificate(f->server.stream).len, 0);
		assert_string_equal(f->server.protocol, "est");
		fetch_ticket(f);
	}
}

static void refuses_a_client_of_another_authority(void **state)
{
	struct fixture *f = *state;

	make_server_context(f, &world.server);
	make_client_context(f, &world.stranger, &world.ca, both);
	connect_both(f);
	TURN_UNTIL(f, f->client.closed > 0 && f->server.closed > 0);
	assert_int_equal(f->server.opened, 0);
	assert_int_equal(f->server.error, ERR_DENIED);
	assert_non_null(strstr(f->server.reason, "certificate is refused: "));
	assert_int_equal(f->client.error, ERR_DENIED);
	assert_non_null(strstr(f->client.reason, "the other side refused: "));
}

static void refuses_a_servers_certificate_from_a_client(void **state)
{
	struct fixture *f = *state;

	make_server_context(f, &world.server);
	make_client_context(f, &world.nameless, &world.ca, both);
	connect_both(f);
	TURN_UNTIL(f, f->server.closed > 0);
	assert_int_equal(f->server.opened, 0);
	assert_int_equal(f->server.error, ERR_DENIED);
}

static void check_server_refused(struct fixture *f, const char *reason)
{
	connect_both(f);
	TURN_UNTIL(f, f->client.closed > 0 && f->server.closed > 0);
	assert_int_equal(f->client.opened, 0);
	assert_int_equal(f->client.error, ERR_DENIED);
	if (strstr(f->client.reason, reason) == NULL) {
		fail_msg("'%s' lacks '%s'", f->client.reason, reason);
	}
	assert_int_equal(f->server.opened, 0);
	assert_true(f->server.error < 0);
}

static void refuses_servers_of_other_authority_name_or_purpose(void **state)
{
	struct fixture *f = *state;

	make_server_context(f, &world.server);
	make_client_context(f, &world.sensor, &world.other_ca, both);
	check_server_refused(f, "local issuer");
	make_client_context(f, &world.sensor, &world.ca, both);
	make_server_context(f, &world.nameless);
	check_server_refused(f, "ostname mismatch");
	make_server_context(f, &world.sensor);
	check_server_refused(f, "purpose");
}

/* Signs what was changed in a leaf. */
static void sign_again(struct identity *i, const struct identity *ca, X509 *leaf)
{
	OWNED(pki_key_free) EVP_PKEY *key = pki_read_key(buffer_span(&ca->key));
	struct why why = { "" };

	assert_true(X509_sign(leaf, key, EVP_sha256()) > 0);
	buffer_clear(&i->der);
	buffer_clear(&i->pem);
	must(pki_append_certificate_der(leaf, &i->der, &why), &why);
	must(pki_der_to_pem(buffer_span(&i->der), &i->pem, &why), &why);
}

/* The same leaf, but its time is over or has not come. */
static void shift_times(struct identity *i, const struct identity *ca, long from_s, long to_s)
{
	OWNED(pki_certificate_free) X509 *leaf = pki_read_certificate_der(buffer_span(&i->der));

	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(leaf), from_s));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(leaf), to_s));
	sign_again(i, ca, leaf);
}

static void refuses_a_certificate_that_names_no_purpose(void **state)
{
	struct fixture *f = *state;
	OWNED(pki_certificate_free) X509 *leaf = NULL;
	struct identity vague;

	make_leaf(&vague, &world.ca, NULL);
	leaf = pki_read_certificate_der(buffer_span(&vague.der));
	X509_EXTENSION_free(
		X509_delete_ext(leaf, X509_get_ext_by_NID(leaf, NID_ext_key_usage, -1)));
	sign_again(&vague, &world.ca, leaf);
	make_server_context(f, &world.server);
	make_client_context(f, &vague, &world.ca, both);
	identity_done(&vague);
	connect_both(f);
	TURN_UNTIL(f, f->server.closed > 0);
	assert_int_equal(f->server.opened, 0);
	assert_int_equal(f->server.error, ERR_DENIED);
}

static void judges_no_times_but_everything_else(void **state)
{
	struct fixture *f = *state;
	struct identity server;
	struct identity sensor;
	struct identity stranger;

	make_leaf(&server, &world.ca, PKI_SERVER_NAME);
	make_leaf(&sensor, &world.ca, NULL);
	make_leaf(&stranger, &world.other_ca, NULL);
	shift_times(&server, &world.ca, -9000, -4000);
	shift_times(&sensor, &world.ca, 4000, 9000);
	shift_times(&stranger, &world.other_ca, -9000, -4000);
	make_server_context(f, &server);
	make_client_context(f, &sensor, &world.ca, both);
	for (int i = 0; i < 2; i++) {
		connect_both(f);
		assert_int_equal(f->server.opened, 1);
		assert_int_equal(f->client.opened, 1);
		assert_int_equal(f->server.is_resumed, i == 1);
		assert_true(span_equal(tls_peer_certificate(f->server.stream),
				       buffer_span(&sensor.der)));
		fetch_ticket(f);
	}
	make_client_context(f, &stranger, &world.ca, both);
	connect_both(f);
	TURN_UNTIL(f, f->server.closed > 0);
	assert_int_equal(f->server.opened, 0);
	assert_int_equal(f->server.error, ERR_DENIED);
	identity_done(&server);
	identity_done(&sensor);
	identity_done(&stranger);
}

static void refuses_a_client_that_speaks_no_protocol_of_ours(void **state)
{
	struct fixture *f = *state;

	make_server_context(f, &world.server);
	make_client_context(f, &world.sensor, &world.ca, only_http);
	connect_both(f);
	TURN_UNTIL(f, f->client.closed > 0);
	assert_int_equal(f->client.error, ERR_UNSUPPORTED);
	make_client_context(f, &world.sensor, &world.ca, NULL);
	connect_both(f);
	assert_int_equal(f->server.opened, 1);
	assert_string_equal(f->server.protocol, "");
}

static void refuses_older_versions(void **state)
{
	struct fixture *f = *state;
	SSL_CTX *old = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(old);

	assert_int_equal(SSL_set_max_proto_version(ssl, TLS1_2_VERSION), 1);
	make_server_context(f, &world.server);
	assert_int_equal(net_pair(f->fds), 0);
	open_server(f);
	assert_int_equal(SSL_set_fd(ssl, f->fds[0]), 1);
	assert_true(SSL_connect(ssl) < 0);
	TURN_UNTIL(f, f->server.closed > 0);
	assert_int_equal(f->server.opened, 0);
	assert_non_null(strstr(f->server.reason, "unsupported protocol"));
	SSL_free(ssl);
	SSL_CTX_free(old);
	(void)close(f->fds[0]);
}

static void tells_what_is_wrong_with_a_configuration(void **state)
{
	struct fixture *f = *state;
	struct tls_config config = { .is_server = true, .ca_pem = span_of("nonsense") };
	struct why why = { "" };

	assert_int_equal(tls_context_new(&config, &f->server_context, &why), ERR_MALFORMED);
	assert_non_null(strstr(why.text, "CA's certificate"));
	config.ca_pem = buffer_span(&world.ca.pem);
	assert_int_equal(tls_context_new(&config, &f->server_context, &why), ERR_MALFORMED);
	assert_non_null(strstr(why.text, "own certificate"));
	config.certificate_pem = buffer_span(&world.server.pem);
	assert_int_equal(tls_context_new(&config, &f->server_context, &why), ERR_MALFORMED);
	assert_non_null(strstr(why.text, "own key"));
	config.key_pem = buffer_span(&world.sensor.key);
	assert_int_equal(tls_context_new(&config, &f->server_context, &why), ERR_CONFLICT);
	assert_null(f->server_context);
}

/*
 * What arrives
 */

static uint8_t pattern_at(size_t i)
{
	return (uint8_t)(i * 131 + i / 257);
}

static void check_pattern(const struct buffer *got, size_t len)
{
	struct span bytes = buffer_span(got);

	assert_int_equal(bytes.len, len);
	for (size_t i = 0; i < len; i++) {
		if (bytes.ptr[i] != pattern_at(i)) {
			fail_msg("byte %zu differs", i);
		}
	}
}

static void carries_megabytes_through_bounded_queues(void **state)
{
	const size_t total = 8u << 20;
	struct fixture *f = *state;
	uint8_t piece[50000];
	size_t sent = 0;
	unsigned refused = 0;
	int64_t until;

	f->limits.send_max = 200000;
	prepare(f);
	f->server.take_most = 10000; /* leaves some of each offer for the next */
	until = clock_ms() + 60000;
	while (f->server.got.len < total && clock_ms() < until) {
		int error = 0;

		while (sent < total && error == 0) {
			size_t len = total - sent < sizeof piece ? total - sent : sizeof piece;

			for (size_t i = 0; i < len; i++) {
				piece[i] = pattern_at(sent + i);
			}
			error = tls_send(f->client.stream, (struct span){ piece, len });
			sent += error == 0 ? len : 0;
		}
		refused += error == ERR_FULL;
		turn_both(f);
		if (sent == total) {
			/* what was left of an offer comes again with more, or after a pause */
			f->server.take_most = SIZE_MAX;
			tls_pause(f->server.stream);
			tls_resume(f->server.stream);
		}
	}
	check_pattern(&f->server.got, total);
	assert_true(refused > 0);
	assert_true(f->client.drained > 0);
	assert_false(tls_is_congested(f->client.stream));
}

static void echoes_small_messages(void **state)
{
	struct fixture *f = *state;

	prepare(f);
	f->server.is_echoing = true;
	for (size_t i = 0; i < 1000; i++) {
		uint8_t byte = pattern_at(i);

		assert_int_equal(tls_send(f->client.stream, (struct span){ &byte, 1 }), 0);
		if (i % 10 == 0) {
			turn_both(f);
		}
	}
	TURN_UNTIL(f, f->client.got.len == 1000);
	check_pattern(&f->client.got, 1000);
}

static void shares_a_record_between_sends_of_one_turn(void **state)
{
	struct fixture *f = *state;
	uint8_t hundred[100] = { 0 };
	int waiting = 0;

	prepare(f);
	fetch_ticket(f);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(tls_send(f->client.stream, (struct span){ hundred, 100 }), 0);
	}
	assert_int_equal(ioctl(f->fds[1], FIONREAD, &waiting), 0);
	assert_int_equal(waiting, 0);
	loop_turn(f->client_loop, 0);
	assert_int_equal(ioctl(f->fds[1], FIONREAD, &waiting), 0);
	/* head, kind and tag of one record (RFC 8446 section 5.2) */
	assert_int_equal(waiting, 10000 + 5 + 1 + 16);
}

static void send_from_hook(void *context)
{
	struct fixture *f = context;

	assert_int_equal(tls_send(f->client.stream, span_of("acknowledged")), 0);
	loop_on_idle(f->client_loop, NULL, NULL);
}

static void sends_what_the_idle_hook_queued_in_the_same_turn(void **state)
{
	struct fixture *f = *state;
	int waiting = 0;

	prepare(f);
	fetch_ticket(f);
	loop_on_idle(f->client_loop, send_from_hook, f);
	loop_turn(f->client_loop, 0);
	assert_int_equal(ioctl(f->fds[1], FIONREAD, &waiting), 0);
	assert_int_equal(waiting, 12 + 22);
}

static void bounds_what_waits_for_a_slow_peer(void **state)
{
	struct fixture *f = *state;
	static uint8_t piece[10000];
	size_t sent = 0;
	int error = 0;

	prepare(f);
	tls_pause(f->server.stream);
	while (error == 0 && sent < (64u << 20)) {
		error = tls_send(f->client.stream, (struct span){ piece, sizeof piece });
		sent += error == 0 ? sizeof piece : 0;
		turn_both(f);
	}
	assert_int_equal(error, ERR_FULL);
	assert_true(tls_is_congested(f->client.stream));
	assert_int_equal(f->server.got.len, 0);
	tls_resume(f->server.stream);
	TURN_UNTIL(f, f->server.got.len == sent && f->client.drained > 0);
	assert_int_equal(f->client.drained, 1);
}

static void pauses_within_its_handler_and_loses_nothing(void **state)
{
	struct fixture *f = *state;
	static uint8_t piece[100000];

	prepare(f);
	for (size_t i = 0; i < sizeof piece; i++) {
		piece[i] = pattern_at(i);
	}
	f->server.is_pausing = true;
	f->server.take_most = 7000;
	assert_int_equal(tls_send(f->client.stream, (struct span){ piece, sizeof piece }), 0);
	for (int64_t until = clock_ms() + WAIT_MS;
	     f->server.got.len < sizeof piece && clock_ms() < until;) {
		turn_both(f);
		tls_resume(f->server.stream);
	}
	check_pattern(&f->server.got, sizeof piece);
}

static void ends_where_more_comes_than_may_be_held(void **state)
{
	struct fixture *f = *state;
	static uint8_t piece[100000];

	prepare(f);
	f->server.take_most = 0;
	assert_int_equal(tls_send(f->client.stream, (struct span){ piece, sizeof piece }), 0);
	TURN_UNTIL(f, f->server.closed > 0);
	assert_int_equal(f->server.error, ERR_LIMIT);
}

/*
 * How it ends
 */

static void sends_the_rest_before_it_closes(void **state)
{
	struct fixture *f = *state;
	static uint8_t piece[900000];

	prepare(f);
	for (size_t i = 0; i < sizeof piece; i++) {
		piece[i] = pattern_at(i);
	}
	assert_int_equal(tls_send(f->client.stream, (struct span){ piece, sizeof piece }), 0);
	/* bytes that the closing side never reads must not destroy those on their way */
	assert_int_equal(tls_send(f->server.stream, span_of("unread")), 0);
	tls_close(f->client.stream);
	assert_int_equal(tls_send(f->client.stream, span_of("late")), ERR_CLOSED);
	TURN_UNTIL(f, f->client.closed > 0 && f->server.closed > 0);
	check_pattern(&f->server.got, sizeof piece);
	assert_int_equal(f->client.error, 0);
	assert_int_equal(f->server.error, ERR_CLOSED);
	assert_string_equal(f->server.reason, "closed by the other side");
	assert_int_equal(f->client.closed, 1);
	assert_int_equal(f->server.closed, 1);
}

static void tells_a_cut_from_a_goodbye(void **state)
{
	struct fixture *f = *state;

	prepare(f);
	tls_stream_free(&f->client.stream);
	TURN_UNTIL(f, f->server.closed > 0);
	assert_int_equal(f->server.error, ERR_CLOSED);
	assert_string_equal(f->server.reason, "the connection was cut");
}

static void learns_of_a_cut_while_it_sends(void **state)
{
	struct fixture *f = *state;
	int error = 0;

	prepare(f);
	tls_stream_free(&f->client.stream);
	for (int i = 0; i < 100 && f->server.closed == 0; i++) {
		error = tls_send(f->server.stream, span_of("anyone?"));
		loop_turn(f->server_loop, 1);
	}
	assert_int_equal(f->server.closed, 1);
	assert_int_equal(f->server.error, ERR_CLOSED);
	assert_true(error == 0 || error == ERR_CLOSED);
}

static void may_be_freed_within_its_handlers(void **state)
{
	struct fixture *f = *state;

	make_server_context(f, &world.server);
	make_client_context(f, &world.sensor, &world.ca, both);
	f->server.is_freeing_when_opened = true;
	connect_both(f);
	TURN_UNTIL(f, f->client.closed > 0);
	assert_int_equal(f->server.closed, 0);

	f->server.is_freeing_when_opened = false;
	f->server.is_freeing_when_received = true;
	connect_both(f);
	assert_int_equal(tls_send(f->client.stream, span_of("hello")), 0);
	TURN_UNTIL(f, f->client.closed > 0);
	assert_true(span_is(buffer_span(&f->server.got), "hello"));
	assert_int_equal(f->server.closed, 0);
}

static void gives_up_on_one_that_never_speaks(void **state)
{
	struct fixture *f = *state;

	f->limits.handshake_ms = 30;
	make_server_context(f, &world.server);
	assert_int_equal(net_pair(f->fds), 0);
	open_server(f);
	TURN_UNTIL(f, f->server.closed > 0);
	assert_int_equal(f->server.error, ERR_TIMEOUT);
	(void)close(f->fds[0]);
}

static void gives_up_on_one_that_fell_silent(void **state)
{
	struct fixture *f = *state;
	int64_t begun;

	f->limits.idle_ms = 60;
	prepare(f);
	begun = clock_ms();
	tls_pause(f->client.stream); /* what is not read is not missed */
	TURN_UNTIL(f, f->server.closed > 0);
	assert_int_equal(f->server.error, ERR_TIMEOUT);
	assert_true(clock_ms() - begun >= 50);
	assert_int_equal(f->client.closed, 0);
}

static void ends_on_garbage(void **state)
{
	static const char *const garbage[] = {
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\xff\xff\xff",
		"\x16\x03\x01\xff\xff\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"SSH-2.0-OpenSSH_9.2\r\n",
		"\x16",
		"",
	};
	struct fixture *f = *state;

	make_server_context(f, &world.server);
	for (size_t i = 0; i < COUNT_OF(garbage); i++) {
		f->server.closed = 0;
		assert_int_equal(net_pair(f->fds), 0);
		open_server(f);
		assert_true(write(f->fds[0], garbage[i], strlen(garbage[i])) >= 0);
		turn_both(f);
		(void)shutdown(f->fds[0], SHUT_WR);
		TURN_UNTIL(f, f->server.closed > 0);
		assert_true(f->server.error < 0);
		assert_int_equal(f->server.opened, 0);
		(void)close(f->fds[0]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opens_with_both_certificates_and_a_protocol),
		TEST(resumes_and_still_knows_the_peers_certificate),
		TEST(does_not_resume_with_a_server_of_another_key),
		TEST(lets_a_client_without_certificate_through_as_nobody),
		TEST(refuses_a_client_of_another_authority),
		TEST(refuses_a_servers_certificate_from_a_client),
		TEST(refuses_servers_of_other_authority_name_or_purpose),
		TEST(refuses_a_certificate_that_names_no_purpose),
		TEST(judges_no_times_but_everything_else),
		TEST(refuses_a_client_that_speaks_no_protocol_of_ours),
		TEST(refuses_older_versions),
		TEST(tells_what_is_wrong_with_a_configuration),
		TEST(carries_megabytes_through_bounded_queues),
		TEST(echoes_small_messages),
		TEST(shares_a_record_between_sends_of_one_turn),
		TEST(sends_what_the_idle_hook_queued_in_the_same_turn),
		TEST(bounds_what_waits_for_a_slow_peer),
		TEST(pauses_within_its_handler_and_loses_nothing),
		TEST(ends_where_more_comes_than_may_be_held),
		TEST(sends_the_rest_before_it_closes),
		TEST(tells_a_cut_from_a_goodbye),
		TEST(learns_of_a_cut_while_it_sends),
		TEST(may_be_freed_within_its_handlers),
		TEST(gives_up_on_one_that_never_speaks),
		TEST(gives_up_on_one_that_fell_silent),
		TEST(ends_on_garbage),
	};
	return cmocka_run_group_tests(tests, make_world, end_world);
}
