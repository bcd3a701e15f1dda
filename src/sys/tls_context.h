/*
 * tls_context.h - what tls.c needs of a context; for these two files only.
 */
#pragma once

#include <openssl/ssl.h>

#include "sys/tls.h"

/* Another owner; each gives its own up by tls_context_free. */
struct tls_context *tls_context_share(struct tls_context *context);

bool tls_context_is_server(const struct tls_context *context);

/* A connection over the descriptor, which stays the caller's and is never written so that SIGPIPE
 * comes. Aborts where memory ends. */
SSL *tls_context_connect(struct tls_context *context, int fd);

/* The context's own copy of a protocol's name, "" where it is none of its own. */
const char *tls_context_protocol(const struct tls_context *context, struct span name);
