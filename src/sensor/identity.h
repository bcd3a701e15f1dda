/*
 * identity.h - the agent's key and certificate, in one file, so that they always belong together.
 *
 * The key is made here and never leaves the machine.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "sys/buffer.h"
#include "sys/why.h"

struct identity {
	struct buffer pem;   /* the file: the key, then the certificate */
	struct span key_pem; /* borrowed from it */
	struct span certificate_pem;
	int64_t renew_at_s; /* wall clock: two thirds of the certificate's life */
};

/* Owns nothing. */
void identity_init(struct identity *identity);

/* Wipes the key. */
void identity_done(struct identity *identity);
bool identity_exists(const char *folder);

/* Removes it, and what is marked of it. */
void identity_forget(const char *folder);

/* ERR_NOT_FOUND where there is none; a reason where it is damaged. */
MUST_USE int identity_load(const char *folder, struct identity *out, struct why *why);

/* Stores a new key and its certificate (DER) in place of the old ones, at once. */
MUST_USE int identity_store(const char *folder, struct span key_pem, struct span certificate_der,
			    struct why *why);

/* Removes a token that was left beside the key: who has an identity has no use for it, and after a
 * revocation it must not bring the sensor back. */
void identity_drop_token(const char *folder);

/* The server said that this identity is not accepted any more: remembered until it is replaced. */
void identity_mark_revoked(const char *folder);
bool identity_is_revoked(const char *folder);

/* This identity belongs to the machine that the folder was copied from: it may only be used to
 * enrol anew. Remembered until it is replaced. */
MUST_USE int identity_mark_cloned(const char *folder, struct why *why);
bool identity_is_cloned(const char *folder);
