/*
 * x509_details.h - certificates (RFC 5280): what a judge of TLS servers wants to know beyond
 * x509.h: extensions about issuing, use, revocation and transparency, and the key's numbers.
 *
 * Everything borrows from the DER form; a malformed extension counts as not there and is told.
 */
#pragma once

#include "formats/x509.h"

struct x509_details {
	struct span common_name;  /* of the subject, the last one; empty where none */
	struct span key_info;     /* SubjectPublicKeyInfo, whole: what pins and key lists hash */
	struct span rsa_modulus;  /* big endian, without leading zeros; empty for other keys */
	struct span rsa_exponent; /* the same */
	struct span key_id;       /* subject key identifier; empty where none */
	struct span authority_key_id; /* empty where none */
	struct span ocsp_url;         /* the first of each kind; empty where none */
	struct span issuer_url;
	struct span sct_list; /* SignedCertificateTimestampList (RFC 6962); empty where none */
	bool has_crl_points;
	bool is_must_staple; /* TLS feature 5 (RFC 7633) */
	bool is_for_servers; /* no extended key usage, or one with serverAuth or any */
	bool has_malformed_extension;
};

/* ERR_MALFORMED for bytes that x509_parse() refuses, or ERR_LIMIT like it. */
MUST_USE int x509_details_parse(struct span der, struct x509_details *out);

/* How a certificate's names meet the one that was asked for (RFC 9525). */
enum x509_match {
	X509_MATCH_NONE,
	X509_MATCH_NAME,     /* a DNS name, letter by letter */
	X509_MATCH_WILDCARD, /* "*" for the whole leftmost label */
	X509_MATCH_ADDRESS,  /* an IP address */
};

/* Alternative names that are looked at; more never match, so that work is bounded. */
#define X509_MATCH_NAMES_MAX 10000

/* host is a name, a final dot passed over, or an address as text. The common name is not asked. */
enum x509_match x509_match_host(const struct x509 *certificate, struct span host);

/* True for RSA moduli that bear the mark of the generator of CVE-2017-15361 (ROCA). */
bool x509_modulus_is_roca(struct span modulus);
