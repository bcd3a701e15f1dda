/*
 * x509.h - certificates (RFC 5280): what an inventory wants to know of one.
 *
 * Everything borrows from the DER form. Nothing is verified: the signature, the
 * chain and the names' meanings are other people's business.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"
#include "base/writer.h"

/* Extensions looked at, and components of a name. */
#define X509_EXTENSIONS_MAX 64
#define X509_NAME_PARTS_MAX 64

struct x509 {
	struct span serial; /* big endian, without leading zeros; as DER has it if negative */
	bool is_serial_negative;
	struct span issuer; /* DER of the Name, for x509_write_name() */
	struct span subject;
	int64_t not_before; /* seconds since 1970-01-01 UTC */
	int64_t not_after;
	struct span key_oid;              /* algorithm of the key */
	struct span signature_oid;        /* algorithm of the signature */
	struct span signature_parameters; /* DER, may be empty */
	struct span alternative_names;    /* DER of the GeneralNames; empty where there are none */
	unsigned key_bits;                /* 0 where the algorithm is not known */
	bool is_ca;                       /* basicConstraints */
	bool is_self_signed;              /* issuer equals subject, byte for byte */
};

enum x509_name_type {
	X509_NAME_EMAIL = 1,
	X509_NAME_DNS = 2,
	X509_NAME_URI = 6,
	X509_NAME_IP = 7, /* 4 or 16 bytes */
};

struct x509_alternative_name {
	enum x509_name_type type;
	struct span value; /* text, or an address in network order */
};

struct x509_names {
	struct reader rest;
};

/* ERR_MALFORMED for bytes that are no certificate, or hold something behind it;
 * ERR_LIMIT for more extensions than the limit. */
MUST_USE int x509_parse(struct span der, struct x509 *out);

/* Appends a Name in the form of RFC 4514, last component first, as
 * "openssl x509 -nameopt RFC2253" prints it but with UTF-8 left as it is.
 * ERR_MALFORMED, ERR_LIMIT, or ERR_FULL where it does not fit; nothing is then appended. */
MUST_USE int x509_write_name(struct span name, struct writer *w);

/* Appends the serial in lower-case hexadecimal, whole bytes, "00" for zero, "-" in
 * front of a negative one. */
void x509_write_serial(const struct x509 *certificate, struct writer *w);

/* Appends rsa, rsa-pss, ec, ed25519, ed448, dsa, x25519, x448, ... or the object identifier. */
void x509_write_key_type(const struct x509 *certificate, struct writer *w);

/* Appends the signature algorithm as OpenSSL names it (sha256WithRSAEncryption,
 * ecdsa-with-SHA256, rsassaPss, ED25519), or the object identifier. */
void x509_write_signature(const struct x509 *certificate, struct writer *w);

struct x509_names x509_names_over(const struct x509 *certificate);

/* The next alternative name of a type above; others are passed over. False at the end. */
bool x509_names_next(struct x509_names *it, struct x509_alternative_name *out);

/* Appends an alternative name as text; addresses in their usual form. */
void x509_write_alternative_name(const struct x509_alternative_name *name, struct writer *w);

/* Appends all alternative names, one behind the other, and fills items with where each is: at most
 * items_max, and none behind the first that does not fit. Returns how many. */
size_t x509_list_names(const struct x509 *certificate, struct writer *w, struct span *items,
		       size_t items_max);
