/*
 * x509_key.h - the public key within a certificate. Private to x509.c.
 */
#pragma once

#include "formats/x509.h"

/* Takes a SubjectPublicKeyInfo and fills key_oid and key_bits; fails the reader. */
void x509_key_take(struct reader *tbs, struct x509 *out);
