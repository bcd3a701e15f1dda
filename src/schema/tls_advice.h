/*
 * tls_advice.h - lines of configuration that mend what rules complain of. Private to tls_rules.
 *
 * Lines are accepted by the programs of Debian 12; file names in them are examples.
 */
#pragma once

#include "schema/tls_rules.h"

extern const struct tls_advice advice_protocols;   /* TLS 1.2 and 1.3 */
extern const struct tls_advice advice_ciphers;     /* ECDHE with AEAD */
extern const struct tls_advice advice_groups;      /* curves of 128 bits of strength or more */
extern const struct tls_advice advice_hsts;        /* a year of it */
extern const struct tls_advice advice_chain;       /* certificate and issuers in one file */
extern const struct tls_advice advice_compression; /* none */
extern const struct tls_advice advice_stapling;    /* on */
