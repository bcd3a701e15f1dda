/*
 * image_archive.h - the files of an open tar by their names, read where they lie.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/attr.h"
#include "cli/check/stream.h"

struct image_member {
	char *name;
	char *target; /* of a link; else NULL */
	uint64_t offset;
	uint64_t size;
};

struct image_archive {
	int fd;
	uint64_t budget; /* bytes that may still be read */
	struct image_member *members;
	size_t count;
};

/* fd is taken over. */
MUST_USE int image_archive_open(int fd, struct image_archive *out, struct why *why);
void image_archive_close(struct image_archive *archive);

/* By its name, links followed; NULL where there is none. */
const struct image_member *image_archive_find(const struct image_archive *archive,
					      const char *name);

/* A JSON document in it, owned by the caller; NULL and a reason. */
json_t *image_archive_json(const struct image_archive *archive, const char *name, struct why *why);
