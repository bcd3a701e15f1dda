/*
 * known_keys.h - public keys whose private half is known: a list that the operator supplies.
 *
 * A text file, one key a line: SHA-256 of the SubjectPublicKeyInfo in 64 hexadecimal digits, what
 * follows after a space is passed over, as are empty lines and those that begin with "#".
 */
#pragma once

#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/why.h"

/* Keys of one list: 32 MB. */
#define KNOWN_KEYS_MAX 1000000

struct known_keys;

/* ERR_IO, ERR_MALFORMED with the line's number, ERR_LIMIT. */
MUST_USE int known_keys_read(const char *path, struct known_keys **out, struct why *why);

/* From the list's own text. */
MUST_USE int known_keys_parse(struct span text, struct known_keys **out, struct why *why);

/* Accepts empty and nulls the variable. */
void known_keys_free(struct known_keys **keys);

/* True for a SubjectPublicKeyInfo (DER) that is listed. NULL is a list without keys. */
bool known_keys_have(const struct known_keys *keys, struct span key_info);
