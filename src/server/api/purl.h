/*
 * purl.h - package URLs (the purl specification): one name for a package in every ecosystem.
 */
#pragma once

#include "base/writer.h"
#include "wire/row.h"

/* Of a row of `packages` on a system:
 * pkg:deb/debian/bash@5.2.15-2%2Bb7?arch=amd64&distro=debian-12. Nothing where its manager has no
 * type. */
void purl_of_package(const struct row *package, struct span os_id, struct span os_version,
		     struct writer *out);

/* Of a row of `language_packages`: pkg:npm/%40babel/core@7.0.0. Nothing where its ecosystem has no
 * type. */
void purl_of_language(const struct row *package, struct writer *out);
