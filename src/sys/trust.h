/*
 * trust.h - are certificates trusted, and if not, why? RFC 5280 section 6 and RFC 6960, over
 * OpenSSL.
 *
 * Bytes come as DER in any order, from strangers; nothing is fetched. A certificate's own weakness
 * (SHA-1, few bits) is not judged here: what a signature is worth is the grade's business.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/why.h"

/* Certificates of one chain that are looked at, and octets of one of them. */
#define TRUST_CHAIN_MAX     16
#define TRUST_DER_SIZE_MAX  (256u << 10)
#define TRUST_OCSP_SIZE_MAX (64u << 10)
#define TRUST_SCT_LIST_SIZE 2048

/* Roots to end at. */
struct trust_store;

/* The roots of a PEM file, or the system's where file is NULL. */
MUST_USE int trust_store_open(const char *file, struct trust_store **out, struct why *why);

/* Accepts empty and nulls the variable. */
void trust_store_free(struct trust_store **store);

/* Bits of trust_path.problems. */
enum trust_problem {
	TRUST_EXPIRED = 1u << 0,        /* the leaf */
	TRUST_NOT_YET = 1u << 1,        /* the leaf */
	TRUST_ISSUER_EXPIRED = 1u << 2, /* another one of the path, or not yet valid */
	TRUST_SELF_SIGNED = 1u << 3,    /* the leaf, and no root */
	TRUST_UNKNOWN_ROOT = 1u << 4,   /* the path ends at a root that is not in the store */
	TRUST_NO_ISSUER = 1u << 5,      /* the path ends where neither chain nor store goes on */
	TRUST_BAD_SIGNATURE = 1u << 6,
	TRUST_NOT_A_SERVER = 1u << 7, /* the leaf's use; or an issuer that may not issue */
	TRUST_UNREADABLE = 1u << 8,   /* OpenSSL cannot read the leaf, or it is too large */
	TRUST_OTHER = 1u << 9,        /* name constraints, critical extensions, ... */
};

struct trust_path {
	unsigned problems; /* 0: trusted */
	unsigned length;   /* certificates of the path, with leaf and root */
	uint16_t used;     /* bit n: chain[n] is part of the path */
	char reason[128];  /* OpenSSL's first complaint; empty where trusted */
};

/* Builds a path from chain[0] at a time (seconds since 1970). Never fails: what cannot be read
 * is a problem. At most TRUST_CHAIN_MAX certificates are used. A store remembers what it said of a
 * chain for the minute that the time is in. */
void trust_verify(const struct trust_store *store, const struct span *chain, size_t count,
		  int64_t now_s, struct trust_path *out);

enum trust_status {
	TRUST_STATUS_NONE,    /* no usable answer: see reason */
	TRUST_STATUS_GOOD,    /* signed by the issuer, in time, about this certificate */
	TRUST_STATUS_REVOKED, /* the same */
	TRUST_STATUS_UNKNOWN, /* the responder does not know the certificate */
};

struct trust_ocsp {
	enum trust_status status;
	int64_t this_update_s; /* 0 where there is none, as for all times here */
	int64_t next_update_s;
	int64_t revoked_at_s;
	bool is_out_of_date; /* status is then TRUST_STATUS_NONE */
	char reason[128];    /* of TRUST_STATUS_NONE */
	/* The SignedCertificateTimestampList within (RFC 6962 section 3.3), where it fits. */
	uint8_t sct_list[TRUST_SCT_LIST_SIZE];
	size_t sct_list_len;
};

/* What a stapled OCSPResponse says of chain[0], which chain[1] (or another of them) issued. */
void trust_read_ocsp(struct span response, const struct span *chain, size_t count, int64_t now_s,
		     struct trust_ocsp *out);
