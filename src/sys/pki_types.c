/* pki_types.c - reading, writing and freeing OpenSSL's objects. */
#include "sys/pki_types.h"

#include <openssl/pem.h>

#include "base/error.h"
#include "sys/openssl_why.h"

/* Requests and certificates of ours have less than one KiB; with RSA and many names a few. */
#define DER_SIZE_MAX (64u << 10)

void pki_bio_free(BIO **bio)
{
	(void)BIO_free(*bio);
	*bio = NULL;
}

void pki_key_free(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
	*key = NULL;
}

void pki_request_free(X509_REQ **request)
{
	X509_REQ_free(*request);
	*request = NULL;
}

void pki_certificate_free(X509 **certificate)
{
	X509_free(*certificate);
	*certificate = NULL;
}

void pki_message_free(PKCS7 **message)
{
	PKCS7_free(*message);
	*message = NULL;
}

static BIO *bio_over(struct span bytes)
{
	return bytes.len > DER_SIZE_MAX ? NULL : BIO_new_mem_buf(bytes.ptr, (int)bytes.len);
}

/* Without it OpenSSL would ask at the terminal. */
static int no_password(char *out, int size, int is_writing, void *context)
{
	(void)out;
	(void)size;
	(void)is_writing;
	(void)context;
	return 0;
}

EVP_PKEY *pki_read_key(struct span pem)
{
	OWNED(pki_bio_free) BIO *bio = bio_over(pem);

	return bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
}

X509 *pki_read_certificate_pem(struct span pem)
{
	OWNED(pki_bio_free) BIO *bio = bio_over(pem);

	return bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, no_password, NULL);
}

X509 *pki_read_certificate_der(struct span der)
{
	const uint8_t *at = der.ptr;
	X509 *certificate =
		der.len == 0 || der.len > DER_SIZE_MAX ? NULL : d2i_X509(NULL, &at, (long)der.len);

	if (certificate != NULL && at != der.ptr + der.len) {
		pki_certificate_free(&certificate);
	}
	return certificate;
}

X509_REQ *pki_read_request(struct span der)
{
	const uint8_t *at = der.ptr;
	X509_REQ *request = der.len == 0 || der.len > DER_SIZE_MAX
				    ? NULL
				    : d2i_X509_REQ(NULL, &at, (long)der.len);

	if (request != NULL && at != der.ptr + der.len) {
		pki_request_free(&request);
	}
	return request;
}

int pki_append_bio(BIO *from, struct buffer *to, struct why *why)
{
	uint8_t *bytes = NULL;
	long len = BIO_get_mem_data(from, &bytes);

	if (len < 0 || buffer_append(to, (struct span){ bytes, (size_t)len }) != 0) {
		return why_set(why, ERR_FULL, "the result is longer than what may hold it");
	}
	return 0;
}

int pki_append_certificate_der(X509 *certificate, struct buffer *to, struct why *why)
{
	OWNED(pki_bio_free) BIO *bio = BIO_new(BIO_s_mem());

	if (bio == NULL || i2d_X509_bio(bio, certificate) != 1) {
		return openssl_why(why, ERR_IO, "cannot encode the certificate");
	}
	return pki_append_bio(bio, to, why);
}
