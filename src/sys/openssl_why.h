/*
 * openssl_why.h - OpenSSL's errors as reasons.
 *
 * OpenSSL queues errors per thread; whoever fails takes them all out, so that the next to ask
 * does not see them.
 */
#pragma once

#include "sys/why.h"

/* Sets why to "doing: OpenSSL's reason", empties the queue and returns error. why may be NULL. */
int openssl_why(struct why *why, int error, const char *doing);
