/* flawed_server.c - a handshake by hand (RFC 5246, 7.3), and every flaw at the place where it
 * belongs. */
#include "scan/tls/flawed_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"
#include "formats/tls_suites.h"
#include "scan/tls/flawed_keys.h"
#include "sys/alloc.h"
#include "sys/buffer.h"

#define CLIENTS_MAX 64
#define BYTES_MAX   65536
#define SECRET_SIZE 48

enum { CHANGE_CIPHER = 20, ALERT = 21, HANDSHAKE = 22, DATA = 23, HEARTBEAT = 24 };
enum {
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	NEW_TICKET = 4,
	CERTIFICATE = 11,
	SERVER_KEY = 12,
	DONE = 14,
	CLIENT_KEY = 16,
	FINISHED = 20
};
enum {
	CLOSE_NOTIFY = 0,
	UNEXPECTED_MESSAGE = 10,
	BAD_RECORD_MAC = 20,
	DECRYPTION_FAILED = 21,
	HANDSHAKE_FAILURE = 40,
	ILLEGAL_PARAMETER = 47,
	DECRYPT_ERROR = 51,
	PROTOCOL_VERSION = 70,
	INAPPROPRIATE_FALLBACK = 86,
};
enum {
	EXTENSION_HEARTBEAT = 15,
	EXTENSION_TICKET = 35,
	EXTENSION_VERSIONS = 43,
	EXTENSION_KEY_SHARE = 51,
	EXTENSION_RENEGOTIATION = 0xff01,
};

struct client {
	struct flawed_server *server;
	struct loop_watch *watch;
	int fd;
	struct buffer in;
	struct buffer transcript;
	uint16_t offered; /* the hello's version */
	uint16_t version;
	uint8_t client_random[32];
	uint8_t server_random[32];
	uint8_t master[FLAWED_MASTER_SIZE];
	struct flawed_half from;
	struct flawed_half to;
	bool has_keys;
	bool is_reading_sealed;
	bool is_writing_sealed;
	bool took_change;
	bool has_ticket; /* was promised one */
	bool is_deaf;    /* is heard, and never answered again */
};

struct flawed_server {
	struct loop *loop;
	struct flaws flaws;
	const struct flawed_identity *identity;
	struct net_address address;
	int listen_fd;
	struct loop_watch *listening;
	unsigned count;
	unsigned exchanges;
	struct client clients[CLIENTS_MAX];
};

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

static void drop(struct client *client, bool is_reset)
{
	const struct linger at_once = { .l_onoff = 1 };

	if (client->fd < 0) {
		return;
	}
	if (is_reset) {
		(void)setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	}
	loop_unwatch(&client->watch);
	close(client->fd);
	client->fd = -1;
	buffer_done(&client->in);
	buffer_done(&client->transcript);
}

static void say(struct client *client, struct span bytes)
{
	if (client->fd >= 0) {
		(void)send(client->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
}

static void say_record(struct client *client, uint8_t type, struct span payload)
{
	uint8_t bytes[4096];
	struct writer w = writer_over(bytes, sizeof bytes);

	if (client->is_writing_sealed) {
		assert_true(payload.len + 128 <= sizeof bytes);
		say(client, (struct span){ bytes, flawed_seal(&client->to, type, payload, bytes) });
		return;
	}
	writer_u8(&w, type);
	writer_be16(&w, client->version != 0 ? client->version : 0x0301);
	writer_be16(&w, (uint16_t)payload.len);
	writer_bytes(&w, payload);
	assert_true(writer_ok(&w));
	say(client, writer_span(&w));
}

static void say_alert(struct client *client, uint8_t description)
{
	const uint8_t alert[] = { description == CLOSE_NOTIFY ? 1 : 2, description };

	say_record(client, ALERT, (struct span){ alert, sizeof alert });
}

static void refuse(struct client *client, uint8_t description)
{
	say_alert(client, description);
	drop(client, false);
}

/* A handshake message; it joins the transcript. */
static void say_message(struct client *client, uint8_t type, struct span body)
{
	uint8_t bytes[3072];
	struct writer w = writer_over(bytes, sizeof bytes);

	writer_be32(&w, (uint32_t)type << 24 | (uint32_t)body.len);
	writer_bytes(&w, body);
	assert_true(writer_ok(&w));
	assert_int_equal(buffer_append(&client->transcript, writer_span(&w)), 0);
	say_record(client, HANDSHAKE, writer_span(&w));
}

/* True where something strange was done instead of an answer. */
static bool is_strange(struct client *client)
{
	switch (client->server->flaws.strange) {
	case CLOSES:
		drop(client, false);
		return true;
	case RESETS:
		drop(client, true);
		return true;
	case STAYS_SILENT:
		client->is_deaf = true;
		return true;
	default:
		return false;
	}
}

/*
 * The hello, and what answers it
 */

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
	say_message(client, SERVER_HELLO, writer_span(&w));
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
	say_message(client, CERTIFICATE, writer_span(&w));
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
	say_message(client, SERVER_KEY, writer_span(&w));
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
		refuse(client, HANDSHAKE_FAILURE);
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
	say_message(client, SERVER_HELLO, writer_span(&w));
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
	say_record(client, CHANGE_CIPHER, (struct span){ change, 1 });
	say_record(client, HANDSHAKE, (struct span){ sealed, sizeof sealed });
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

static void take_hello(struct client *client, struct span body)
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
		refuse(client, PROTOCOL_VERSION);
	} else if (hello.has_fallback && !flaws->ignores_fallback &&
		   (hello.version < highest || flaws->has_tls13)) {
		refuse(client,
		       flaws->fallback_alert != 0 ? flaws->fallback_alert : INAPPROPRIATE_FALLBACK);
	} else if (suite == 0) {
		refuse(client, HANDSHAKE_FAILURE);
	} else if (hello.ticket.len > 0 && flaws->has_tickets) {
		resume(client, &hello, suite);
	} else {
		(void)tls_suites_find(suite, &facts);
		say_hello(client, &hello, (struct span){ 0 }, suite);
		say_certificate(client);
		say_server_key(client, &facts);
		say_message(client, DONE, (struct span){ 0 });
	}
}

