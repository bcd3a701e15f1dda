/* tls_server.c - RFC 5246, 7.4; RFC 8446, 4.1.3; RFC 8422, 5.4; the draft of SSLv2. */
#include "formats/tls_server.h"

#include "base/error.h"

/* RFC 8446, 4.1.3: SHA-256 of "HelloRetryRequest". */
static const uint8_t retry_random[32] = { 0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11,
					  0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
					  0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E,
					  0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C };

static const uint8_t sentinel_tls12[8] = { 'D', 'O', 'W', 'N', 'G', 'R', 'D', 1 };
static const uint8_t sentinel_tls11[8] = { 'D', 'O', 'W', 'N', 'G', 'R', 'D', 0 };

enum { CURVE_NAMED = 3, STATUS_OCSP = 1, SSL2_ERROR = 0, SSL2_SERVER_HELLO = 4 };

int tls_record_next(struct reader *r, struct tls_record *out)
{
	struct reader ahead = *r;
	struct tls_record record = { 0 };
	size_t len;

	if (reader_left(r) == 0) {
		return ERR_AGAIN;
	}
	record.type = reader_u8(&ahead);
	if (record.type < TLS_RECORD_CHANGE_CIPHER || record.type > TLS_RECORD_HEARTBEAT) {
		return ERR_MALFORMED;
	}
	if (reader_left(&ahead) > 0 && reader_peek(&ahead) != 3) {
		return ERR_MALFORMED;
	}
	if (reader_left(&ahead) < 4) {
		return ERR_AGAIN;
	}
	record.version = reader_be16(&ahead);
	len = reader_be16(&ahead);
	if (len > TLS_RECORD_MAX) {
		return ERR_MALFORMED;
	}
	if (reader_left(&ahead) < len) {
		return ERR_AGAIN;
	}
	record.payload = reader_bytes(&ahead, len);
	*r = ahead;
	*out = record;
	return 0;
}

static size_t read_be24(struct reader *r)
{
	size_t high = reader_u8(r);

	return high << 16 | reader_be16(r);
}

int tls_message_next(struct reader *r, struct tls_message *out)
{
	struct reader ahead = *r;
	struct tls_message message = { 0 };
	size_t len;

	if (reader_left(r) < 4) {
		return ERR_AGAIN;
	}
	message.type = reader_u8(&ahead);
	len = read_be24(&ahead);
	if (len > TLS_MESSAGE_MAX) {
		return ERR_LIMIT;
	}
	if (reader_left(&ahead) < len) {
		return ERR_AGAIN;
	}
	message.body = reader_bytes(&ahead, len);
	*r = ahead;
	*out = message;
	return 0;
}

static void take_alpn(struct reader *r, struct tls_server_hello *hello)
{
	reader_be16(r);
	hello->alpn = reader_bytes(r, reader_u8(r));
}

/* Fails the reader where the extension is not what its standard says. */
static void take_extension(unsigned type, struct reader *r, struct tls_server_hello *hello)
{
	switch (type) {
	case 0:
		hello->has_server_name = true;
		break;
	case 5:
		hello->has_staple = true;
		break;
	case 15:
		hello->has_heartbeat = true;
		break;
	case 16:
		take_alpn(r, hello);
		break;
	case 18:
		hello->scts = reader_rest(r);
		break;
	case 22:
		hello->has_encrypt_then_mac = true;
		break;
	case 23:
		hello->has_extended_master = true;
		break;
	case 35:
		hello->has_ticket = true;
		break;
	case 43:
		hello->version = reader_be16(r);
		break;
	case 51:
		hello->group = reader_be16(r);
		break;
	case 0xff01:
		hello->has_renegotiation = true;
		break;
	default:
		break;
	}
}

