/*
 * est_request.h - one request of Enrollment over Secure Transport (RFC 7030), and its responses.
 *
 * Pure: bytes in, what is asked for out. Three operations: cacerts, simpleenroll, simplereenroll.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "base/writer.h"
#include "formats/http_head.h"
#include "server/ingest/limits.h"

/* The most bytes that a request may have, and the room that its parts may need when decoded. */
#define EST_REQUEST_MAX (HTTP_HEAD_MAX + EST_BODY_MAX)
#define EST_TOKEN_MAX   512

enum est_operation { EST_CACERTS, EST_ENROL, EST_REENROL };

struct est_request {
	enum est_operation operation;
	struct span token; /* of EST_ENROL: the password; empty where there was no Authorization */
	struct span request; /* PKCS 10, DER; of EST_ENROL and EST_REENROL */
	uint8_t token_room[EST_TOKEN_MAX];
	uint8_t request_room[EST_BODY_MAX];
};

/* A refusal: an HTTP status and a sentence. */
struct est_refusal {
	unsigned status;
	const char *text;
};

/* is_known: the connection has shown a certificate, and so may enrol without a token. 0 where the
 * request is whole; ERR_AGAIN where more bytes must come; ERR_DENIED where it is
 * refused, as *refusal says. Bytes behind the request are ignored: the connection ends with the
 * answer. */
MUST_USE int est_request_parse(struct span bytes, bool is_known, struct est_request *out,
			       struct est_refusal *refusal);

/* Writes a response with a sentence as its body, and the headers that its status asks for. */
void est_write_refusal(struct writer *out, const struct est_refusal *refusal);

/* Writes a response that bears certificates (RFC 7030 4.1.3, 4.2.3): base64 of a certs-only CMS. */
void est_write_certificates(struct writer *out, struct span base64);
