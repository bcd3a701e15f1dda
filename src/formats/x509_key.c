/* x509_key.c - algorithms of keys and signatures, by object identifier. */
#include "formats/x509_key.h"

#include "formats/der.h"

/* An object identifier's value, as an initializer of length and octets. */
#define OID_LEN_MAX 10
#define OID(...)                                                                                   \
	sizeof((const uint8_t[]){ __VA_ARGS__ }),                                                  \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

enum key_kind {
	KEY_FIXED, /* the size is the algorithm's */
	KEY_RSA,
	KEY_EC,
	KEY_DSA,
};

struct key_algorithm {
	const char *name;
	enum key_kind kind;
	unsigned bits; /* of KEY_FIXED */
	size_t oid_len;
	uint8_t oid[OID_LEN_MAX];
};

static const struct key_algorithm key_algorithms[] = {
	{ "rsa", KEY_RSA, 0, OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1) },
	{ "rsa-pss", KEY_RSA, 0, OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10) },
	{ "ec", KEY_EC, 0, OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1) },
	{ "dsa", KEY_DSA, 0, OID(0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1) },
	{ "x25519", KEY_FIXED, 256, OID(0x2b, 0x65, 0x6e) },
	{ "x448", KEY_FIXED, 448, OID(0x2b, 0x65, 0x6f) },
	{ "ed25519", KEY_FIXED, 256, OID(0x2b, 0x65, 0x70) },
	{ "ed448", KEY_FIXED, 456, OID(0x2b, 0x65, 0x71) },
};

struct curve {
	unsigned bits;
	size_t oid_len;
	uint8_t oid[OID_LEN_MAX];
};

static const struct curve curves[] = {
	{ 192, OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1) },       /* prime192v1 */
	{ 256, OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7) },       /* prime256v1 */
	{ 256, OID(0x2b, 0x81, 0x04, 0x00, 0x0a) },                /* secp256k1 */
	{ 224, OID(0x2b, 0x81, 0x04, 0x00, 0x21) },                /* secp224r1 */
	{ 384, OID(0x2b, 0x81, 0x04, 0x00, 0x22) },                /* secp384r1 */
	{ 521, OID(0x2b, 0x81, 0x04, 0x00, 0x23) },                /* secp521r1 */
	{ 256, OID(0x2b, 0x24, 3, 3, 2, 8, 1, 1, 7) },             /* brainpoolP256r1 */
	{ 320, OID(0x2b, 0x24, 3, 3, 2, 8, 1, 1, 9) },             /* brainpoolP320r1 */
	{ 384, OID(0x2b, 0x24, 3, 3, 2, 8, 1, 1, 11) },            /* brainpoolP384r1 */
	{ 512, OID(0x2b, 0x24, 3, 3, 2, 8, 1, 1, 13) },            /* brainpoolP512r1 */
	{ 256, OID(0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x82, 0x2d) }, /* SM2 */
};

struct signature_algorithm {
	const char *name;
	size_t oid_len;
	uint8_t oid[OID_LEN_MAX];
};

static const struct signature_algorithm signature_algorithms[] = {
	{ "md2WithRSAEncryption", OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 2) },
	{ "md5WithRSAEncryption", OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4) },
	{ "sha1WithRSAEncryption", OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5) },
	{ "rsassaPss", OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10) },
	{ "sha256WithRSAEncryption", OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11) },
	{ "sha384WithRSAEncryption", OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12) },
	{ "sha512WithRSAEncryption", OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13) },
	{ "sha224WithRSAEncryption", OID(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 14) },
	{ "ecdsa-with-SHA1", OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1) },
	{ "ecdsa-with-SHA224", OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1) },
	{ "ecdsa-with-SHA256", OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2) },
	{ "ecdsa-with-SHA384", OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3) },
	{ "ecdsa-with-SHA512", OID(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4) },
	{ "dsaWithSHA1", OID(0x2a, 0x86, 0x48, 0xce, 0x38, 4, 3) },
	{ "dsa_with_SHA224", OID(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 1) },
	{ "dsa_with_SHA256", OID(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 2) },
	{ "dsa_with_SHA384", OID(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 3) },
	{ "dsa_with_SHA512", OID(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 4) },
	{ "ML-DSA-44", OID(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 17) },
	{ "ML-DSA-65", OID(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 18) },
	{ "ML-DSA-87", OID(0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, 19) },
	{ "SM2-with-SM3", OID(0x2a, 0x81, 0x1c, 0xcf, 0x55, 1, 0x83, 0x75) },
	{ "ED25519", OID(0x2b, 0x65, 0x70) },
	{ "ED448", OID(0x2b, 0x65, 0x71) },
};

