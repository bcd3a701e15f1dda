/* flawed_hello_harness.c - what answers a hello, with the flaws that show in it. */
#include "scan/tls/flawed_inner_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"
#include "formats/tls_suites.h"

/* What a hello asked for. */
struct hello {
	uint16_t version;
	struct span random;
	struct span session_id;
	struct span suites;
	struct span compressions;
	struct span ticket;
	bool has_ticket;
	bool has_heartbeat;
	bool has_renegotiation;
	bool has_fallback;
	bool has_tls13;
};

static const uint16_t rsa_aes_cbc[] = { 0x002f };

static void read_extension(struct hello *hello, uint16_t type, struct span body)
{
	struct reader r = reader_over(body);

	if (type == EXTENSION_HEARTBEAT) {
		hello->has_heartbeat = true;
	} else if (type == EXTENSION_TICKET) {
		hello->has_ticket = true;
		hello->ticket = body;
	} else if (type == EXTENSION_RENEGOTIATION) {
		hello->has_renegotiation = true;
	} else if (type == EXTENSION_VERSIONS) {
		(void)reader_u8(&r);
		while (reader_left(&r) >= 2) {
			hello->has_tls13 = reader_be16(&r) == 0x0304 || hello->has_tls13;
		}
	}
}

static bool has_suite(const struct hello *hello, uint16_t suite)
{
	struct reader r = reader_over(hello->suites);

	while (reader_left(&r) >= 2) {
		if (reader_be16(&r) == suite) {
			return true;
		}
	}
	return false;
}

static struct hello read_hello(struct span body)
{
	struct reader r = reader_over(body);
	struct hello hello = { 0 };

	hello.version = reader_be16(&r);
	hello.random = reader_bytes(&r, 32);
	hello.session_id = reader_bytes(&r, reader_u8(&r));
	hello.suites = reader_bytes(&r, reader_be16(&r));
	hello.compressions = reader_bytes(&r, reader_u8(&r));
	if (reader_left(&r) >= 2) {
		(void)reader_be16(&r);
	}
	while (reader_left(&r) >= 4) {
		uint16_t type = reader_be16(&r);

		read_extension(&hello, type, reader_bytes(&r, reader_be16(&r)));
	}
	assert_true(reader_ok(&r));
	hello.has_renegotiation = hello.has_renegotiation || has_suite(&hello, 0x00ff);
	hello.has_fallback = has_suite(&hello, 0x5600);
	return hello;
}

static void make_random(struct client *client)
{
	static const uint8_t sentinel[8] = { 'D', 'O', 'W', 'N', 'G', 'R', 'D', 1 };
	const struct flaws *flaws = &client->server->flaws;

	for (size_t i = 0; i < sizeof client->server_random; i++) {
		client->server_random[i] = (uint8_t)(client->server->count * 31 + i);
	}
	if (flaws->has_tls13 && !flaws->is_without_sentinel) {
		memcpy(client->server_random + 24, sentinel, sizeof sentinel);
		if (client->version < 0x0303 || flaws->has_wrong_sentinel) {
			client->server_random[31] = 0;
		}
	}
}

static void write_empty(struct writer *w, uint16_t type)
{
	writer_be16(w, type);
	writer_be16(w, 0);
}

static void write_extensions(struct client *client, const struct hello *hello, struct writer *w)
{
	const struct flaws *flaws = &client->server->flaws;
	uint8_t bytes[64];
	struct writer e = writer_over(bytes, sizeof bytes);

	if (hello->has_renegotiation && !flaws->is_without_renegotiation_info) {
		writer_be16(&e, EXTENSION_RENEGOTIATION);
		writer_be16(&e, 1);
		writer_u8(&e, 0);
	}
	if (hello->has_heartbeat && flaws->has_heartbeat) {
		writer_be16(&e, EXTENSION_HEARTBEAT);
		writer_be16(&e, 1);
		writer_u8(&e, 1);
	}
	if (hello->has_ticket && hello->ticket.len == 0 && flaws->has_tickets) {
		write_empty(&e, EXTENSION_TICKET);
		client->has_ticket = true;
	}
	if (writer_used(&e) > 0) {
		writer_be16(w, (uint16_t)writer_used(&e));
		writer_bytes(w, writer_span(&e));
	}
}

