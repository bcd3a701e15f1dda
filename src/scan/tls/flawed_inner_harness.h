/*
 * flawed_inner_harness.h - a client of the flawed server, and what its two halves say to it.
 *
 * A client may be gone (fd below 0) after any of these; nothing more is sent to it then.
 */
#pragma once

#include "scan/tls/flawed_harness.h"
#include "scan/tls/flawed_keys_harness.h"
#include "sys/buffer.h"

#define CLIENTS_MAX 64

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

/* Closes, or resets. */
void flawed_drop(struct client *client, bool is_reset);

/* Bytes as they are; a record, sealed once keys are in use; a handshake message, which joins the
 * transcript; a fatal alert, and the end. */
void flawed_say(struct client *client, struct span bytes);
void flawed_say_record(struct client *client, uint8_t type, struct span payload);
void flawed_say_message(struct client *client, uint8_t type, struct span body);
void flawed_refuse(struct client *client, uint8_t description);

/* ClientHello's body, and SSLv2's CLIENT-HELLO: answers with a first flight. */
void flawed_take_hello(struct client *client, struct span body);
void flawed_take_ssl2(struct client *client);