static int take_extensions(struct reader *r, struct tls_server_hello *hello)
{
	struct reader all = reader_over(reader_bytes(r, reader_be16(r)));
	unsigned count = 0;

	while (reader_left(&all) > 0) {
		unsigned type = reader_be16(&all);
		struct reader body = reader_over(reader_bytes(&all, reader_be16(&all)));

		if (!reader_ok(&all)) {
			return ERR_MALFORMED;
		}
		if (++count > TLS_SERVER_EXTENSIONS_MAX) {
			return ERR_LIMIT;
		}
		take_extension(type, &body, hello);
		if (!reader_ok(&body)) {
			return ERR_MALFORMED;
		}
	}
	return reader_done(r) ? 0 : ERR_MALFORMED;
}

static enum tls_sentinel sentinel_of(struct span random)
{
	struct span end = span_after(random, 24);

	if (span_equal(end, (struct span){ sentinel_tls12, sizeof sentinel_tls12 })) {
		return TLS_SENTINEL_TLS12;
	}
	if (span_equal(end, (struct span){ sentinel_tls11, sizeof sentinel_tls11 })) {
		return TLS_SENTINEL_TLS11;
	}
	return TLS_SENTINEL_NONE;
}

int tls_server_hello_parse(struct span body, struct tls_server_hello *out)
{
	struct reader r = reader_over(body);
	struct tls_server_hello hello = { 0 };
	int error;

	hello.version = reader_be16(&r);
	hello.random = reader_bytes(&r, 32);
	hello.session_id = reader_bytes(&r, reader_u8(&r));
	hello.suite = reader_be16(&r);
	hello.compression = reader_u8(&r);
	if (!reader_ok(&r) || hello.session_id.len > 32 || hello.version >> 8 != 3) {
		return ERR_MALFORMED;
	}
	hello.is_retry =
		span_equal(hello.random, (struct span){ retry_random, sizeof retry_random });
	hello.sentinel = sentinel_of(hello.random);
	if (reader_left(&r) > 0) {
		error = take_extensions(&r, &hello);
		if (error != 0) {
			return error;
		}
	}
	*out = hello;
	return 0;
}

int tls_certificates_over(struct span body, struct tls_certificates *out)
{
	struct reader r = reader_over(body);
	struct reader list = reader_over(reader_bytes(&r, read_be24(&r)));
	struct tls_certificates it = { .rest = list };

	if (!reader_done(&r)) {
		return ERR_MALFORMED;
	}
	while (reader_left(&list) > 0) {
		reader_bytes(&list, read_be24(&list));
	}
	if (!reader_ok(&list)) {
		return ERR_MALFORMED;
	}
	*out = it;
	return 0;
}

bool tls_certificates_next(struct tls_certificates *it, struct span *der)
{
	struct span certificate;

	if (reader_left(&it->rest) == 0 || ++it->seen > TLS_CERTIFICATES_MAX) {
		return false;
	}
	certificate = reader_bytes(&it->rest, read_be24(&it->rest));
	if (!reader_ok(&it->rest)) {
		return false;
	}
	*der = certificate;
	return true;
}

static struct span without_zeros(struct span number)
{
	while (number.len > 0 && number.ptr[0] == 0) {
		number = span_after(number, 1);
	}
	return number;
}

static struct span read_number(struct reader *r)
{
	return without_zeros(reader_bytes(r, reader_be16(r)));
}

unsigned tls_number_bits(struct span number)
{
	unsigned bits;

	number = without_zeros(number);
	if (number.len == 0) {
		return 0;
	}
	bits = (unsigned)(number.len - 1) * 8;
	for (unsigned top = number.ptr[0]; top > 0; top >>= 1) {
		bits++;
	}
	return bits;
}

static void read_ecdhe(struct reader *r, struct tls_key_exchange *kex)
{
	if (reader_u8(r) != CURVE_NAMED) {
		/* explicit curves: RFC 8422 forbids them, old servers could; nothing is known */
		reader_rest(r);
		return;
	}
	kex->group = reader_be16(r);
	kex->public_key = reader_bytes(r, reader_u8(r));
}

