/*
 * apt_policy.h - how much APT prefers a version: Release files and apt_preferences(5).
 *
 * Of preferences all kinds of pin and names with wildcards are understood; regular expressions and
 * source packages as names are not, such records are passed over. Everything borrows.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

/* Of a version in no archive but installed, and of archives that state nothing. */
#define APT_PRIORITY_INSTALLED 100
#define APT_PRIORITY_DEFAULT   500

/* Beyond which APT would go back to an older version. */
#define APT_PRIORITY_DOWNGRADE 1000

/* An archive, as its Release or InRelease file tells. */
struct apt_release {
	struct span origin;
	struct span label;
	struct span suite;
	struct span codename;
	struct span version;
	struct span component;         /* of the list at hand; set by the caller, as the host */
	struct span host;              /* where it was had from */
	bool is_not_automatic;         /* never installed unasked: experimental */
	bool is_but_automatic_upgrade; /* and yet kept up to date: backports */
};

/* Reads the head of a Release file, signed or not; its lists of sums may be cut off. */
void apt_release_parse(struct span file, struct apt_release *out);

/* True for an archive of security updates: Debian's, Ubuntu's and what calls itself like them. */
bool apt_release_is_security(const struct apt_release *release);

struct apt_priority {
	int value;
	bool is_pinned; /* by a record that names the package: then it is the version's wherever it
			 * comes from, be that installed only */
};

/* The priority of a package's version in an archive; an empty release: of one that is installed.
 * preferences: all files, one after the other, a blank line between. */
struct apt_priority apt_policy_priority(struct span preferences, const struct apt_release *release,
					struct span package, struct span version);
