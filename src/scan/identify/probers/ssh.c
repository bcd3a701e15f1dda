/*
 * ssh.c - SSH (RFC 4253): identification, then the first half of a key exchange, for the host key.
 *
 * The server answers our half of a Diffie-Hellman exchange with its key before anybody logs in. We
 * never finish: the secret is neither computed nor needed. Our half is the same packet for
 * curve25519 (RFC 8731) and for the groups of old servers (RFC 4253 section 8): 32 bytes that are a
 * point there and a number between 1 and p-1 here.
 */
#include "base/sha256.h"
#include "formats/base64.h"
#include "scan/identify/probers/words.h"

#define PACKET_MAX   35000u
#define PACKETS_MAX  8u
#define KEXINIT      20u
#define ECDH_INIT    30u
#define ECDH_REPLY   31u
#define COOKIE_SIZE  16u
#define POINT_SIZE   32u
#define KEY_TYPE_MAX 64u
#define KEY_MAX      8192u /* bytes of a number */

#define CIPHERS                                                                                    \
	"aes128-ctr,aes256-ctr,chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes128-cbc,"   \
	"3des-cbc"
#define MACS "hmac-sha2-256,hmac-sha2-512,hmac-sha1,hmac-md5"

static const char *const lists[] = {
	("curve25519-sha256,curve25519-sha256@libssh.org,diffie-hellman-group14-sha256,"
	 "diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,diffie-hellman-group14-sha1,"
	 "diffie-hellman-group1-sha1"),
	NULL, /* key_types, without those that it showed already */
	(CIPHERS),
	(CIPHERS),
	(MACS),
	(MACS),
	"none",
	"none",
	"",
	"",
};

/* Names of how a host key signs, and of the key. A server shows one key in an exchange: each of its
 * types takes a connection of its own. */
static const struct {
	const char *algorithm;
	const char *type;
} key_types[] = {
	{ "ssh-ed25519", "ssh-ed25519" },
	{ "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256" },
	{ "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384" },
	{ "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521" },
	{ "rsa-sha2-512", "ssh-rsa" },
	{ "rsa-sha2-256", "ssh-rsa" },
	{ "ssh-rsa", "ssh-rsa" },
	{ "ssh-ed448", "ssh-ed448" },
	{ "ssh-dss", "ssh-dss" },
};

static bool is_shown(const struct service_facts *facts, const char *type)
{
	for (size_t i = 0; i < facts->count; i++) {
		struct span text = facts_text(facts, i);

		if (span_is(span_of(facts->facts[i].kind), "ssh.host_key") &&
		    span_is(span_first(text, span_find(text, ' ')), type)) {
			return true;
		}
	}
	return false;
}

static void write_key_types(const struct service_facts *facts, struct writer *w)
{
	bool is_first = true;

	for (size_t i = 0; i < COUNT_OF(key_types); i++) {
		if (!is_shown(facts, key_types[i].type)) {
			writer_text(w, is_first ? "" : ",");
			writer_text(w, key_types[i].algorithm);
			is_first = false;
		}
	}
}

static bool is_listed(struct span list, const char *name)
{
	struct reader r = reader_over(list);

	while (reader_left(&r) > 0) {
		if (span_is(reader_until(&r, ','), name)) {
			return true;
		}
	}
	return false;
}

/* It has a key of another type; and it showed one: it will not refuse to do so again. */
static bool ssh_again(const struct service_facts *facts)
{
	struct span types = facts_find(facts, "ssh.host_key_types");

	for (size_t i = 0; i < COUNT_OF(key_types) && facts_find(facts, "ssh.host_key").len > 0;
	     i++) {
		if (is_listed(types, key_types[i].algorithm) &&
		    !is_shown(facts, key_types[i].type)) {
			return true;
		}
	}
	return false;
}

/* Section 6: lengths, payload, padding to 8 bytes, at least 4. */
static void write_packet(struct writer *say, struct span payload)
{
	size_t padding = 8 - (5 + payload.len) % 8;

	padding += padding < 4 ? 8 : 0;
	writer_be32(say, (uint32_t)(1 + payload.len + padding));
	writer_u8(say, (uint8_t)padding);
	writer_bytes(say, payload);
	for (size_t i = 0; i < padding; i++) {
		writer_u8(say, 0);
	}
}

static void ask_key(const struct probe_view *view, const struct service_facts *facts,
		    struct writer *say)
{
	uint8_t types[512];
	uint8_t payload[1536];
	struct writer w = writer_over(payload, sizeof payload);

	writer_text(say, "SSH-2.0-bartizan ");
	writer_text(say, view->contact->text); /* a comment (section 4.2) */
	writer_text(say, "\r\n");
	writer_u8(&w, KEXINIT);
	writer_be64(&w, 0);
	writer_be64(&w, 0);
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		struct writer list = writer_over(types, sizeof types);

		if (lists[i] != NULL) {
			writer_text(&list, lists[i]);
		} else {
			write_key_types(facts, &list);
		}
		writer_be32(&w, (uint32_t)writer_used(&list));
		writer_bytes(&w, writer_span(&list));
	}
	writer_u8(&w, 0);
	writer_be32(&w, 0);
	write_packet(say, writer_span(&w));

	w = writer_over(payload, sizeof payload);
	writer_u8(&w, ECDH_INIT);
	writer_be32(&w, POINT_SIZE);
	for (unsigned i = 0; i < POINT_SIZE; i++) {
		writer_u8(&w, 9); /* as good as any: nothing is to be secret */
	}
	write_packet(say, writer_span(&w));
}

