/* apk.c - Alpine's packages: the secdb speaks of origins, whose version all their packages have. */
#include "formats/versions/versions.h"
#include "server/services/subject.h"

bool subject_of_apk(const struct row *package, struct span stream, struct subject *out)
{
	struct span origin = subject_text(package, PACKAGES_SOURCE);

	*out = (struct subject){ .stream = stream,
				 .compare = version_apk_compare,
				 .is_valid = version_apk_is_valid };
	out->package = origin.len > 0 ? origin : subject_text(package, PACKAGES_NAME);
	out->version = subject_text(package, PACKAGES_VERSION);
	out->rule = origin.len > 0 ? "source" : "binary";
	return out->package.len > 0 && out->version.len > 0;
}
