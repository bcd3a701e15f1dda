/*
 * opt_out.h - who asked not to be scanned: a list that an operator signs and every sensor honours.
 *
 * A text of addresses, prefixes and ranges, one a line, whose last line is "signature BASE64": an
 * Ed25519 signature (RFC 8032) of all bytes before that line. The key is PEM beside it, in
 * PATH.pub. A list that is there and cannot be believed is a reason not to scan at all.
 */
#pragma once

#include "scan/targets/targets.h"

#define OPT_OUT_PATH     "/etc/bartizan/opt-out"
#define OPT_OUT_FILE_MAX (64u << 20)

/* ERR_NOT_FOUND: there is no list. ERR_DENIED: the signature is missing or wrong. ERR_MALFORMED.
 * out is settled. */
MUST_USE int opt_out_read(const char *path, struct targets **out, struct why *why);
