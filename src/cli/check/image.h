/*
 * image.h - an image's archive as docker save, podman save and skopeo write it, unpacked into a
 * scratch folder layer by layer.
 */
#pragma once

#include "base/attr.h"
#include "cli/check/scratch.h"

/* Files in the archive, of its JSON documents, and bytes read in all, inflated. */
#define IMAGE_MEMBERS_MAX  16384
#define IMAGE_JSON_MAX     (4u << 20)
#define IMAGE_LAYERS_MAX   512
#define IMAGE_BYTES_MAX    (UINT64_C(64) << 30)
#define IMAGE_INFLATED_MAX (UINT64_C(8) << 30) /* an archive that is gzipped as a whole */

/* ERR_UNSUPPORTED where it is no image's archive, ERR_MALFORMED, ERR_LIMIT, ERR_CLOSED where a
 * signal came; why says what to do. */
MUST_USE int image_unpack(const char *path, struct scratch *scratch, struct why *why);
