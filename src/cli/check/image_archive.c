/* image_archive.c - one walk over the headers of a tar makes the list. */
#include "cli/check/image_archive.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reader.h"
#include "cli/check/image.h"
#include "formats/tar.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define LINKS_MAX 8

/* Headers are read and contents passed over, by their place in the file. */
struct headers {
	int fd;
	uint64_t offset;
};

static int read_headers(void *context, uint8_t *to, size_t len, size_t *out_len)
{
	struct headers *h = context;
	ssize_t got = pread(h->fd, to, len, (off_t)h->offset);

	if (scratch_is_interrupted()) {
		return ERR_CLOSED;
	}
	if (got < 0) {
		return ERR_IO;
	}
	h->offset += (uint64_t)got;
	*out_len = (size_t)got;
	return 0;
}

static void add(struct image_archive *archive, const struct tar_entry *entry)
{
	struct image_member *member;
	const char *name = entry->name;

	while (strncmp(name, "./", 2) == 0) {
		name += 2;
	}
	if ((archive->count & (archive->count - 1)) == 0) { /* at powers of two */
		archive->members =
			alloc_resize(archive->members, archive->count == 0 ? 1 : 2 * archive->count,
				     sizeof *archive->members);
	}
	member = &archive->members[archive->count++];
	*member = (struct image_member){ .name = alloc_text(name),
					 .offset = entry->offset,
					 .size = entry->size };
	if (entry->type != TAR_FILE) {
		member->target = alloc_text(entry->target);
	}
}

static int list(struct image_archive *archive, struct tar *tar, struct tar_entry *entry,
		struct headers *headers)
{
	int error;

	while ((error = tar_next(tar, entry)) == 0) {
		if (entry->type == TAR_FOLDER || entry->type == TAR_OTHER) {
			continue;
		}
		if (archive->count == IMAGE_MEMBERS_MAX) {
			return ERR_LIMIT;
		}
		add(archive, entry);
		if (tar->left > 0) { /* straight to the next header */
			headers->offset += tar->left + tar->padding;
			tar->offset += tar->left + tar->padding;
			tar->left = 0;
			tar->padding = 0;
		}
	}
	return error == ERR_NOT_FOUND ? 0 : error;
}

int image_archive_open(int fd, struct image_archive *out, struct why *why)
{
	struct image_archive archive = { .fd = fd, .budget = IMAGE_BYTES_MAX };
	struct tar_entry *entry = alloc_zeroed(1, sizeof *entry);
	struct headers headers = { .fd = fd };
	struct stat status;
	struct tar tar;
	int error;

	tar_init(&tar, (struct tar_source){ read_headers, &headers });
	error = list(&archive, &tar, entry, &headers);
	free(entry);
	/* a content that was passed over may be missing */
	if (error == 0 && archive.count > 0 && fstat(fd, &status) == 0 &&
	    headers.offset > (uint64_t)status.st_size) {
		error = ERR_MALFORMED;
	}
	if (error != 0) {
		image_archive_close(&archive);
		return error == ERR_MALFORMED && archive.count == 0
			       ? why_set(why, ERR_UNSUPPORTED,
					 "it is no tar archive: save the image with 'docker save', "
					 "'podman save' or 'skopeo copy ... oci-archive:FILE'")
			       : why_set(why, error, "the archive cannot be read: %s",
					 error_text(error));
	}
	*out = archive;
	return 0;
}

void image_archive_close(struct image_archive *archive)
{
	for (size_t i = 0; i < archive->count; i++) {
		free(archive->members[i].name);
		free(archive->members[i].target);
	}
	free(archive->members);
	archive->members = NULL;
	archive->count = 0;
	file_close(&archive->fd);
}

static const struct image_member *find_exactly(const struct image_archive *archive,
					       struct span name)
{
	for (size_t i = archive->count; i-- > 0;) { /* what comes last holds */
		if (span_equal(span_of(archive->members[i].name), name)) {
			return &archive->members[i];
		}
	}
	return NULL;
}

/* "../ID/layer.tar" of "OTHER/layer.tar" (docker, before it wrote OCI layouts) is "ID/layer.tar".
 */
static struct span target_of(const struct image_member *member)
{
	struct span target = span_of(member->target);

	while (span_starts_with(target, "../") || span_starts_with(target, "./")) {
		target = span_after(target, span_find(target, '/') + 1);
	}
	return target;
}

const struct image_member *image_archive_find(const struct image_archive *archive, const char *name)
{
	const struct image_member *member = find_exactly(archive, span_of(name));

	for (unsigned i = 0; i < LINKS_MAX && member != NULL && member->target != NULL; i++) {
		member = find_exactly(archive, target_of(member));
	}
	return member != NULL && member->target == NULL ? member : NULL;
}

json_t *image_archive_json(const struct image_archive *archive, const char *name, struct why *why)
{
	const struct image_member *member = image_archive_find(archive, name);
	json_error_t error;
	json_t *json = NULL;
	char *text;

	if (member == NULL || member->size > IMAGE_JSON_MAX) {
		(void)why_set(why, ERR_NOT_FOUND,
			      member == NULL ? "%.200s is not in the archive"
					     : "%.200s is too large",
			      name);
		return NULL;
	}
	text = alloc_zeroed(1, (size_t)member->size + 1);
	if (pread(archive->fd, text, (size_t)member->size, (off_t)member->offset) ==
	    (ssize_t)member->size) {
		json = json_loadb(text, (size_t)member->size, JSON_REJECT_DUPLICATES, &error);
	}
	free(text);
	if (json == NULL) {
		(void)why_set(why, ERR_MALFORMED, "%.200s in the archive is no JSON", name);
	}
	return json;
}
