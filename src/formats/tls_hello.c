/* tls_hello.c - the structures of RFC 8446, 4.1.2, in their order. */
#include "formats/tls_hello.h"

#include "base/error.h"

enum {
	RECORD_HANDSHAKE = 22,
	MESSAGE_CLIENT_HELLO = 1,
	SSL2_CLIENT_HELLO = 1,
	SSL2_TWO_BYTE_HEADER = 0x8000,
};

/* RFC 8701: one of the reserved values will do for all. */
#define GREASE       0x3a3a
#define GREASE_OTHER 0x5a5a

enum extension {
	EXTENSION_SERVER_NAME = 0,
	EXTENSION_STATUS_REQUEST = 5,
	EXTENSION_GROUPS = 10,
	EXTENSION_POINT_FORMATS = 11,
	EXTENSION_SCHEMES = 13,
	EXTENSION_HEARTBEAT = 15,
	EXTENSION_ALPN = 16,
	EXTENSION_SCTS = 18,
	EXTENSION_ENCRYPT_THEN_MAC = 22,
	EXTENSION_EXTENDED_MASTER = 23,
	EXTENSION_TICKET = 35,
	EXTENSION_VERSIONS = 43,
	EXTENSION_PSK_MODES = 45,
	EXTENSION_KEY_SHARE = 51,
	EXTENSION_RENEGOTIATION = 0xff01,
};

/* Reserves a length of two bytes; close_length() fills it in. */
static size_t open_length(struct writer *w)
{
	writer_be16(w, 0);
	return writer_used(w);
}

static void close_length(struct writer *w, size_t start)
{
	size_t len = writer_used(w) - start;

	if (!writer_ok(w)) {
		return;
	}
	w->buffer[start - 2] = (uint8_t)(len >> 8);
	w->buffer[start - 1] = (uint8_t)len;
}

static void write_numbers(struct writer *w, const uint16_t *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		writer_be16(w, numbers[i]);
	}
}

static void write_empty(struct writer *w, uint16_t type)
{
	writer_be16(w, type);
	writer_be16(w, 0);
}

static void write_server_name(const char *name, struct writer *w)
{
	size_t extension;
	size_t list;
	size_t host;

	writer_be16(w, EXTENSION_SERVER_NAME);
	extension = open_length(w);
	list = open_length(w);
	writer_u8(w, 0); /* host_name */
	host = open_length(w);
	writer_text(w, name);
	close_length(w, host);
	close_length(w, list);
	close_length(w, extension);
}

static void write_list(struct writer *w, uint16_t type, const uint16_t *numbers, size_t count,
		       bool is_greased)
{
	size_t extension;
	size_t list;

	writer_be16(w, type);
	extension = open_length(w);
	list = open_length(w);
	if (is_greased) {
		writer_be16(w, GREASE);
	}
	write_numbers(w, numbers, count);
	close_length(w, list);
	close_length(w, extension);
}

static void write_versions(const struct tls_hello *hello, struct writer *w)
{
	size_t greased = hello->flags & TLS_HELLO_GREASE ? 1 : 0;
	size_t extension;

	writer_be16(w, EXTENSION_VERSIONS);
	extension = open_length(w);
	writer_u8(w, (uint8_t)(2 * (hello->version_count + greased)));
	if (greased > 0) {
		writer_be16(w, GREASE);
	}
	write_numbers(w, hello->versions, hello->version_count);
	close_length(w, extension);
}

static void write_status_request(struct writer *w)
{
	writer_be16(w, EXTENSION_STATUS_REQUEST);
	writer_be16(w, 5);
	writer_u8(w, 1);   /* ocsp */
	writer_be16(w, 0); /* no responders named */
	writer_be16(w, 0); /* no extensions */
}

static void write_alpn(struct span protocols, struct writer *w)
{
	writer_be16(w, EXTENSION_ALPN);
	writer_be16(w, (uint16_t)(protocols.len + 2));
	writer_be16(w, (uint16_t)protocols.len);
	writer_bytes(w, protocols);
}

