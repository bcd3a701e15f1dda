/*
 * pki_types.h - OpenSSL's objects with this project's ownership, for pki and tls only.
 */
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>

#include "base/attr.h"
#include "sys/buffer.h"
#include "sys/why.h"

/* For OWNED; each accepts empty and nulls. */
void pki_bio_free(BIO **bio);
void pki_key_free(EVP_PKEY **key);
void pki_request_free(X509_REQ **request);
void pki_certificate_free(X509 **certificate);
void pki_message_free(PKCS7 **message);

/* NULL where the bytes hold none; the reason is in OpenSSL's queue. */
EVP_PKEY *pki_read_key(struct span pem);
X509 *pki_read_certificate_pem(struct span pem);

/* The same, for DER without anything behind it and up to a limit that no honest one reaches. */
X509 *pki_read_certificate_der(struct span der);
X509_REQ *pki_read_request(struct span der);

/* Appends what was written to a memory BIO. */
MUST_USE int pki_append_bio(BIO *from, struct buffer *to, struct why *why);
MUST_USE int pki_append_certificate_der(X509 *certificate, struct buffer *to, struct why *why);
