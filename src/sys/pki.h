/*
 * pki.h - keys, certificate requests, certificates (RFC 5280, RFC 2986, over OpenSSL).
 *
 * Keys are ECDSA on P-256. PEM and DER go in and out as buffers; nothing here touches files.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/buffer.h"
#include "sys/why.h"

/* The name, as a DNS subject alternative name, that every server certificate of our CA
 * bears, and that a sensor checks whatever address it dialled. */
#define PKI_SERVER_NAME "bartizand"

/* A private key, PKCS 8 PEM. */
MUST_USE int pki_key_new(struct buffer *out_pem, struct why *why);

/* A certificate request (PKCS 10, DER) for the key, subject CN=common_name. */
MUST_USE int pki_request_new(struct span key_pem, const char *common_name, struct buffer *out_der,
			     struct why *why);

/* A self-signed CA certificate (PEM), valid from an hour ago for days. */
MUST_USE int pki_ca_new(struct span key_pem, const char *common_name, unsigned days,
			struct buffer *out_pem, struct why *why);

struct pki_profile {
	const char *common_name;
	const char *organization;     /* NULL for none */
	const char *const *dns_names; /* ended by NULL; may be NULL */
	const char *const *addresses; /* numeric, ended by NULL; may be NULL */
	bool is_server;               /* extended key usage serverAuth, else clientAuth */
	int64_t lifetime_s;
};

/* Signs a request (DER) with the CA: only its public key is taken from it, the rest is the
 * profile's; the request's own signature is checked; keys other than P-256, P-384, Ed25519, RSA of
 * 2048 bits or more are refused. Serial: 16 random bytes. Valid from five minutes ago. */
MUST_USE int pki_sign(struct span ca_pem, struct span ca_key_pem, struct span request_der,
		      const struct pki_profile *profile, struct buffer *out_der, struct why *why);

/* SHA-256 of a request's or certificate's SubjectPublicKeyInfo. */
MUST_USE int pki_request_key_hash(struct span request_der, uint8_t out[32], struct why *why);
MUST_USE int pki_certificate_key_hash(struct span der, uint8_t out[32], struct why *why);

struct pki_certificate_facts {
	char common_name[65];
	char organization[65];
	char serial_hex[41];
	int64_t not_before_s;
	int64_t not_after_s;
};
MUST_USE int pki_certificate_facts(struct span der, struct pki_certificate_facts *out,
				   struct why *why);

/* A certs-only CMS message (RFC 7030 4.1.3), base64 as EST sends it, and back: the first
 * certificate that is not a CA, or the CA where only CAs are there. */
MUST_USE int pki_certs_only(const struct span *certificates_der, size_t count,
			    struct buffer *out_base64, struct why *why);
MUST_USE int pki_certs_only_first(struct span base64, struct buffer *out_der, struct why *why);
MUST_USE int pki_der_to_pem(struct span certificate_der, struct buffer *out_pem, struct why *why);
MUST_USE int pki_pem_to_der(struct span certificate_pem, struct buffer *out_der, struct why *why);
MUST_USE int pki_base64(struct span bytes, struct buffer *out, struct why *why);

/* Back, white space anywhere passed over (RFC 8951 section 3.1). ERR_MALFORMED. */
MUST_USE int pki_base64_decode(struct span text, struct buffer *out, struct why *why);

/* Random bytes from the system, for tokens and ids. */
void pki_random(uint8_t *out, size_t len);

/* True where both are the same, in time that does not depend on where they differ. */
bool pki_equal(struct span a, struct span b);
