/*
 * scope_proof.h - how a scope is proved by what is published: where a token must stand in DNS or
 * over HTTPS, and whether what was found there proves it.
 *
 * Who looks is told no token: it writes down what stands there (an outcome, lines of text), and who
 * has the token judges that. An outcome comes from strangers, whoever wrote it down.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "base/writer.h"
#include "formats/scope_name.h"

enum scope_proof_method { SCOPE_PROOF_DNS, SCOPE_PROOF_HTTPS };

/* What a TXT record says before the token; a line of the file may, too. */
#define SCOPE_PROOF_PREFIX "bartizan-scope="
#define SCOPE_PROOF_LABEL  "_bartizan-challenge"
#define SCOPE_PROOF_PATH   "/.well-known/bartizan-scope.txt"

/* Names that must each have a record, where a prefix does not end where a reverse zone does. */
#define SCOPE_PROOF_PLACES_MAX 16

/* A DNS name or an address of a file, with its NUL. */
#define SCOPE_PROOF_PLACE_SIZE 320

/* Records of ours at one name, bytes of the file, characters of either that are told. */
#define SCOPE_PROOF_RECORDS_MAX 8
#define SCOPE_PROOF_BODY_MAX    4096
#define SCOPE_PROOF_TEXT_MAX    80

/* Bytes of an outcome: whatever was found fits. */
#define SCOPE_OUTCOME_MAX 16384

#define SCOPE_FAILURE_SIZE 512

struct scope_proof {
	struct scope_name scope;
	enum scope_proof_method method;
	size_t count;        /* of places; 0 where it cannot be proved so */
	const char *refusal; /* then: why, and what to do */
};

/* "dns" or "https". ERR_MALFORMED for another word. */
MUST_USE int scope_proof_method_read(struct span word, enum scope_proof_method *out);
const char *scope_proof_method_word(enum scope_proof_method method);

/* Where a scope's token must stand. */
void scope_proof_plan(const struct scope_name *scope, enum scope_proof_method method,
		      struct scope_proof *out);

/* The nth place, below count: "_bartizan-challenge.2.0.192.in-addr.arpa" (RFC 1035, RFC 3596
 * 2.5), or "https://example.org/.well-known/bartizan-scope.txt" (RFC 8615). */
void scope_proof_place(const struct scope_proof *proof, size_t n, char out[SCOPE_PROOF_PLACE_SIZE]);

/* The address of a scope that is one; false for others. Without brackets. */
bool scope_proof_address(const struct scope_name *scope, char out[SCOPE_NAME_SIZE]);

/* --- writing an outcome down --- */

/* One TXT record at the nth place, its strings put together; written where it is one of ours. True
 * where it is. */
bool scope_outcome_record(struct writer *w, size_t n, struct span text);

/* How many TXT records there are at the nth place. */
void scope_outcome_seen(struct writer *w, size_t n, size_t records);

/* The file's lines. */
void scope_outcome_body(struct writer *w, struct span body);

/* All was asked, and answered. */
void scope_outcome_done(struct writer *w);

/* It could not be asked, or was not answered: in words. Nothing else counts then. */
void scope_outcome_reason(struct writer *w, const char *reason);

/* --- judging it --- */

/* True where the token stands at every place. Else failure says what was found and what to do. A
 * token shorter than 16 characters proves nothing. */
bool scope_proof_judge(const struct scope_proof *proof, const char *token, struct span outcome,
		       char failure[SCOPE_FAILURE_SIZE]);
