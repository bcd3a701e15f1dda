/*
 * recog.h - Recog's fingerprints as they are published, opened without a server.
 */
#pragma once

#include "base/attr.h"
#include "fingerprints/fingerprints.h"
#include "sys/why.h"

/* As fingerprints_open(), and of archives too: a release's zip, the repository's zip or tarball.
 * Their examples are tried, as for the feed. */
MUST_USE int recog_open(const char *path, struct fingerprints **out, struct why *why);
