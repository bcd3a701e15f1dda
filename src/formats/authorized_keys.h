/*
 * authorized_keys.h - keys that open an account (AUTHORIZED_KEYS FILE FORMAT of
 * sshd(8)), with what ssh-keygen -l says of each.
 *
 * Text borrows from the file. A key is handed out only where its base64 holds a
 * whole key of the type it is said to be.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

/* A key's decoded size; 16384 bits of RSA need 2 KiB, a certificate rarely 4. */
#define AUTHORIZED_KEYS_BLOB_MAX 8192

/* A line longer than this counts as malformed. */
#define AUTHORIZED_KEYS_LINE_MAX (16 * 1024)

/* "SHA256:", 43 characters of base64 and a NUL. */
#define AUTHORIZED_KEYS_FINGERPRINT_SIZE 51

struct authorized_key {
	struct span options; /* as written; empty where there are none */
	struct span type;    /* ssh-ed25519, sk-ssh-ed25519@openssh.com, ... */
	struct span base64;
	struct span comment;
	unsigned bits;                                      /* of the modulus or the curve */
	char fingerprint[AUTHORIZED_KEYS_FINGERPRINT_SIZE]; /* of a certificate: of its key */
};

struct authorized_keys_iterator {
	struct reader rest;
	size_t malformed; /* lines that were skipped: no key, or one that does not hold together */
};

struct authorized_keys_iterator authorized_keys_over(struct span file);

/* The next key; false at the end. Needs about 8 KiB of stack. */
bool authorized_keys_next(struct authorized_keys_iterator *it, struct authorized_key *out);
