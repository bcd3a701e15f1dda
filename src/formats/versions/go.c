/*
 * go.c - Go modules: golang.org/x/mod/semver, and "Module version numbering" in the Go
 * Modules Reference (go.dev/ref/mod#versions).
 *
 * A pseudo-version (v0.0.0-20191109021931-daa7c04131f5) is ordered by its time because that
 * is how its pre-release is written; +incompatible is build metadata and does not count.
 * Malformed: as semver.c; x/mod/semver holds all of them equal and older than the rest.
 */
#include "formats/versions/scan.h"
#include "formats/versions/semver.h"
#include "formats/versions/versions.h"

int version_go_compare(struct span a, struct span b)
{
	return semver_compare(a, b, span_compare);
}

bool version_go_is_valid(struct span version)
{
	struct reader r = reader_over(version);

	(void)scan_take(&r, 'v');
	return semver_is_valid(reader_rest(&r), 1, 3, true);
}
