/* pki_codec.c - what certificates say, and the forms in which they travel. */
#include "sys/pki.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/writer.h"
#include "sys/openssl_why.h"
#include "sys/pki_types.h"

#define MESSAGE_SIZE_MAX (256u << 10)

/*
 * Facts
 */

static int hash_key(X509_PUBKEY *key, uint8_t out[SHA256_SIZE], struct why *why)
{
	uint8_t *der = NULL;
	int len = i2d_X509_PUBKEY(key, &der);

	if (len <= 0) {
		return openssl_why(why, ERR_MALFORMED, "cannot read the public key");
	}
	sha256_of((struct span){ der, (size_t)len }, out);
	OPENSSL_free(der);
	return 0;
}

int pki_request_key_hash(struct span request_der, uint8_t out[32], struct why *why)
{
	OWNED(pki_request_free) X509_REQ *request = pki_read_request(request_der);

	if (request == NULL) {
		return openssl_why(why, ERR_MALFORMED, "cannot read the certificate request");
	}
	return hash_key(X509_REQ_get_X509_PUBKEY(request), out, why);
}

int pki_certificate_key_hash(struct span der, uint8_t out[32], struct why *why)
{
	OWNED(pki_certificate_free) X509 *certificate = pki_read_certificate_der(der);

	if (certificate == NULL) {
		return openssl_why(why, ERR_MALFORMED, "cannot read the certificate");
	}
	return hash_key(X509_get_X509_PUBKEY(certificate), out, why);
}

/* The only such part of a name, as UTF-8; "" where there is none. False where it does not fit or
 * holds a NUL, behind which a reader of C strings would not see. */
static bool take_name(X509_NAME *name, int nid, char out[65])
{
	int index = X509_NAME_get_index_by_NID(name, nid, -1);
	unsigned char *text = NULL;
	bool is_taken;
	int len;

	out[0] = '\0';
	if (index < 0) {
		return true;
	}
	len = ASN1_STRING_to_UTF8(&text,
				  X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
	is_taken = len >= 0 && len <= 64 && memchr(text, '\0', (size_t)len) == NULL;
	if (is_taken) {
		mem_copy(out, text, (size_t)len);
		out[len] = '\0';
	}
	OPENSSL_free(text);
	return is_taken;
}

static bool take_time(const ASN1_TIME *time, int64_t *out_s)
{
	struct tm parts;

	if (ASN1_TIME_to_tm(time, &parts) != 1) {
		return false;
	}
	*out_s = timegm(&parts);
	return true;
}

static bool take_serial(const X509 *certificate, char out[41])
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
	struct span bytes = { ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial) };

	if (bytes.len == 0 || bytes.len > 20) {
		return false;
	}
	text_to_hex(bytes, out);
	return true;
}

int pki_certificate_facts(struct span der, struct pki_certificate_facts *out, struct why *why)
{
	OWNED(pki_certificate_free) X509 *certificate = pki_read_certificate_der(der);
	struct pki_certificate_facts facts = { 0 };
	X509_NAME *subject;

	if (certificate == NULL) {
		return openssl_why(why, ERR_MALFORMED, "cannot read the certificate");
	}
	subject = X509_get_subject_name(certificate);
	if (!take_name(subject, NID_commonName, facts.common_name) ||
	    !take_name(subject, NID_organizationName, facts.organization) ||
	    !take_serial(certificate, facts.serial_hex) ||
	    !take_time(X509_get0_notBefore(certificate), &facts.not_before_s) ||
	    !take_time(X509_get0_notAfter(certificate), &facts.not_after_s)) {
		return openssl_why(why, ERR_MALFORMED,
				   "the certificate's name, serial or times are off");
	}
	*out = facts;
	return 0;
}

/*
 * Certs-only messages: SignedData without signers and content (RFC 5652, RFC 7030 section 4.1.3)
 */

static bool fill_message(PKCS7 *message, const struct span *certificates_der, size_t count)
{
	if (PKCS7_set_type(message, NID_pkcs7_signed) != 1) {
		return false;
	}
	message->d.sign->contents->type = OBJ_nid2obj(NID_pkcs7_data);
	for (size_t i = 0; i < count; i++) {
		OWNED(pki_certificate_free)
		X509 *certificate = pki_read_certificate_der(certificates_der[i]);

		if (certificate == NULL || PKCS7_add_certificate(message, certificate) != 1) {
			return false;
		}
	}
	return true;
}

int pki_certs_only(const struct span *certificates_der, size_t count, struct buffer *out_base64,
		   struct why *why)
{
	OWNED(pki_message_free) PKCS7 *message = PKCS7_new();
	uint8_t *der = NULL;
	int len;
	int error;

	if (message == NULL || !fill_message(message, certificates_der, count)) {
		return openssl_why(why, ERR_MALFORMED,
				   "cannot put the certificates into a message");
	}
	len = i2d_PKCS7(message, &der);
	if (len <= 0) {
		return openssl_why(why, ERR_IO, "cannot encode the message");
	}
	error = pki_base64((struct span){ der, (size_t)len }, out_base64, why);
	OPENSSL_free(der);
	return error;
}

