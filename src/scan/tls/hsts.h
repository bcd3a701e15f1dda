/*
 * hsts.h - Strict-Transport-Security (RFC 6797) in the head of an HTTP answer.
 */
#pragma once

#include "scan/tls/result.h"

/* True where the head has come to its end. */
bool hsts_is_whole(struct span head);

/* Fills in what the head tells; unknown stays what cannot be read. Never fails. */
void hsts_parse(struct span head, struct tls_http *out);
