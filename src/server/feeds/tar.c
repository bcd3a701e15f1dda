/* tar.c - the regular files of a tar that is in memory, each handed on where it lies. */
#include "formats/tar.h"

#include "base/error.h"
#include "server/feeds/archive_parts.h"

static int tell(struct archive_walk *walk, struct span bytes, const struct tar_entry *entry)
{
	struct span body = { NULL, 0 };
	int error = archive_count(walk, entry->size);

	if (error != 0) {
		return error;
	}
	if (entry->offset < bytes.len) {
		body = span_first(span_after(bytes, (size_t)entry->offset), (size_t)entry->size);
	}
	if (body.len != entry->size) {
		return why_set(walk->why, ERR_MALFORMED, "the tar is cut off");
	}
	return archive_tell(walk, span_of(entry->name), body);
}

int archive_each_of_tar(struct span bytes, struct archive_walk *walk)
{
	struct reader rest = reader_over(bytes);
	struct tar_entry entry;
	struct tar tar;
	int error;

	tar_init(&tar, tar_source_over(&rest));
	while ((error = tar_next(&tar, &entry)) == 0) {
		error = entry.type == TAR_FILE ? tell(walk, bytes, &entry) : 0;
		if (error != 0) {
			return error;
		}
	}
	if (error == ERR_NOT_FOUND && tar_has_end(&tar)) {
		return 0;
	}
	return why_set(walk->why, error == ERR_LIMIT ? ERR_LIMIT : ERR_MALFORMED, "%s",
		       error == ERR_LIMIT ? "a name or a size in the tar is beyond all limits"
					  : "the tar is broken or cut off");
}
