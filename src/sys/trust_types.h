/*
 * trust_types.h - certificates of strangers as OpenSSL's objects, for trust's parts only.
 */
#pragma once

#include <openssl/x509.h>

#include "base/span.h"

/* NULL where it cannot be read, or is longer than TRUST_DER_SIZE_MAX. */
X509 *trust_read_certificate(struct span der);

/* All but the first that can be read; the caller's. NULL without memory. */
STACK_OF(X509) * trust_read_others(const struct span *chain, size_t count);

/* For OWNED. */
void trust_certificates_free(STACK_OF(X509) * *certificates);
