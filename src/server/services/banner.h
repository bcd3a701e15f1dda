/*
 * banner.h - the package that a service's banner names: Debian and Ubuntu put their own version
 * into some, revision and all, so that what feeds say of the package holds for the service.
 *
 * A banner is a stranger's word, and patches may have come since without a restart: what is
 * concluded from it is marked so. Versions without a distribution's revision name no package.
 */
#pragma once

#include "server/services/vulnerability.h"

#define BANNER_VERSION_SIZE 128

struct banner_package {
	struct release release;
	const char *package; /* the binary package */
	const char *source;
	char version[BANNER_VERSION_SIZE]; /* with its epoch */
};

/* False where the banner names no package exactly. */
bool banner_package_of(struct span banner, struct banner_package *out);

/* Fills a row of `packages`, which borrows from the package. */
void banner_package_row(const struct banner_package *package, struct row *out);
