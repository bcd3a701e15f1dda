/* authorized_keys.c - lines of "[options] type base64 [comment]". */
#include "formats/authorized_keys.h"

#include "base/sha256.h"
#include "formats/base64.h"
#include "formats/split.h"

enum kind {
	KIND_RSA,
	KIND_DSA,
	KIND_ECDSA,
	KIND_ED25519,
};

struct key_type {
	const char *name;
	const char *plain; /* the type of the key within a certificate; else the same */
	enum kind kind;
	const char *curve;
	unsigned curve_bits;
	bool is_security_key; /* an application follows the key */
};

#define CERT "-cert-v01@openssh.com"

static const struct key_type key_types[] = {
	{ "ssh-ed25519", "ssh-ed25519", KIND_ED25519, NULL, 256, false },
	{ "ssh-rsa", "ssh-rsa", KIND_RSA, NULL, 0, false },
	{ "ssh-dss", "ssh-dss", KIND_DSA, NULL, 0, false },
	{ "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", KIND_ECDSA, "nistp256", 256, false },
	{ "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384", KIND_ECDSA, "nistp384", 384, false },
	{ "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521", KIND_ECDSA, "nistp521", 521, false },
	{ "sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519@openssh.com", KIND_ED25519, NULL, 256,
	  true },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", KIND_ECDSA,
	  "nistp256", 256, true },
	{ "ssh-ed25519" CERT, "ssh-ed25519", KIND_ED25519, NULL, 256, false },
	{ "ssh-rsa" CERT, "ssh-rsa", KIND_RSA, NULL, 0, false },
	{ "ssh-dss" CERT, "ssh-dss", KIND_DSA, NULL, 0, false },
	{ "ecdsa-sha2-nistp256" CERT, "ecdsa-sha2-nistp256", KIND_ECDSA, "nistp256", 256, false },
	{ "ecdsa-sha2-nistp384" CERT, "ecdsa-sha2-nistp384", KIND_ECDSA, "nistp384", 384, false },
	{ "ecdsa-sha2-nistp521" CERT, "ecdsa-sha2-nistp521", KIND_ECDSA, "nistp521", 521, false },
	{ "sk-ssh-ed25519" CERT, "sk-ssh-ed25519@openssh.com", KIND_ED25519, NULL, 256, true },
	{ "sk-ecdsa-sha2-nistp256" CERT, "sk-ecdsa-sha2-nistp256@openssh.com", KIND_ECDSA,
	  "nistp256", 256, true },
};

static const struct key_type *find_type(struct span name)
{
	for (size_t i = 0; i < COUNT_OF(key_types); i++) {
		if (span_is(name, key_types[i].name)) {
			return &key_types[i];
		}
	}
	return NULL;
}

static bool is_certificate(const struct key_type *type)
{
	return span_ends_with(span_of(type->name), CERT);
}

/* A string of RFC 4251 section 5: a length and that many bytes. */
static struct span take_string(struct reader *r)
{
	return reader_bytes(r, reader_be32(r));
}

/* The size in bits of a multiple-precision integer (RFC 4251 section 5), which must be
 * positive and without needless zeros. */
static unsigned take_mpint_bits(struct reader *r)
{
	struct span number = take_string(r);
	unsigned bits = 0;

	if (number.len > 0 && number.ptr[0] == 0) {
		number = span_after(number, 1);
		if (number.len > 0 && (number.ptr[0] & 0x80) == 0) {
			number.len = 0;
		}
	} else if (number.len > 0 && (number.ptr[0] & 0x80) != 0) {
		number.len = 0;
	}
	if (number.len == 0 || number.len > AUTHORIZED_KEYS_BLOB_MAX) {
		reader_fail(r);
		return 0;
	}
	for (unsigned top = number.ptr[0]; top > 0; top >>= 1) {
		bits++;
	}
	return bits + (unsigned)(number.len - 1) * 8;
}

/* Takes the fields of the key itself and returns its size in bits. */
static unsigned take_key(struct reader *r, const struct key_type *type)
{
	unsigned bits = type->curve_bits;
	struct span point;

	switch (type->kind) {
	case KIND_RSA: /* e, n */
		(void)take_mpint_bits(r);
		bits = take_mpint_bits(r);
		break;
	case KIND_DSA: /* p, q, g, y */
		bits = take_mpint_bits(r);
		for (int i = 0; i < 3; i++) {
			(void)take_mpint_bits(r);
		}
		break;
	case KIND_ECDSA: /* curve, uncompressed point */
		if (!span_is(take_string(r), type->curve)) {
			reader_fail(r);
		}
		point = take_string(r);
		if (point.len != 1 + 2 * ((size_t)(bits + 7) / 8) || point.ptr[0] != 4) {
			reader_fail(r);
		}
		break;
	case KIND_ED25519:
		if (take_string(r).len != 32) {
			reader_fail(r);
		}
		break;
	}
	if (type->is_security_key) {
		(void)take_string(r); /* application */
	}
	return bits;
}

