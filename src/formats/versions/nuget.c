/*
 * nuget.c - NuGet: "Package versioning" in its documentation; NuGet.Versioning's
 * VersionComparer.
 *
 * Malformed: as semver.c, with a fifth and further number compared like those before it.
 */
#include "formats/versions/scan.h"
#include "formats/versions/semver.h"
#include "formats/versions/versions.h"

int version_nuget_compare(struct span a, struct span b)
{
	return semver_compare(a, b, scan_compare_folded);
}

bool version_nuget_is_valid(struct span version)
{
	return semver_is_valid(version, 1, 4, false);
}
