/*
 * versions.h - which of two versions is older, as each packaging ecosystem decides it.
 *
 * Every compare function returns <0, 0 or >0 and is a total preorder over all bytes:
 * reflexive, antisymmetric and transitive, for malformed versions too, so that sorting,
 * binary search and ranges are safe on whatever a feed says. Where a tool's own order has
 * cycles, the scheme's file says which rule gave way. Numbers are digit strings of any length.
 */
#pragma once

#include "base/span.h"

struct version_scheme {
	const char *name;
	const char *summary; /* whose rules these are */
	int (*compare)(struct span a, struct span b);
	bool (*is_valid)(struct span version);
};

/* Every scheme, ended by NULL. */
extern const struct version_scheme *const version_schemes[];

/* The scheme of this name ("dpkg"), or NULL. */
const struct version_scheme *version_scheme_named(struct span name);

/* The scheme of an ecosystem as OSV names it ("Debian:12", "crates.io", "Red Hat:..."):
 * what follows a colon is a release of it and does not matter. NULL where OSV's
 * ecosystem has no order of versions, or none that we know. */
const struct version_scheme *version_scheme_of_ecosystem(struct span ecosystem);

/* Debian packages: [epoch:]upstream[-revision], deb-version(7). */
int version_dpkg_compare(struct span a, struct span b);
bool version_dpkg_is_valid(struct span version);

/* RPM packages: [epoch:]version[-release], rpm-version(7). No epoch is epoch 0; no
 * release is older than any release. */
int version_rpm_compare(struct span a, struct span b);
bool version_rpm_is_valid(struct span version);

/* Alpine packages: number{.number}[letter]{_suffix[number]}[~hash][-rnumber]. */
int version_apk_compare(struct span a, struct span b);
bool version_apk_is_valid(struct span version);

/* apk's operator ~: as version_apk_compare(), but 0 where the version begins with all
 * the parts of prefix ("3.6.9" and "3.6"). Not symmetric, so not for sorting. */
int version_apk_compare_prefix(struct span version, struct span prefix);

/* Semantic Versioning 2.0.0: npm, crates.io, Hex, Pub. A leading v does not count. */
int version_semver_compare(struct span a, struct span b);
bool version_semver_is_valid(struct span version);

/* Go modules: Semantic Versioning with a v, which OSV leaves out; "v1" and "v1.2" are
 * short for "v1.0.0" and "v1.2.0". */
int version_go_compare(struct span a, struct span b);
bool version_go_is_valid(struct span version);

/* NuGet: Semantic Versioning with up to four numbers and no regard to case. */
int version_nuget_compare(struct span a, struct span b);
bool version_nuget_is_valid(struct span version);

/* Python packages, PEP 440. What PEP 440 does not allow is older than all it does. */
int version_pypi_compare(struct span a, struct span b);
bool version_pypi_is_valid(struct span version);

/* Maven's version order specification. */
int version_maven_compare(struct span a, struct span b);
bool version_maven_is_valid(struct span version);

/* Ruby gems, Gem::Version. */
int version_rubygems_compare(struct span a, struct span b);
bool version_rubygems_is_valid(struct span version);

/* Composer packages: PHP's version_compare(), without a leading v. */
int version_packagist_compare(struct span a, struct span b);
bool version_packagist_is_valid(struct span version);

/* What programs say of themselves, as NVD writes ranges of it: numbers and words (cpe.c says
 * which). */
int version_cpe_compare(struct span a, struct span b);
bool version_cpe_is_valid(struct span version);

/* The version without its update, as CPE has these apart: "9.2" of "9.2p1", "8.0" of "8.0-SP2",
 * "1.0.2k" of "1.0.2k". */
struct span version_cpe_without_update(struct span version);