/* Bits of a number as SSH writes it: big endian, a zero first where the sign would show. */
static unsigned bits_of(struct span number)
{
	unsigned bits;

	while (number.len > 0 && number.ptr[0] == 0) {
		number = span_after(number, 1);
	}
	bits = number.len > KEY_MAX ? 0 : 8 * (unsigned)number.len;
	for (unsigned top = 0x80; bits > 0 && (number.ptr[0] & top) == 0; top >>= 1) {
		bits--;
	}
	return bits;
}

/* As ssh-keygen -l says it; 0 where the type is not known. key: behind the type's name. */
static unsigned size_of(struct span type, struct reader key)
{
	static const struct {
		const char *type;
		unsigned bits;
	} fixed[] = { { "ssh-ed25519", 256 },
		      { "ssh-ed448", 456 },
		      { "ecdsa-sha2-nistp256", 256 },
		      { "ecdsa-sha2-nistp384", 384 },
		      { "ecdsa-sha2-nistp521", 521 } };

	for (size_t i = 0; i < COUNT_OF(fixed); i++) {
		if (span_is(type, fixed[i].type)) {
			return fixed[i].bits;
		}
	}
	if (span_is(type, "ssh-rsa")) { /* RFC 4253 section 6.6: exponent, modulus */
		(void)reader_bytes(&key, reader_be32(&key));
	} else if (!span_is(type, "ssh-dss")) { /* p first */
		return 0;
	}
	return bits_of(reader_bytes(&key, reader_be32(&key)));
}

/* "ssh-ed25519 SHA256:... 256", as ssh-keygen -l shows them; without the size where it is not
 * known. */
static void tell_key(struct span key, struct service_facts *facts)
{
	uint8_t digest[SHA256_SIZE];
	uint8_t text[KEY_TYPE_MAX + 64];
	struct writer w = writer_over(text, sizeof text);
	struct reader r = reader_over(key);
	struct span type = reader_bytes(&r, reader_be32(&r));
	unsigned bits;

	if (!reader_ok(&r) || type.len > KEY_TYPE_MAX) {
		return;
	}
	sha256_of(key, digest);
	writer_bytes(&w, type);
	writer_text(&w, " SHA256:");
	base64_encode((struct span){ digest, sizeof digest }, &w);
	bits = size_of(type, r);
	if (bits > 0) {
		writer_u8(&w, ' ');
		writer_decimal(&w, bits);
	}
	facts_add(facts, "ssh.host_key", writer_span(&w));
}

/* True once the key came, or the other side ended it. */
static bool tell_packets(struct span bytes, struct service_facts *facts)
{
	struct reader r = reader_over(bytes);

	for (unsigned i = 0; i < PACKETS_MAX; i++) {
		uint32_t len = reader_be32(&r);
		struct reader packet;
		uint8_t kind;

		if (len > PACKET_MAX || (reader_ok(&r) && len < 2)) {
			return true; /* nothing we could read */
		}
		packet = reader_over(reader_bytes(&r, len));
		if (!reader_ok(&r)) {
			return false;
		}
		(void)reader_u8(&packet);
		kind = reader_u8(&packet);
		if (kind == KEXINIT) {
			(void)reader_bytes(&packet, COOKIE_SIZE);
			facts_add(facts, "ssh.key_exchange",
				  reader_bytes(&packet, reader_be32(&packet)));
			facts_add(facts, "ssh.host_key_types",
				  reader_bytes(&packet, reader_be32(&packet)));
		} else if (kind == ECDH_REPLY) {
			tell_key(reader_bytes(&packet, reader_be32(&packet)), facts);
			return true;
		} else if (kind == 1) { /* disconnect */
			return true;
		}
	}
	return true;
}

static enum probe_verdict ssh_read(const struct probe_view *view, struct service_facts *facts,
				   struct writer *say)
{
	struct reader r = reader_over(view->bytes);
	struct reader fields;
	struct span line;
	struct span version;

	/* other lines may come first, which no server in use sends */
	if (!words_may_start(view->bytes, "SSH-")) {
		return PROBE_NOT;
	}
	if (!words_line(&r, &line)) {
		return view->bytes.len > WORDS_LINE_MAX ? PROBE_NOT : probe_wait(view);
	}
	fields = reader_over(line);
	(void)reader_until(&fields, '-');
	version = reader_until(&fields, '-');
	facts_add(facts, "ssh.banner", reader_rest(&fields));
	facts_add(facts, "ssh.protocol", version);
	if (view->step == 0) {
		if (!span_is(version, "2.0") && !span_is(version, "1.99")) {
			return PROBE_IS;
		}
		ask_key(view, facts, say);
		return PROBE_SAY;
	}
	return tell_packets(r.rest, facts) || view->ended ? PROBE_IS : PROBE_MORE;
}

static const uint16_t ports[] = { 22, 2222, 8022, 0 };

const struct prober prober_ssh = {
	.name = "ssh",
	.transports = PROBER_TCP,
	.speaks_first = true,
	.ports = ports,
	.again = ssh_again,
	.read = ssh_read,
};
