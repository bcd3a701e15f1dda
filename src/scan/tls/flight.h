/*
 * flight.h - gathers a server's first flight as it arrives, and says when it is whole.
 *
 * Each byte is looked at once, however small the pieces are; memory is bounded by
 * TLS_FLIGHT_MAX.
 */
#pragma once

#include "formats/tls_server.h"
#include "sys/buffer.h"

#define TLS_FLIGHT_MAX          (192 * 1024)
#define TLS_FLIGHT_MESSAGES_MAX 16
#define TLS_FLIGHT_RECORDS_MAX  2048

enum tls_flight_state {
	TLS_FLIGHT_MORE,
	TLS_FLIGHT_WHOLE,  /* all that is in the clear */
	TLS_FLIGHT_ALERT,  /* refused; messages may have come before */
	TLS_FLIGHT_BROKEN, /* no TLS, or beyond a limit */
};

/* Fields are read through the functions; alert_ and hello are for all. */
struct tls_flight {
	enum tls_flight_state state;
	uint8_t alert_level;
	uint8_t alert;
	bool is_plain_http; /* the bytes begin as an answer of HTTP */
	bool has_hello;
	uint16_t record_version;   /* of the first record */
	uint32_t certificates_cut; /* octets of a Certificate message that is too long to take */
	struct tls_server_hello hello; /* borrows from messages */
	struct buffer messages;
	size_t walked; /* bytes of messages that were seen whole */
	unsigned records;
	unsigned count;
	struct {
		uint8_t type;
		size_t start;
		size_t len;
	} found[TLS_FLIGHT_MESSAGES_MAX];
};

void tls_flight_init(struct tls_flight *flight);
void tls_flight_done(struct tls_flight *flight);

/* Takes whole records; returns how many bytes. Sets the state. */
size_t tls_flight_take(struct tls_flight *flight, struct span bytes);

/* The body of the first message of a type; false where it came not. Valid while nothing more is
 * taken. */
bool tls_flight_message(const struct tls_flight *flight, enum tls_message_type type,
			struct span *body);
