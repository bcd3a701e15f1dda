/* packages_paragraphs.c - dpkg's and apk's databases, piece by piece, so that their size costs no
 * memory. */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/collectors/packages.h"
#include "base/error.h"
#include "formats/apk.h"
#include "formats/deb822.h"
#include "formats/dpkg.h"
#include "schema/schema.h"
#include "sys/clock.h"
#include "sys/file.h"

#define STATUS      "/var/lib/dpkg/status"
#define PIECE_BYTES 65536

/* Nobody takes so long to write it. */
#define SETTLED_MS 60000

/* A paragraph may be this long: dpkg's own longest, with thousands of conffiles, are below 1 MiB.
 */
#define HELD_MAX (4u << 20)

static int read_piece(int fd, struct buffer *held, bool *out_is_end)
{
	uint8_t *at = buffer_reserve(held, PIECE_BYTES);
	ssize_t len;

	if (at == NULL) {
		return ERR_LIMIT;
	}
	do {
		len = read(fd, at, PIECE_BYTES);
	} while (len < 0 && errno == EINTR);
	if (len < 0) {
		return ERR_IO;
	}
	buffer_grow(held, (size_t)len);
	*out_is_end = len == 0;
	return 0;
}

/* dpkg renames a whole file into place, which ends with a blank line. Others (a restore, a
 * synchronisation) truncate and write: a file that just changed and does not end so is still being
 * written, and so is an empty one beside a copy of before. What stays like that is taken as it is.
 */
static bool is_being_written(struct collection *c, int fd)
{
	struct tree_entry old;
	struct stat now;
	char end[2];
	int64_t age_ms;

	if (!c->machine->is_live || fstat(fd, &now) != 0) {
		return false;
	}
	age_ms = clock_wall_ms() - (int64_t)now.st_mtim.tv_sec * 1000;
	if (age_ms < 0 || age_ms > SETTLED_MS) {
		return false;
	}
	if (now.st_size == 0) {
		return tree_look(c->machine->tree, STATUS "-old", &old, NULL) == 0 && old.size > 0;
	}
	return now.st_size < 2 || pread(fd, end, sizeof end, now.st_size - 2) != sizeof end ||
	       end[0] != '\n' || end[1] != '\n';
}

int packages_read_dpkg(struct collection *c, void (*parse)(void *context, struct span paragraphs),
		       void *context)
{
	OWNED(file_close) int fd = -1;

	if (tree_open(c->machine->tree, STATUS, &fd) == 0 && is_being_written(c, fd)) {
		return ERR_AGAIN;
	}
	return packages_read_paragraphs(c, STATUS, parse, context);
}

int packages_read_paragraphs(struct collection *c, const char *path,
			     void (*parse)(void *context, struct span paragraphs), void *context)
{
	struct buffer held OWNED(buffer_done);
	OWNED(file_close) int fd = -1;
	bool is_end = false;
	int error;

	buffer_init(&held, HELD_MAX);
	error = tree_open(c->machine->tree, path, &fd);
	if (error != 0) {
		return collection_missing(error);
	}
	while (!is_end) {
		size_t whole;

		error = read_piece(fd, &held, &is_end);
		if (error != 0) {
			return error;
		}
		whole = is_end ? buffer_span(&held).len : deb822_whole(buffer_span(&held));
		parse(context, span_first(buffer_span(&held), whole));
		buffer_consume(&held, whole);
	}
	return 0;
}

static void parse_dpkg(void *context, struct span stanzas)
{
	struct collection *c = context;
	struct dpkg_iterator it = dpkg_over(stanzas);
	struct dpkg_package package;

	while (dpkg_next(&it, &package)) {
		struct row *row = collection_row(c);

		row_set_text(row, PACKAGES_MANAGER, span_of("dpkg"));
		row_set_text(row, PACKAGES_NAME, package.name);
		row_set_text(row, PACKAGES_VERSION, package.version);
		row_set_text_if_any(row, PACKAGES_ARCHITECTURE, package.architecture);
		row_set_text_if_any(row, PACKAGES_STATUS, package.status);
		row_set_text_if_any(row, PACKAGES_SOURCE, package.source);
		row_set_text_if_any(row, PACKAGES_SOURCE_VERSION, package.source_version);
		row_set_text_if_any(row, PACKAGES_SECTION, package.section);
		row_set_text_if_any(row, PACKAGES_VENDOR, package.maintainer);
		if (package.has_size) {
			row_set_integer(row, PACKAGES_SIZE_BYTES, (int64_t)package.size_bytes);
		}
		collection_emit(c);
	}
}

/* Images without a shell have one file a package in place of the database. */
static int collect_distroless(struct collection *c)
{
	static const char path[] = "/var/lib/dpkg/status.d";
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	int error = tree_folder_open(c->machine->tree, path, &folder);
	char file[TREE_PATH_SIZE];
	const char *name;
	char type;

	if (error != 0) {
		return collection_missing(error);
	}
	while (tree_folder_next(folder, &name, &type)) {
		if (type != 'f' || span_ends_with(span_of(name), ".md5sums") ||
		    tree_join(path, name, file) != 0) {
			continue;
		}
		error = packages_read_paragraphs(c, file, parse_dpkg, c);
		if (error != 0) {
			return error;
		}
	}
	return 0;
}

int packages_collect_dpkg(struct collection *c)
{
	int error = packages_read_dpkg(c, parse_dpkg, c);

	return error != 0 ? error : collect_distroless(c);
}

static void parse_apk(void *context, struct span paragraphs)
{
	struct collection *c = context;
	struct apk_iterator it = apk_over(paragraphs);
	struct apk_package package;

	while (apk_next(&it, &package)) {
		struct row *row = collection_row(c);

		row_set_text(row, PACKAGES_MANAGER, span_of("apk"));
		row_set_text(row, PACKAGES_NAME, package.name);
		row_set_text(row, PACKAGES_VERSION, package.version);
		row_set_text_if_any(row, PACKAGES_ARCHITECTURE, package.architecture);
		row_set_text(row, PACKAGES_STATUS, span_of("installed"));
		row_set_text_if_any(row, PACKAGES_SOURCE, package.origin);
		row_set_text(row, PACKAGES_SOURCE_VERSION, package.version);
		row_set_text_if_any(row, PACKAGES_VENDOR, package.maintainer);
		if (package.has_size) {
			row_set_integer(row, PACKAGES_SIZE_BYTES, (int64_t)package.size_bytes);
		}
		collection_emit(c);
	}
}

int packages_collect_apk(struct collection *c)
{
	struct tree_entry entry;
	const char *path = "/usr/lib/apk/db/installed"; /* of apk 3 and a merged /usr */

	if (tree_look(c->machine->tree, path, &entry, NULL) != 0) {
		path = "/lib/apk/db/installed";
	}
	return packages_read_paragraphs(c, path, parse_apk, c);
}
