/*
 * est.h - enrolment over secure transport (RFC 7030), the client's side, without I/O.
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/buffer.h"
#include "sys/why.h"

/* An answer longer than this is none of ours. */
#define EST_ANSWER_MAX 65536

enum est_kind {
	EST_ENROL, /* with a token */
	EST_RENEW, /* the present certificate speaks for itself */
	EST_CLONE, /* it speaks for the machine that this one was copied from: a new id is wanted */
};

/* Appends a request for a certificate (POST simpleenroll; simplereenroll for EST_RENEW). token: for
 * EST_ENROL. request_der: PKCS 10. */
MUST_USE int est_request(enum est_kind kind, const char *host, const char *token,
			 struct span request_der, struct buffer *out, struct why *why);

/* Reads an answer, appending the certificate (DER). ERR_AGAIN where it is not all there yet (never
 * where is_end); ERR_DENIED with the server's words where a person has to do something; ERR_TIMEOUT
 * where the server asks to come later; ERR_MALFORMED, ... */
MUST_USE int est_answer(struct span bytes, bool is_end, struct buffer *out_der, struct why *why);
