/*
 * identify.h - who asks, and whether they may: bearer token or session cookie, then access_judge.
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"

struct call;

/* Fills call->who, session and tenant as the call's operation needs. False where it has answered
 * (401, 403, 404) or holds the answer back. */
bool identify_call(struct call *call);

/* Answers 401 with the message, later where this address failed often. */
void identify_refuse(struct call *call, const char *message);

/* True where a browser sent this from our own pages: Origin names the Host (RFC 6454, section 7).
 */
bool identify_is_same_origin(const char *origin, const char *host);

/* The token of an Authorization header (RFC 6750); empty where it is none. */
struct span identify_bearer(const char *header);
