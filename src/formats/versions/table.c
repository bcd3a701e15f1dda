/* table.c - every scheme, and the ecosystems of OSV (ossf.github.io/osv-schema) that use it. */
#include "base/attr.h"
#include "formats/versions/versions.h"

static const struct version_scheme dpkg = {
	.name = "dpkg",
	.summary = "Debian packages, deb-version(7)",
	.compare = version_dpkg_compare,
	.is_valid = version_dpkg_is_valid,
};
static const struct version_scheme rpm = {
	.name = "rpm",
	.summary = "RPM packages, rpm-version(7)",
	.compare = version_rpm_compare,
	.is_valid = version_rpm_is_valid,
};
static const struct version_scheme apk = {
	.name = "apk",
	.summary = "Alpine packages, apk-package(5)",
	.compare = version_apk_compare,
	.is_valid = version_apk_is_valid,
};
static const struct version_scheme semver = {
	.name = "semver",
	.summary = "Semantic Versioning 2.0.0",
	.compare = version_semver_compare,
	.is_valid = version_semver_is_valid,
};
static const struct version_scheme go = {
	.name = "go",
	.summary = "Go modules, golang.org/x/mod/semver",
	.compare = version_go_compare,
	.is_valid = version_go_is_valid,
};
static const struct version_scheme nuget = {
	.name = "nuget",
	.summary = "NuGet packages, NuGet.Versioning",
	.compare = version_nuget_compare,
	.is_valid = version_nuget_is_valid,
};
static const struct version_scheme pypi = {
	.name = "pypi",
	.summary = "Python packages, PEP 440",
	.compare = version_pypi_compare,
	.is_valid = version_pypi_is_valid,
};
static const struct version_scheme maven = {
	.name = "maven",
	.summary = "Maven's version order specification",
	.compare = version_maven_compare,
	.is_valid = version_maven_is_valid,
};
static const struct version_scheme rubygems = {
	.name = "rubygems",
	.summary = "Ruby gems, Gem::Version",
	.compare = version_rubygems_compare,
	.is_valid = version_rubygems_is_valid,
};
static const struct version_scheme packagist = {
	.name = "packagist",
	.summary = "Composer packages, PHP's version_compare()",
	.compare = version_packagist_compare,
	.is_valid = version_packagist_is_valid,
};
static const struct version_scheme cpe = {
	.name = "cpe",
	.summary = "what programs say of themselves, as NVD writes ranges of it",
	.compare = version_cpe_compare,
	.is_valid = version_cpe_is_valid,
};

const struct version_scheme *const version_schemes[] = {
	&dpkg, &rpm, &apk, &semver, &go, &nuget, &pypi, &maven, &rubygems, &packagist, &cpe, NULL,
};

static const struct {
	const char *name;
	const struct version_scheme *scheme;
} ecosystems[] = {
	{ "Debian", &dpkg },
	{ "Ubuntu", &dpkg },
	{ "Red Hat", &rpm },
	{ "AlmaLinux", &rpm },
	{ "Rocky Linux", &rpm },
	{ "SUSE", &rpm },
	{ "openSUSE", &rpm },
	{ "Mageia", &rpm },
	{ "openEuler", &rpm },
	{ "Photon OS", &rpm },
	{ "Azure Linux", &rpm },
	{ "Alpine", &apk },
	{ "Alpaquita", &apk },
	{ "BellSoft Hardened Containers", &apk },
	{ "Chainguard", &apk },
	{ "MinimOS", &apk },
	{ "Wolfi", &apk },
	{ "npm", &semver },
	{ "crates.io", &semver },
	{ "Bitnami", &semver },
	{ "Hex", &semver },
	{ "Julia", &semver },
	{ "Pub", &semver },
	{ "SwiftURL", &semver },
	{ "Go", &go },
	{ "NuGet", &nuget },
	{ "PyPI", &pypi },
	{ "Maven", &maven },
	{ "RubyGems", &rubygems },
	{ "Packagist", &packagist },
};

const struct version_scheme *version_scheme_named(struct span name)
{
	for (size_t i = 0; version_schemes[i] != NULL; i++) {
		if (span_is(name, version_schemes[i]->name)) {
			return version_schemes[i];
		}
	}
	return NULL;
}

const struct version_scheme *version_scheme_of_ecosystem(struct span ecosystem)
{
	struct span name = span_first(ecosystem, span_find(ecosystem, ':'));

	for (size_t i = 0; i < COUNT_OF(ecosystems); i++) {
		if (span_is(name, ecosystems[i].name)) {
			return ecosystems[i].scheme;
		}
	}
	return NULL;
}