int tls_key_exchange_parse(struct span body, enum tls_exchange exchange, bool has_hint,
			   uint16_t version, struct tls_key_exchange *out)
{
	struct reader r = reader_over(body);
	struct tls_key_exchange kex = { 0 };

	if (has_hint) {
		reader_bytes(&r, reader_be16(&r));
	}
	if (exchange == TLS_EXCHANGE_ECDHE) {
		read_ecdhe(&r, &kex);
	} else if (exchange == TLS_EXCHANGE_DHE) {
		kex.prime = read_number(&r);
		kex.generator = read_number(&r);
		kex.public_key = read_number(&r);
	} else {
		kex.modulus = read_number(&r);
		read_number(&r);
	}
	if (!reader_ok(&r)) {
		return ERR_MALFORMED;
	}
	if (version >= 0x0303 && reader_left(&r) > 0) { /* anonymous suites sign nothing */
		kex.scheme = reader_be16(&r);
	}
	if (reader_left(&r) > 0) {
		reader_bytes(&r, reader_be16(&r));
	}
	if (!reader_done(&r)) {
		return ERR_MALFORMED;
	}
	*out = kex;
	return 0;
}

int tls_certificate_status_parse(struct span body, struct span *der)
{
	struct reader r = reader_over(body);
	unsigned type = reader_u8(&r);
	struct span response = reader_bytes(&r, read_be24(&r));

	if (!reader_done(&r) || type != STATUS_OCSP) {
		return ERR_MALFORMED;
	}
	*der = response;
	return 0;
}

/* Two bytes of length, or three with padding; the highest bit tells which. */
static int ssl2_record(struct span bytes, struct reader *out)
{
	struct reader r = reader_over(bytes);
	size_t len;

	if (reader_left(&r) < 3) {
		return ERR_AGAIN;
	}
	len = reader_be16(&r);
	if (len & 0x8000) {
		len &= 0x7fff;
	} else {
		len &= 0x3fff;
		reader_u8(&r);
	}
	if (len == 0 || len > TLS_RECORD_MAX) {
		return ERR_MALFORMED;
	}
	if (reader_left(&r) < len) {
		return ERR_AGAIN;
	}
	*out = reader_over(reader_bytes(&r, len));
	return 0;
}

int ssl2_server_hello_parse(struct span bytes, struct ssl2_server_hello *out)
{
	struct ssl2_server_hello hello = { 0 };
	struct reader r;
	size_t certificate_len;
	size_t kinds_len;
	size_t id_len;
	unsigned type;
	int error;

	if (bytes.len >= 3 && (bytes.ptr[0] & 0x80) != 0 && bytes.ptr[2] != SSL2_SERVER_HELLO &&
	    bytes.ptr[2] != SSL2_ERROR) {
		return ERR_MALFORMED; /* before waiting for a length that means nothing */
	}
	if (bytes.len >= 2 && bytes.ptr[0] >= TLS_RECORD_CHANGE_CIPHER &&
	    bytes.ptr[0] <= TLS_RECORD_HEARTBEAT && bytes.ptr[1] == 3) {
		return ERR_MALFORMED; /* a record of SSLv3 or TLS */
	}
	error = ssl2_record(bytes, &r);
	if (error != 0) {
		return error;
	}
	type = reader_u8(&r);
	if (type == SSL2_ERROR && reader_left(&r) == 2) {
		*out = (struct ssl2_server_hello){ .version = 2, .is_error = true };
		return 0;
	}
	reader_be16(&r); /* session hit, certificate type */
	hello.version = reader_be16(&r);
	certificate_len = reader_be16(&r);
	kinds_len = reader_be16(&r);
	id_len = reader_be16(&r);
	hello.certificate = reader_bytes(&r, certificate_len);
	hello.kinds = reader_bytes(&r, kinds_len);
	reader_bytes(&r, id_len);
	if (!reader_ok(&r) || type != SSL2_SERVER_HELLO || hello.version != 2 ||
	    kinds_len % 3 != 0) {
		return ERR_MALFORMED;
	}
	*out = hello;
	return 0;
}