/* What follows the key in a certificate (PROTOCOL.certkeys of OpenSSH). */
static void take_certificate_rest(struct reader *r)
{
	(void)reader_be64(r); /* serial */
	(void)reader_be32(r); /* user or host */
	(void)take_string(r); /* key id */
	(void)take_string(r); /* principals */
	(void)reader_be64(r); /* valid after */
	(void)reader_be64(r); /* valid before */
	(void)take_string(r); /* critical options */
	(void)take_string(r); /* extensions */
	(void)take_string(r); /* reserved */
	(void)take_string(r); /* signature key */
	(void)take_string(r); /* signature */
}

/* SHA-256 of the key without a certificate around it: its type and fields. */
static void write_fingerprint(const char *plain, struct span fields, char *out)
{
	struct span name = span_of(plain);
	uint8_t length[4];
	uint8_t digest[SHA256_SIZE];
	struct writer lw = writer_over(length, sizeof length);
	struct writer w = writer_over((uint8_t *)out, AUTHORIZED_KEYS_FINGERPRINT_SIZE);
	struct sha256 hash;

	writer_be32(&lw, (uint32_t)name.len);
	sha256_init(&hash);
	sha256_add(&hash, writer_span(&lw));
	sha256_add(&hash, name);
	sha256_add(&hash, fields);
	sha256_done(&hash, digest);
	writer_text(&w, "SHA256:");
	base64_encode((struct span){ digest, sizeof digest }, &w);
	writer_u8(&w, '\0');
}

static bool parse_blob(struct span blob, const struct key_type *type, struct authorized_key *out)
{
	struct reader r = reader_over(blob);
	struct reader start;
	size_t before;

	if (!span_is(take_string(&r), type->name)) {
		return false;
	}
	if (is_certificate(type)) {
		(void)take_string(&r); /* nonce */
	}
	start = r;
	before = reader_left(&r);
	out->bits = take_key(&r, type);
	if (!reader_ok(&r)) {
		return false;
	}
	write_fingerprint(type->plain, reader_bytes(&start, before - reader_left(&r)),
			  out->fingerprint);
	if (is_certificate(type)) {
		take_certificate_rest(&r);
	}
	return reader_done(&r);
}

/* "type base64 [comment]" */
static bool parse_key(struct span text, struct authorized_key *out)
{
	struct reader r = reader_over(text);
	const struct key_type *type;
	uint8_t blob[AUTHORIZED_KEYS_BLOB_MAX];
	struct writer w = writer_over(blob, sizeof blob);

	if (!split_word(&r, &out->type) || !split_word(&r, &out->base64)) {
		return false;
	}
	type = find_type(out->type);
	if (type == NULL || base64_decode(out->base64, BASE64_STRICT, &w) != 0) {
		return false;
	}
	out->comment = span_trim(reader_rest(&r));
	return parse_blob(writer_span(&w), type, out);
}

/* The options in front: up to a blank outside of quotes; a backslash keeps a quote. */
static struct span take_options(struct reader *r)
{
	struct reader start = *r;
	size_t before = reader_left(r);
	bool is_quoted = false;

	while (reader_left(r) > 0 &&
	       (is_quoted || (reader_peek(r) != ' ' && reader_peek(r) != '\t'))) {
		uint8_t c = reader_u8(r);

		if (c == '\\' && reader_peek(r) == '"') {
			(void)reader_u8(r);
		} else if (c == '"') {
			is_quoted = !is_quoted;
		}
	}
	return reader_bytes(&start, before - reader_left(r));
}

static bool parse_line(struct span line, struct authorized_key *out)
{
	struct reader r = reader_over(line);
	struct reader words = r;
	struct span first;

	if (line.len > AUTHORIZED_KEYS_LINE_MAX || !split_word(&words, &first)) {
		return false;
	}
	if (find_type(first) == NULL) {
		out->options = take_options(&r);
	}
	return parse_key(reader_rest(&r), out);
}

struct authorized_keys_iterator authorized_keys_over(struct span file)
{
	return (struct authorized_keys_iterator){ .rest = reader_over(file) };
}

bool authorized_keys_next(struct authorized_keys_iterator *it, struct authorized_key *out)
{
	while (reader_left(&it->rest) > 0) {
		struct span line = span_trim(reader_line(&it->rest));
		struct authorized_key key = { 0 };

		if (line.len == 0 || line.ptr[0] == '#') {
			continue;
		}
		if (parse_line(line, &key)) {
			*out = key;
			return true;
		}
		it->malformed++;
	}
	return false;
}
