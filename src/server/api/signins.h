/*
 * signins.h - who is signed in to the console: sessions and one-time sign-in codes, in memory.
 *
 * Only SHA-256 of an id or code is kept, so that what is in memory signs nobody in.
 * There is a most of both; the oldest gives way.
 */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "server/tenants/tenants.h"

#define SESSIONS_MAX        1000
#define SESSION_LIFE_MS     (INT64_C(12) * 3600 * 1000)
#define SIGNIN_CODES_MAX    100
#define SIGNIN_CODE_LIFE_MS (INT64_C(10) * 60 * 1000)

/* 43 characters of base64url (32 random bytes) and a NUL. */
#define SESSION_TEXT_SIZE 44

struct signins;

struct signins *signins_new(void);
void signins_free(struct signins **sessions);

/* A new session for who; its id goes into the cookie. Times are of the clock that never jumps. */
void signin_open(struct signins *s, const struct identity *who, int64_t now_ms,
		 char out_id[SESSION_TEXT_SIZE]);

/* ERR_NOT_FOUND where there is none or it has ended. */
MUST_USE int signin_find(struct signins *s, struct span id, int64_t now_ms, struct identity *out);
void signin_end(struct signins *s, struct span id);

/* A code that signs in as who, once. */
void signin_code_new(struct signins *s, const struct identity *who, int64_t now_ms,
		     char out_code[SESSION_TEXT_SIZE]);

/* Takes the code; ERR_NOT_FOUND where it is unknown, used or too old. */
MUST_USE int signin_code_redeem(struct signins *s, struct span code, int64_t now_ms,
				struct identity *out);

/* Ends all sessions and codes of who has this name and tenant. */
void signin_end_all(struct signins *s, struct span name, struct span tenant);

/* Live sessions. */
unsigned signins_count(const struct signins *s, int64_t now_ms);
