/*
 * clone.h - whether the state folder is still on the machine that it was made on (STATE/machine).
 *
 * A copied folder holds a key that two machines would then use. What identifies a machine is kept
 * as salted hashes only: the machine-id, the mainboard's or virtual machine's number where it can
 * be read, and the folder itself.
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "base/sha256.h"
#include "base/span.h"
#include "sys/why.h"

#define CLONE_SALT_SIZE 16

enum clone_verdict {
	CLONE_NEW,      /* nothing is remembered, or what is cannot be read */
	CLONE_SAME,     /* this machine, this folder */
	CLONE_RESTORED, /* this machine, but the folder came back from somewhere */
	CLONE_COPIED,   /* another machine */
};

enum { CLONE_MACHINE_ID, CLONE_PRODUCT, CLONE_FOLDER, CLONE_FACTS };

/* Hashes of what identifies; what is not known says nothing. */
struct clone_facts {
	uint8_t salt[CLONE_SALT_SIZE];
	uint8_t hashes[CLONE_FACTS][SHA256_SIZE];
	bool is_known[CLONE_FACTS];
};

/* Lines of a name and hex digits. ERR_MALFORMED. */
MUST_USE int clone_parse(struct span file, struct clone_facts *out);

/* What the second says of the first; both have the same salt. */
enum clone_verdict clone_compare(const struct clone_facts *then, const struct clone_facts *now);

/* Compares the folder with the machine whose files are below root ("/"). */
enum clone_verdict clone_check(const char *folder, const char *root);

/* From now on the folder belongs to this machine. */
MUST_USE int clone_remember(const char *folder, const char *root, struct why *why);