static void say_hello(struct client *client, const struct hello *hello, struct span session_id,
		      uint16_t suite)
{
	uint8_t body[256];
	struct writer w = writer_over(body, sizeof body);
	bool offers_deflate = hello->compressions.len > 1;

	make_random(client);
	writer_be16(&w, client->version);
	writer_bytes(&w, (struct span){ client->server_random, 32 });
	writer_u8(&w, (uint8_t)session_id.len);
	writer_bytes(&w, session_id);
	writer_be16(&w, suite);
	writer_u8(&w, client->server->flaws.compresses && offers_deflate ? 1 : 0);
	write_extensions(client, hello, &w);
	assert_true(writer_ok(&w));
	flawed_say_message(client, SERVER_HELLO, writer_span(&w));
}

static void say_certificate(struct client *client)
{
	struct span der = flawed_identity_certificate(client->server->identity);
	uint8_t body[2048];
	struct writer w = writer_over(body, sizeof body);

	for (int i = 1; i >= 0; i--) { /* the list's length, then the certificate's */
		writer_u8(&w, 0);
		writer_be16(&w, (uint16_t)(der.len + (i > 0 ? 3 : 0)));
	}
	writer_bytes(&w, der);
	assert_true(writer_ok(&w));
	flawed_say_message(client, CERTIFICATE, writer_span(&w));
}

static void write_number(struct writer *w, struct span number)
{
	writer_be16(w, (uint16_t)number.len);
	writer_bytes(w, number);
}

/* Of DHE and of export RSA; its signature is nobody's. */
static void say_server_key(struct client *client, const struct tls_suite *suite)
{
	static const uint8_t generator[] = { 2 };
	static const uint8_t exponent[] = { 1, 0, 1 };
	static const uint8_t modulus[64] = { 0xc5, 1 };
	static const uint8_t signature[256] = { 7 };
	struct span prime = { client->server->flaws.prime, client->server->flaws.prime_len };
	uint8_t body[2048];
	struct writer w = writer_over(body, sizeof body);

	if (suite->kex == TLS_KEX_DHE) {
		write_number(&w, prime);
		write_number(&w, (struct span){ generator, sizeof generator });
		write_number(&w, prime);
	} else if (suite->kex == TLS_KEX_RSA && suite->export_bits != 0) {
		write_number(&w, (struct span){ modulus, sizeof modulus });
		write_number(&w, (struct span){ exponent, sizeof exponent });
	} else {
		return;
	}
	if (client->version == 0x0303) {
		writer_be16(&w, 0x0401);
	}
	write_number(&w, (struct span){ signature, sizeof signature });
	assert_true(writer_ok(&w));
	flawed_say_message(client, SERVER_KEY, writer_span(&w));
}

/* HelloRetryRequest (RFC 8446, 4.1.4). */
static void say_retry(struct client *client, const struct hello *hello)
{
	static const uint8_t retry[32] = { 0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11,
					   0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
					   0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E,
					   0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C };
	uint8_t body[128];
	struct writer w = writer_over(body, sizeof body);

	if (!has_suite(hello, 0x1301)) {
		flawed_refuse(client, HANDSHAKE_FAILURE);
		return;
	}
	client->version = 0x0303;
	writer_be16(&w, 0x0303);
	writer_bytes(&w, (struct span){ retry, sizeof retry });
	writer_u8(&w, (uint8_t)hello->session_id.len);
	writer_bytes(&w, hello->session_id);
	writer_be16(&w, 0x1301);
	writer_u8(&w, 0);
	writer_be16(&w, 12);
	writer_be16(&w, EXTENSION_VERSIONS);
	writer_be16(&w, 2);
	writer_be16(&w, 0x0304);
	writer_be16(&w, EXTENSION_KEY_SHARE);
	writer_be16(&w, 2);
	writer_be16(&w, 29);
	assert_true(writer_ok(&w));
	flawed_say_message(client, SERVER_HELLO, writer_span(&w));
}