/* SSLv2's: a strong kind, and an export one. */
static void take_ssl2(struct client *client)
{
	static const uint8_t kinds[] = { 1, 0, 0x80, 2, 0, 0x80 };
	static const uint8_t id[16] = { 9 };
	struct span der = flawed_identity_certificate(client->server->identity);
	uint8_t bytes[2048];
	struct writer w = writer_over(bytes, sizeof bytes);

	if (!client->server->flaws.has_ssl2) {
		drop(client, false);
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
	say(client, writer_span(&w));
}

/*
 * The key exchange, and ROBOT
 */

struct padded {
	bool is_start_right; /* 00 02 */
	bool is_right;       /* and a zero where a secret of 48 bytes begins */
};

static struct padded look_at(const uint8_t block[FLAWED_RSA_MAX])
{
	const size_t zero_at = FLAWED_RSA_MAX - SECRET_SIZE - 1;
	struct padded padded = { .is_start_right = block[0] == 0 && block[1] == 2 };
	size_t first = 2;

	while (first < FLAWED_RSA_MAX && block[first] != 0) {
		first++;
	}
	padded.is_right = padded.is_start_right && first == zero_at;
	return padded;
}

/* True where the flaw showed: the client has been answered, or never will be. */
static bool tells_padding(struct client *client, struct padded padded, bool is_followed)
{
	switch (client->server->flaws.robot) {
	case ROBOT_BY_ALERT:
		if (!padded.is_start_right) {
			refuse(client, DECRYPT_ERROR);
		}
		return !padded.is_start_right;
	case ROBOT_WEAKLY:
		if (!padded.is_right) {
			refuse(client, ILLEGAL_PARAMETER);
		}
		return !padded.is_right;
	case ROBOT_BY_SILENCE:
		client->is_deaf = !padded.is_start_right;
		return !padded.is_start_right;
	case ROBOT_BY_DUPLICATE:
		if (!padded.is_start_right) {
			say_alert(client, BAD_RECORD_MAC);
			refuse(client, BAD_RECORD_MAC);
		}
		return !padded.is_start_right;
	case ROBOT_BY_RESET:
		drop(client, !padded.is_right);
		return true;
	case ROBOT_IN_SHORT:
		if (!is_followed && !padded.is_right) {
			refuse(client, DECRYPT_ERROR);
		}
		return !is_followed && !padded.is_right;
	case ROBOT_BY_CHANCE:
		refuse(client,
		       client->server->exchanges++ % 3 == 0 ? DECRYPT_ERROR : BAD_RECORD_MAC);
		return true;
	default:
		return false;
	}
}

static void take_client_key(struct client *client, struct span body, bool is_followed)
{
	struct reader r = reader_over(body);
	struct span encrypted = reader_bytes(&r, reader_be16(&r));
	uint8_t block[FLAWED_RSA_MAX];
	uint8_t seed[64];
	struct writer w = writer_over(seed, sizeof seed);
	struct padded padded;

	if (!flawed_decrypt(client->server->identity, encrypted, block)) {
		refuse(client, ILLEGAL_PARAMETER);
		return;
	}
	padded = look_at(block);
	if (tells_padding(client, padded, is_followed)) {
		return;
	}
	if (!padded.is_right || block[208] != client->offered >> 8 ||
	    block[209] != (client->offered & 0xff)) {
		memset(block, 0x77, sizeof block); /* RFC 5246, 7.4.7.1: goes on with another */
	}
	writer_bytes(&w, (struct span){ client->client_random, 32 });
	writer_bytes(&w, (struct span){ client->server_random, 32 });
	flawed_prf(client->version,
		   (struct span){ block + FLAWED_RSA_MAX - SECRET_SIZE, SECRET_SIZE },
		   "master secret", writer_span(&w), client->master, sizeof client->master);
	flawed_halves(client->version, client->master, (struct span){ client->client_random, 32 },
		      (struct span){ client->server_random, 32 }, &client->from, &client->to);
	client->has_keys = true;
}

static void say_ticket(struct client *client)
{
	static const uint8_t body[] = { 0, 0, 1, 0, 0, 6, 't', 'i', 'c', 'k', 'e', 't' };

	say_message(client, NEW_TICKET, (struct span){ body, sizeof body });
}

static void take_finished(struct client *client, struct span message)
{
	static const uint8_t change[] = { 1 };
	static const uint8_t greeting[] = "* OK ready\r\n";
	uint8_t hash[64];
	uint8_t verify[12];

	assert_int_equal(buffer_append(&client->transcript, message), 0);
	if (client->has_ticket) {
		say_ticket(client);
	}
	flawed_prf(client->version, (struct span){ client->master, sizeof client->master },
		   "server finished",
		   (struct span){ hash, flawed_hash(client->version,
						    buffer_span(&client->transcript), hash) },
		   verify, sizeof verify);
	say_record(client, CHANGE_CIPHER, (struct span){ change, 1 });
	client->is_writing_sealed = true;
	say_message(client, FINISHED, (struct span){ verify, sizeof verify });
	if (client->server->flaws.greets) {
		say_record(client, DATA, (struct span){ greeting, sizeof greeting - 1 });
	}
}

/*
 * Records
 */

static void take_handshake(struct client *client, struct span bytes, bool is_followed)
{
	struct reader r = reader_over(bytes);
	uint32_t head = reader_be32(&r);
	struct span body = reader_bytes(&r, head & 0xffffff);

	if (!reader_ok(&r)) {
		refuse(client, BAD_RECORD_MAC);
		return;
	}
	switch (head >> 24) {
	case CLIENT_HELLO:
		assert_int_equal(buffer_append(&client->transcript, bytes), 0);
		take_hello(client, body);
		break;
	case CLIENT_KEY:
		assert_int_equal(buffer_append(&client->transcript, bytes), 0);
		if (!is_strange(client)) {
			take_client_key(client, body, is_followed);
		}
		break;
	case FINISHED:
		take_finished(client, bytes);
		break;
	default:
		refuse(client, UNEXPECTED_MESSAGE);
		break;
	}
}

static void answer_request(struct client *client)
{
	static const uint8_t http[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	static const uint8_t farewell[] = "* BYE\r\n";

	if (client->server->flaws.greets) {
		say_record(client, DATA, (struct span){ farewell, sizeof farewell - 1 });
	} else {
		say_record(client, DATA, (struct span){ http, sizeof http - 1 });
	}
	refuse(client, CLOSE_NOTIFY);
}

static void take_data(struct client *client, const struct flawed_plain *plain)
{
	bool is_padding_taken = plain->is_padding_right;

	switch (client->server->flaws.padding) {
	case PADDING_IS_IGNORED:
		is_padding_taken = true;
		break;
	case PADDING_IS_CHECKED_IN_PART:
		is_padding_taken = plain->is_last_right;
		break;
	case PADDING_IS_TOLD:
		if (!plain->is_padding_right) {
			refuse(client, DECRYPTION_FAILED);
			return;
		}
		break;
	case PADDING_IS_TOLD_IF_EMPTY:
		if (plain->is_long_enough && plain->content.len == 0) {
			drop(client, false);
			return;
		}
		break;
	case MAC_IS_IGNORED:
		answer_request(client);
		return;
	case RECORDS_ARE_REFUSED:
		is_padding_taken = false;
		break;
	case RECORDS_ARE_IGNORED:
		return;
	default:
		break;
	}
	if (plain->is_long_enough && plain->is_mac_right && is_padding_taken) {
		answer_request(client);
	} else {
		refuse(client, BAD_RECORD_MAC);
	}
}

static void take_change(struct client *client)
{
	const struct flaws *flaws = &client->server->flaws;

	if (client->has_keys) {
		client->is_reading_sealed = true;
	} else if (is_strange(client)) {
		return;
	} else if (flaws->closes_at_change) {
		drop(client, false);
	} else if (!flaws->takes_early_change) {
		refuse(client, UNEXPECTED_MESSAGE);
	} else if (client->took_change) {
		refuse(client, DECRYPTION_FAILED); /* the second one is no whole block */
	}
	client->took_change = true;
}

/* RFC 6520, 4: what claims more than it has is dropped in silence. */
static void take_heartbeat(struct client *client, struct span payload)
{
	uint8_t bytes[256] = { 2 };
	struct reader r = reader_over(payload);
	size_t claimed;

	if (is_strange(client) || !client->server->flaws.bleeds) {
		return;
	}
	(void)reader_u8(&r);
	claimed = reader_be16(&r);
	assert_true(claimed <= 64); /* nothing is to be taken */
	bytes[2] = (uint8_t)claimed;
	say_record(client, HEARTBEAT, (struct span){ bytes, 3 + claimed + 16 });
}

static void take_record(struct client *client, uint8_t type, struct span payload, bool is_followed)
{
	static struct flawed_plain plain;

	if (client->is_deaf) {
		return;
	}
	if (type == CHANGE_CIPHER) {
		take_change(client);
	} else if (client->is_reading_sealed) {
		flawed_open(&client->from, type, payload, &plain);
		if (type == DATA) {
			take_data(client, &plain);
		} else if (!plain.is_long_enough || !plain.is_mac_right) {
			refuse(client, BAD_RECORD_MAC);
		} else if (type == HANDSHAKE) {
			take_handshake(client, plain.content, false);
		} else {
			drop(client, false);
		}
	} else if (type == HANDSHAKE) {
		take_handshake(client, payload, is_followed);
	} else if (type == HEARTBEAT) {
		take_heartbeat(client, payload);
	} else {
		drop(client, false);
	}
}

static void take_records(struct client *client)
{
	while (client->fd >= 0) {
		struct span bytes = buffer_span(&client->in);
		struct reader r = reader_over(bytes);
		uint8_t type = reader_u8(&r);
		uint16_t version = reader_be16(&r);
		struct span payload = reader_bytes(&r, reader_be16(&r));

		if (bytes.len >= 3 && (type & 0x80) != 0 && (version & 0xff) == 1) {
			take_ssl2(client);
			return;
		}
		if (!reader_ok(&r)) {
			return;
		}
		take_record(client, type, payload, reader_left(&r) > 0);
		if (client->fd >= 0) {
			buffer_consume(&client->in, bytes.len - reader_left(&r));
		}
	}
}

static void on_client(void *context, unsigned events)
{
	struct client *client = context;
	uint8_t bytes[16384];
	ssize_t got = recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);

	(void)events;
	if (got <= 0) {
		drop(client, false);
		return;
	}
	assert_int_equal(buffer_append(&client->in, (struct span){ bytes, (size_t)got }), 0);
	take_records(client);
}

static void on_accept(void *context, unsigned events)
{
	struct flawed_server *server = context;
	struct net_address peer;
	int fd;

	(void)events;
	while (net_accept(server->listen_fd, &fd, &peer) == 0) {
		struct client *client = NULL;

		for (size_t i = 0; i < CLIENTS_MAX && client == NULL; i++) {
			client = server->clients[i].fd < 0 ? &server->clients[i] : NULL;
		}
		assert_non_null(client);
		*client = (struct client){ .server = server, .fd = fd };
		buffer_init(&client->in, BYTES_MAX);
		buffer_init(&client->transcript, BYTES_MAX);
		client->watch = loop_watch(server->loop, fd, LOOP_READ, on_client, client);
		server->count++;
	}
}

struct flawed_server *flawed_server_new(struct loop *loop, const struct flaws *flaws,
					const struct flawed_identity *identity)
{
	struct flawed_server *server = alloc_zeroed(1, sizeof *server);
	struct net_address any;

	server->loop = loop;
	server->flaws = *flaws;
	server->identity = identity;
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		server->clients[i].fd = -1;
	}
	assert_int_equal(net_address_parse(span_of("127.0.0.1:0"), &any, NULL), 0);
	assert_int_equal(net_listen(&any, &server->listen_fd, &server->address, NULL), 0);
	server->listening = loop_watch(loop, server->listen_fd, LOOP_READ, on_accept, server);
	return server;
}

void flawed_server_free(struct flawed_server **server)
{
	struct flawed_server *s = *server;

	if (s == NULL) {
		return;
	}
	*server = NULL;
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		drop(&s->clients[i], false);
	}
	loop_unwatch(&s->listening);
	close(s->listen_fd);
	free(s);
}

const struct net_address *flawed_server_address(const struct flawed_server *server)
{
	return &server->address;
}

unsigned flawed_server_count(const struct flawed_server *server)
{
	return server->count;
}
