/* flawed_harness.c - a handshake by hand (RFC 5246, 7.3), and every flaw at the place where it
 * belongs. */
#include "scan/tls/flawed_inner_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/reader.h"
#include "base/writer.h"
#include "sys/alloc.h"

#define BYTES_MAX   65536
#define SECRET_SIZE 48

void flawed_drop(struct client *client, bool is_reset)
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

void flawed_say(struct client *client, struct span bytes)
{
	if (client->fd >= 0) {
		(void)send(client->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
}

void flawed_say_record(struct client *client, uint8_t type, struct span payload)
{
	uint8_t bytes[4096];
	struct writer w = writer_over(bytes, sizeof bytes);

	if (client->is_writing_sealed) {
		assert_true(payload.len + 128 <= sizeof bytes);
		flawed_say(client,
			   (struct span){ bytes, flawed_seal(&client->to, type, payload, bytes) });
		return;
	}
	writer_u8(&w, type);
	writer_be16(&w, client->version != 0 ? client->version : 0x0301);
	writer_be16(&w, (uint16_t)payload.len);
	writer_bytes(&w, payload);
	assert_true(writer_ok(&w));
	flawed_say(client, writer_span(&w));
}

static void say_alert(struct client *client, uint8_t description)
{
	const uint8_t alert[] = { description == CLOSE_NOTIFY ? 1 : 2, description };

	flawed_say_record(client, ALERT, (struct span){ alert, sizeof alert });
}

void flawed_refuse(struct client *client, uint8_t description)
{
	say_alert(client, description);
	flawed_drop(client, false);
}

/* A handshake message; it joins the transcript. */
void flawed_say_message(struct client *client, uint8_t type, struct span body)
{
	uint8_t bytes[3072];
	struct writer w = writer_over(bytes, sizeof bytes);

	writer_be32(&w, (uint32_t)type << 24 | (uint32_t)body.len);
	writer_bytes(&w, body);
	assert_true(writer_ok(&w));
	assert_int_equal(buffer_append(&client->transcript, writer_span(&w)), 0);
	flawed_say_record(client, HANDSHAKE, writer_span(&w));
}

/* True where something strange was done instead of an answer. */
static bool is_strange(struct client *client)
{
	switch (client->server->flaws.strange) {
	case CLOSES:
		flawed_drop(client, false);
		return true;
	case RESETS:
		flawed_drop(client, true);
		return true;
	case STAYS_SILENT:
		client->is_deaf = true;
		return true;
	default:
		return false;
	}
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
			flawed_refuse(client, DECRYPT_ERROR);
		}
		return !padded.is_start_right;
	case ROBOT_WEAKLY:
		if (!padded.is_right) {
			flawed_refuse(client, ILLEGAL_PARAMETER);
		}
		return !padded.is_right;
	case ROBOT_BY_SILENCE:
		client->is_deaf = !padded.is_start_right;
		return !padded.is_start_right;
	case ROBOT_BY_DUPLICATE:
		if (!padded.is_start_right) {
			say_alert(client, BAD_RECORD_MAC);
			flawed_refuse(client, BAD_RECORD_MAC);
		}
		return !padded.is_start_right;
	case ROBOT_BY_RESET:
		flawed_drop(client, !padded.is_right);
		return true;
	case ROBOT_IN_SHORT:
		if (!is_followed && !padded.is_right) {
			flawed_refuse(client, DECRYPT_ERROR);
		}
		return !is_followed && !padded.is_right;
	case ROBOT_BY_CHANCE:
		flawed_refuse(client, client->server->exchanges++ % 3 == 0 ? DECRYPT_ERROR
									   : BAD_RECORD_MAC);
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
		flawed_refuse(client, ILLEGAL_PARAMETER);
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

	flawed_say_message(client, NEW_TICKET, (struct span){ body, sizeof body });
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
	flawed_say_record(client, CHANGE_CIPHER, (struct span){ change, 1 });
	client->is_writing_sealed = true;
	flawed_say_message(client, FINISHED, (struct span){ verify, sizeof verify });
	if (client->server->flaws.greets) {
		flawed_say_record(client, DATA, (struct span){ greeting, sizeof greeting - 1 });
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
		flawed_refuse(client, BAD_RECORD_MAC);
		return;
	}
	switch (head >> 24) {
	case CLIENT_HELLO:
		assert_int_equal(buffer_append(&client->transcript, bytes), 0);
		flawed_take_hello(client, body);
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
		flawed_refuse(client, UNEXPECTED_MESSAGE);
		break;
	}
}

static void answer_request(struct client *client)
{
	static const uint8_t http[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	static const uint8_t farewell[] = "* BYE\r\n";

	if (client->server->flaws.greets) {
		flawed_say_record(client, DATA, (struct span){ farewell, sizeof farewell - 1 });
	} else {
		flawed_say_record(client, DATA, (struct span){ http, sizeof http - 1 });
	}
	flawed_refuse(client, CLOSE_NOTIFY);
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
			flawed_refuse(client, DECRYPTION_FAILED);
			return;
		}
		break;
	case PADDING_IS_TOLD_IF_EMPTY:
		if (plain->is_long_enough && plain->content.len == 0) {
			flawed_drop(client, false);
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
		flawed_refuse(client, BAD_RECORD_MAC);
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
		flawed_drop(client, false);
	} else if (!flaws->takes_early_change) {
		flawed_refuse(client, UNEXPECTED_MESSAGE);
	} else if (client->took_change) {
		flawed_refuse(client, DECRYPTION_FAILED); /* the second one is no whole block */
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
	flawed_say_record(client, HEARTBEAT, (struct span){ bytes, 3 + claimed + 16 });
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
			flawed_refuse(client, BAD_RECORD_MAC);
		} else if (type == HANDSHAKE) {
			take_handshake(client, plain.content, false);
		} else {
			flawed_drop(client, false);
		}
	} else if (type == HANDSHAKE) {
		take_handshake(client, payload, is_followed);
	} else if (type == HEARTBEAT) {
		take_heartbeat(client, payload);
	} else {
		flawed_drop(client, false);
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
			flawed_take_ssl2(client);
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
		flawed_drop(client, false);
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
		flawed_drop(&s->clients[i], false);
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