static bool is_oid(struct span oid, const uint8_t *wanted, size_t len)
{
	return span_equal(oid, (struct span){ wanted, len });
}

static const struct key_algorithm *find_key_algorithm(struct span oid)
{
	for (size_t i = 0; i < COUNT_OF(key_algorithms); i++) {
		if (is_oid(oid, key_algorithms[i].oid, key_algorithms[i].oid_len)) {
			return &key_algorithms[i];
		}
	}
	return NULL;
}

/* Of a number without leading zero octets. */
static unsigned bit_length(struct span number)
{
	unsigned bits = 0;

	if (number.len == 0 || number.len > UINT16_MAX) {
		return 0;
	}
	for (unsigned top = number.ptr[0]; top > 0; top >>= 1) {
		bits++;
	}
	return bits + (unsigned)(number.len - 1) * 8;
}

/* RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } */
static unsigned rsa_bits(struct span key)
{
	struct reader r = reader_over(key);
	struct reader fields = der_enter(&r, DER_SEQUENCE);

	return bit_length(der_unsigned(&fields));
}

/* Dss-Parms ::= SEQUENCE { p INTEGER, q INTEGER, g INTEGER } */
static unsigned dsa_bits(struct span parameters)
{
	struct reader r = reader_over(parameters);
	struct reader fields = der_enter(&r, DER_SEQUENCE);

	return bit_length(der_unsigned(&fields));
}

/* A named curve, or (RFC 3279) SEQUENCE { version, fieldID, curve, base, order INTEGER, ... } */
static unsigned ec_bits(struct span parameters)
{
	struct reader r = reader_over(parameters);
	struct der_element element = der_any(&r);
	struct reader fields = reader_over(element.value);

	if (element.tag == DER_SEQUENCE) {
		for (int i = 0; i < 4; i++) {
			(void)der_any(&fields);
		}
		return bit_length(der_unsigned(&fields));
	}
	for (size_t i = 0; i < COUNT_OF(curves) && element.tag == DER_OID; i++) {
		if (is_oid(element.value, curves[i].oid, curves[i].oid_len)) {
			return curves[i].bits;
		}
	}
	return 0;
}

static unsigned key_bits(struct span oid, struct span parameters, struct span key)
{
	const struct key_algorithm *algorithm = find_key_algorithm(oid);

	if (algorithm == NULL) {
		return 0;
	}
	switch (algorithm->kind) {
	case KEY_RSA:
		return rsa_bits(key);
	case KEY_EC:
		return ec_bits(parameters);
	case KEY_DSA:
		return dsa_bits(parameters);
	case KEY_FIXED:
		break;
	}
	return algorithm->bits;
}

/* SubjectPublicKeyInfo ::= SEQUENCE { SEQUENCE { algorithm, parameters }, key BIT STRING } */
void x509_key_take(struct reader *tbs, struct x509 *out)
{
	struct reader info = der_enter(tbs, DER_SEQUENCE);
	struct reader algorithm = der_enter(&info, DER_SEQUENCE);
	struct span oid = der_take(&algorithm, DER_OID);
	struct span parameters = reader_rest(&algorithm);
	struct span key = der_bit_string(&info);

	if (!reader_done(&info) || !reader_ok(&algorithm)) {
		reader_fail(tbs);
		return;
	}
	out->key_oid = oid;
	out->key_bits = key_bits(oid, parameters, key);
}

/* An identifier that is not even one shows as nothing. */
static void write_oid(struct span oid, struct writer *w)
{
	(void)der_write_oid(oid, w);
}

void x509_write_key_type(const struct x509 *certificate, struct writer *w)
{
	const struct key_algorithm *algorithm = find_key_algorithm(certificate->key_oid);

	if (algorithm != NULL) {
		writer_text(w, algorithm->name);
	} else {
		write_oid(certificate->key_oid, w);
	}
}

void x509_write_signature(const struct x509 *certificate, struct writer *w)
{
	for (size_t i = 0; i < COUNT_OF(signature_algorithms); i++) {
		const struct signature_algorithm *algorithm = &signature_algorithms[i];

		if (is_oid(certificate->signature_oid, algorithm->oid, algorithm->oid_len)) {
			writer_text(w, algorithm->name);
			return;
		}
	}
	write_oid(certificate->signature_oid, w);
}
