/*
 * cpe.h - names of Common Platform Enumeration, of what a fingerprint says.
 *
 * Recog writes URIs ("cpe:/a:openbsd:openssh:9.2p1", NISTIR 7695 section 6.1) into parameters that
 * it calls cpe23; others want formatted strings (section 6.2). A name made here is inferred from a
 * banner: whoever keeps it must say so, because packages' names and patched versions hide behind
 * it.
 */
#pragma once

#include "base/attr.h"
#include "base/writer.h"
#include "fingerprints/fingerprints.h"

/* "cpe:2.3:a:openbsd:openssh:9.2p1:*:*:*:*:*:*:*" of a URI; a formatted string is handed on as it
 * is. What a stranger's version brought along is quoted, so that it stays one component.
 * ERR_MALFORMED for anything else, ERR_FULL where it does not fit; nothing is then appended. */
MUST_USE int cpe_from_uri(struct span uri, struct writer *out);

/* The name that a match gives for "service", "os", "hw" or "service.component". ERR_NOT_FOUND where
 * Recog has none: none is made up. */
MUST_USE int cpe_of_match(const struct fingerprint_match *m, const char *of, struct writer *out);
