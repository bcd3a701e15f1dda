/* cookie.c - SipHash-2-4, and what of it goes where. */
#include "scan/discovery/cookie.h"

#include "base/mem.h"

static uint64_t little_endian(const uint8_t *bytes, size_t len)
{
	uint64_t value = 0;

	for (size_t i = len; i > 0; i--) {
		value = value << 8 | bytes[i - 1];
	}
	return value;
}

static uint64_t rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static void take(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	sip_round(v);
	v[0] ^= word;
}

uint64_t cookie_siphash(const struct cookie_key *key, const uint8_t *bytes, size_t len)
{
	uint64_t v[4] = {
		key->low ^ UINT64_C(0x736f6d6570736575),
		key->high ^ UINT64_C(0x646f72616e646f6d),
		key->low ^ UINT64_C(0x6c7967656e657261),
		key->high ^ UINT64_C(0x7465646279746573),
	};
	size_t at = 0;

	for (; at + 8 <= len; at += 8) {
		take(v, little_endian(bytes + at, 8));
	}
	take(v, little_endian(bytes + at, len - at) | (uint64_t)len << 56);
	v[2] ^= 0xff;
	for (unsigned i = 0; i < 4; i++) {
		sip_round(v);
	}
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct cookie_key cookie_key_from(const uint8_t bytes[COOKIE_KEY_SIZE])
{
	return (struct cookie_key){ little_endian(bytes, 8), little_endian(bytes + 8, 8) };
}

struct cookie cookie_of(const struct cookie_key *key, const struct address *address,
			enum transport transport, uint16_t port, unsigned pass)
{
	uint8_t about[ADDRESS_SIZE + 4];
	uint64_t hash;

	mem_copy(about, address->bytes, ADDRESS_SIZE);
	about[ADDRESS_SIZE] = (uint8_t)transport;
	about[ADDRESS_SIZE + 1] = (uint8_t)(port >> 8);
	about[ADDRESS_SIZE + 2] = (uint8_t)port;
	about[ADDRESS_SIZE + 3] = (uint8_t)pass;
	hash = cookie_siphash(key, about, sizeof about);
	return (struct cookie){
		.sequence = (uint32_t)hash,
		.source_port = (uint16_t)(COOKIE_PORT_FIRST + pass * COOKIE_PORTS_EACH +
					  (hash >> 32 & (COOKIE_PORTS_EACH - 1))),
		.ip_id = (uint16_t)(hash >> 48),
	};
}

unsigned cookie_pass(uint16_t source_port)
{
	return source_port < COOKIE_PORT_FIRST
		       ? COOKIE_PASSES
		       : (source_port - COOKIE_PORT_FIRST) / COOKIE_PORTS_EACH;
}