/* With a ticket: the id comes back as it was, or as F5 had it, and the rest is sealed. */
static void resume(struct client *client, const struct hello *hello, uint16_t suite)
{
	static const uint8_t change[] = { 1 };
	static const uint8_t sealed[40] = { 3 };
	uint8_t id[32] = "memory that was somebody else's";
	struct span echo = hello->session_id;

	if (client->server->flaws.fills_session_ids) {
		memcpy(id, hello->session_id.ptr, hello->session_id.len);
		echo = (struct span){ id, sizeof id };
	}
	say_hello(client, hello, echo, suite);
	flawed_say_record(client, CHANGE_CIPHER, (struct span){ change, 1 });
	flawed_say_record(client, HANDSHAKE, (struct span){ sealed, sizeof sealed });
}

static uint16_t choose_suite(const struct flaws *flaws, const struct hello *hello)
{
	const uint16_t *suites = flaws->suites != NULL ? flaws->suites : rsa_aes_cbc;
	size_t count = flaws->suites != NULL ? flaws->suite_count : COUNT_OF(rsa_aes_cbc);

	for (size_t i = 0; i < count; i++) {
		if (has_suite(hello, suites[i])) {
			return suites[i];
		}
	}
	return 0;
}

void flawed_take_hello(struct client *client, struct span body)
{
	const struct flaws *flaws = &client->server->flaws;
	struct hello hello = read_hello(body);
	uint16_t highest = flaws->highest != 0 ? flaws->highest : 0x0303;
	uint16_t lowest = flaws->lowest != 0 ? flaws->lowest : 0x0303;
	uint16_t suite = choose_suite(flaws, &hello);
	struct tls_suite facts;

	memcpy(client->client_random, hello.random.ptr, 32);
	client->offered = hello.version;
	if (flaws->has_tls13 && hello.has_tls13) {
		say_retry(client, &hello);
		return;
	}
	client->version = hello.version < highest ? hello.version : highest;
	if (client->version < lowest) {
		client->version = 0;
		flawed_refuse(client, PROTOCOL_VERSION);
	} else if (hello.has_fallback && !flaws->ignores_fallback &&
		   (hello.version < highest || flaws->has_tls13)) {
		flawed_refuse(client, flaws->fallback_alert != 0 ? flaws->fallback_alert
								 : INAPPROPRIATE_FALLBACK);
	} else if (suite == 0) {
		flawed_refuse(client, HANDSHAKE_FAILURE);
	} else if (hello.ticket.len > 0 && flaws->has_tickets && !flaws->forgets_tickets) {
		resume(client, &hello, suite);
	} else {
		static const uint8_t warning[] = { 1, 112 };

		if (flaws->warns) {
			flawed_say_record(client, ALERT, (struct span){ warning, sizeof warning });
		}
		(void)tls_suites_find(suite, &facts);
		say_hello(client, &hello, (struct span){ 0 }, suite);
		say_certificate(client);
		say_server_key(client, &facts);
		flawed_say_message(client, DONE, (struct span){ 0 });
	}
}

/* SSLv2's: a strong kind, and an export one. */
void flawed_take_ssl2(struct client *client)
{
	static const uint8_t kinds[] = { 1, 0, 0x80, 2, 0, 0x80 };
	static const uint8_t id[16] = { 9 };
	struct span der = flawed_identity_certificate(client->server->identity);
	uint8_t bytes[2048];
	struct writer w = writer_over(bytes, sizeof bytes);

	if (!client->server->flaws.has_ssl2) {
		flawed_drop(client, false);
		return;
	}
	writer_be16(&w, (uint16_t)(0x8000 | (11 + der.len + sizeof kinds + sizeof id)));
	writer_u8(&w, 4); /* SERVER-HELLO */
	writer_be16(&w, 1);
	writer_be16(&w, 2);
	writer_be16(&w, (uint16_t)der.len);
	writer_be16(&w, sizeof kinds);
	writer_be16(&w, sizeof id);
	writer_bytes(&w, der);
	writer_bytes(&w, (struct span){ kinds, sizeof kinds });
	writer_bytes(&w, (struct span){ id, sizeof id });
	assert_true(writer_ok(&w));
	flawed_say(client, writer_span(&w));
}
