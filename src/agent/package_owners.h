/*
 * package_owners.h - whose a file is: from its path to the package that brought it (dpkg, apk,
 * rpm).
 *
 * Only paths that are asked for are kept: the databases' own lists have a hundred times as many and
 * are read once for all that is not known yet. What a database says is kept until it changes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/tree.h"
#include "base/attr.h"
#include "base/span.h"

/* Paths in use at a time. What is beyond is nobody's. */
#define PACKAGE_OWNERS_MAX 65536

/* No path. */
#define PACKAGE_OWNERS_NONE UINT32_MAX

struct package_owner {
	const char *manager; /* dpkg, apk or rpm; NULL: no package's */
	const char *package;
};

struct package_owners;

struct package_owners *package_owners_new(void);
void package_owners_free(struct package_owners **owners);

/* A round begins: paths that are not used until the next one are forgotten then. Where a database
 * has changed, all is asked anew. */
void package_owners_begin(struct package_owners *owners, struct tree *tree);

/* A path's number, as long as it is used in each round; PACKAGE_OWNERS_NONE where there are too
 * many. */
uint32_t package_owners_path(struct package_owners *owners, struct span path);

/* The path of this number is in use in this round, too. */
void package_owners_use(struct package_owners *owners, uint32_t path);

/* Reads the databases where an owner of a path is not known yet. ERR_IO. */
MUST_USE int package_owners_find(struct package_owners *owners, struct tree *tree);

/* Both borrowed until the next round. */
const char *package_owners_text(const struct package_owners *owners, uint32_t path);
struct package_owner package_owners_of(const struct package_owners *owners, uint32_t path);

/* Greater than every number that was given out. */
uint32_t package_owners_limit(const struct package_owners *owners);

/* True where there is a database. */
bool package_owners_has_database(const struct package_owners *owners);