/* Borrowed from the message; NULL where it holds none. */
static X509 *choose_certificate(const PKCS7 *message)
{
	STACK_OF(X509) *certificates = message->d.sign->cert;

	for (int i = 0; i < sk_X509_num(certificates); i++) {
		if (X509_check_ca(sk_X509_value(certificates, i)) == 0) {
			return sk_X509_value(certificates, i);
		}
	}
	return sk_X509_num(certificates) > 0 ? sk_X509_value(certificates, 0) : NULL;
}

int pki_certs_only_first(struct span base64, struct buffer *out_der, struct why *why)
{
	OWNED(buffer_done) struct buffer der;
	OWNED(pki_message_free) PKCS7 *message = NULL;
	const uint8_t *at;
	X509 *certificate;
	int error;

	buffer_init(&der, MESSAGE_SIZE_MAX);
	error = pki_base64_decode(base64, &der, why);
	if (error != 0) {
		return error;
	}
	at = buffer_span(&der).ptr;
	message = der.len == 0 ? NULL : d2i_PKCS7(NULL, &at, (long)der.len);
	if (message == NULL || !PKCS7_type_is_signed(message) || message->d.sign == NULL) {
		return openssl_why(why, ERR_MALFORMED, "this is no message of certificates");
	}
	certificate = choose_certificate(message);
	if (certificate == NULL) {
		return why_set(why, ERR_NOT_FOUND, "the message holds no certificate");
	}
	return pki_append_certificate_der(certificate, out_der, why);
}

/*
 * PEM
 */

int pki_der_to_pem(struct span certificate_der, struct buffer *out_pem, struct why *why)
{
	OWNED(pki_certificate_free) X509 *certificate = pki_read_certificate_der(certificate_der);
	OWNED(pki_bio_free) BIO *bio = BIO_new(BIO_s_mem());

	if (certificate == NULL || bio == NULL || PEM_write_bio_X509(bio, certificate) != 1) {
		return openssl_why(why, ERR_MALFORMED, "cannot read the certificate");
	}
	return pki_append_bio(bio, out_pem, why);
}

int pki_pem_to_der(struct span certificate_pem, struct buffer *out_der, struct why *why)
{
	OWNED(pki_certificate_free) X509 *certificate = pki_read_certificate_pem(certificate_pem);

	if (certificate == NULL) {
		return openssl_why(why, ERR_MALFORMED, "cannot read the certificate");
	}
	return pki_append_certificate_der(certificate, out_der, why);
}

/*
 * Base64 (RFC 4648 section 4)
 */

int pki_base64(struct span bytes, struct buffer *out, struct why *why)
{
	size_t size = bytes.len <= (size_t)INT32_MAX / 2 ? (bytes.len + 2) / 3 * 4 : SIZE_MAX - 1;
	uint8_t *at = buffer_reserve(out, size + 1); /* OpenSSL ends it with a NUL */

	if (at == NULL) {
		return why_set(why, ERR_FULL, "the result is longer than what may hold it");
	}
	buffer_grow(out, (size_t)EVP_EncodeBlock(at, bytes.ptr, (int)bytes.len));
	return 0;
}

static unsigned digit_value(uint8_t c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return (unsigned)span_find(span_of(digits), c);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Six bits a digit. Stands on its own because OpenSSL's decoder keeps padding as zero bytes. */
static bool decode(struct reader *r, struct writer *w)
{
	uint32_t bits = 0;
	unsigned digits = 0;
	unsigned padding = 0;

	while (reader_left(r) > 0) {
		uint8_t c = reader_u8(r);
		unsigned value = digit_value(c);

		if (is_space(c)) {
			continue;
		}
		padding += c == '=';
		if (padding > 0 ? c != '=' : value > 63) {
			return false;
		}
		bits = bits << 6 | (value & 63);
		if (++digits % 4 == 0) {
			unsigned count = padding < 3 ? 3 - padding : 0;

			for (unsigned i = 0; i < count; i++) {
				writer_u8(w, (uint8_t)(bits >> (16 - 8 * i)));
			}
			bits = 0;
		}
	}
	return digits % 4 == 0 && padding <= 2;
}

int pki_base64_decode(struct span text, struct buffer *out, struct why *why)
{
	struct reader r = reader_over(text);
	size_t room = text.len / 4 * 3;
	uint8_t *at = buffer_reserve(out, room);
	struct writer w = writer_over(at, room);

	if (at == NULL) {
		return why_set(why, ERR_FULL, "the result is longer than what may hold it");
	}
	if (!decode(&r, &w)) {
		return why_set(why, ERR_MALFORMED, "this is not base64");
	}
	buffer_grow(out, writer_used(&w));
	return 0;
}

/*
 * Secrets
 */

void pki_random(uint8_t *out, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t got = getrandom(out + done, len - done, 0);

		if (got < 0 && errno != EINTR) {
			abort(); /* no kernel that we run on lacks it, and nothing may do without */
		}
		done += got < 0 ? 0 : (size_t)got;
	}
}

bool pki_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.ptr, b.ptr, a.len) == 0);
}
