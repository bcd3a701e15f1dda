/*
 * signature.h - Ed25519 signatures (RFC 8032, over OpenSSL) of lists that people sign.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

#define SIGNATURE_SIZE 64

/* 0 where the key (a public key, PEM) signed exactly these bytes. ERR_DENIED where not,
 * ERR_MALFORMED where the key is none of Ed25519. */
MUST_USE int signature_verify(struct span public_key_pem, struct span bytes, struct span signature);