static void write_flagged(const struct tls_hello *hello, struct writer *w)
{
	unsigned flags = hello->flags;

	if (flags & TLS_HELLO_STAPLE) {
		write_status_request(w);
	}
	if (flags & TLS_HELLO_SCTS) {
		write_empty(w, EXTENSION_SCTS);
	}
	if (flags & TLS_HELLO_EXTENDED_MASTER) {
		write_empty(w, EXTENSION_EXTENDED_MASTER);
	}
	if (flags & TLS_HELLO_ENCRYPT_THEN_MAC) {
		write_empty(w, EXTENSION_ENCRYPT_THEN_MAC);
	}
	if (flags & TLS_HELLO_TICKET) {
		writer_be16(w, EXTENSION_TICKET);
		writer_be16(w, (uint16_t)hello->ticket.len);
		writer_bytes(w, hello->ticket);
	}
	if (flags & TLS_HELLO_HEARTBEAT) {
		writer_be16(w, EXTENSION_HEARTBEAT);
		writer_be16(w, 1);
		writer_u8(w, 1); /* peer_allowed_to_send */
	}
	if (flags & TLS_HELLO_RENEGOTIATION) {
		writer_be16(w, EXTENSION_RENEGOTIATION);
		writer_be16(w, 1);
		writer_u8(w, 0);
	}
	if (flags & TLS_HELLO_POINT_FORMATS) {
		writer_be16(w, EXTENSION_POINT_FORMATS);
		writer_be16(w, 2);
		writer_u8(w, 1);
		writer_u8(w, 0); /* uncompressed */
	}
}

static void write_extensions(const struct tls_hello *hello, struct writer *w)
{
	bool is_greased = (hello->flags & TLS_HELLO_GREASE) != 0;
	size_t all = open_length(w);

	if (is_greased) {
		write_empty(w, GREASE);
	}
	if (hello->server_name != NULL) {
		write_server_name(hello->server_name, w);
	}
	if (hello->group_count > 0) {
		write_list(w, EXTENSION_GROUPS, hello->groups, hello->group_count, is_greased);
	}
	if (hello->scheme_count > 0) {
		write_list(w, EXTENSION_SCHEMES, hello->schemes, hello->scheme_count, false);
	}
	if (hello->alpn.len > 0) {
		write_alpn(hello->alpn, w);
	}
	write_flagged(hello, w);
	if (hello->version_count > 0) {
		write_versions(hello, w);
		writer_be16(w, EXTENSION_PSK_MODES);
		writer_be16(w, 2);
		writer_u8(w, 1);
		writer_u8(w, 1); /* psk_dhe_ke */
	}
	if (hello->flags & TLS_HELLO_EMPTY_KEY_SHARE) {
		writer_be16(w, EXTENSION_KEY_SHARE);
		writer_be16(w, 2);
		writer_be16(w, 0);
	}
	if (is_greased) {
		/* last, and not empty: some servers fail on an empty last extension (RFC 7685) */
		writer_be16(w, GREASE_OTHER);
		writer_be16(w, 1);
		writer_u8(w, 0);
	}
	close_length(w, all);
}

int tls_hello_write_message(const struct tls_hello *hello, struct writer *w)
{
	size_t body;
	size_t suites;

	writer_u8(w, MESSAGE_CLIENT_HELLO);
	writer_u8(w, 0);
	body = open_length(w);
	writer_be16(w, hello->version);
	writer_bytes(w, (struct span){ hello->random, sizeof hello->random });
	writer_u8(w, (uint8_t)hello->session_id.len);
	writer_bytes(w, hello->session_id);
	suites = open_length(w);
	if (hello->flags & TLS_HELLO_GREASE) {
		writer_be16(w, GREASE);
	}
	write_numbers(w, hello->suites, hello->suite_count);
	close_length(w, suites);
	if (hello->flags & TLS_HELLO_COMPRESSION) {
		writer_u8(w, 2);
		writer_u8(w, 1); /* DEFLATE (RFC 3749) */
	} else {
		writer_u8(w, 1);
	}
	writer_u8(w, 0);
	if ((hello->flags & TLS_HELLO_NO_EXTENSIONS) == 0) {
		write_extensions(hello, w);
	}
	close_length(w, body);
	return writer_ok(w) ? 0 : ERR_FULL;
}

int tls_hello_write(const struct tls_hello *hello, struct writer *w)
{
	size_t payload;
	int error;

	writer_u8(w, RECORD_HANDSHAKE);
	writer_be16(w, hello->record_version);
	payload = open_length(w);
	error = tls_hello_write_message(hello, w);
	if (error == 0) {
		close_length(w, payload);
	}
	return error;
}

int tls_hello_write_ssl2(struct span challenge, const uint32_t *kinds, size_t count,
			 struct writer *w)
{
	size_t len = 9 + 3 * count + challenge.len;

	writer_be16(w, (uint16_t)(SSL2_TWO_BYTE_HEADER | len));
	writer_u8(w, SSL2_CLIENT_HELLO);
	writer_be16(w, 0x0002);
	writer_be16(w, (uint16_t)(3 * count));
	writer_be16(w, 0); /* no session to resume */
	writer_be16(w, (uint16_t)challenge.len);
	for (size_t i = 0; i < count; i++) {
		writer_u8(w, (uint8_t)(kinds[i] >> 16));
		writer_be16(w, (uint16_t)kinds[i]);
	}
	writer_bytes(w, challenge);
	return writer_ok(w) ? 0 : ERR_FULL;
}
