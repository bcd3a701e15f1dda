/* package_owners_lists.c - /var/lib/dpkg/info/NAME.list, and F: and R: lines of apk's database. */
#include "agent/package_owners_lists.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/writer.h"
#include "sys/file.h"

#define LIST_MAX    (16u << 20)
#define APK_MAX     (64u << 20)
#define PIECE_BYTES 65536

static const char apk_merged[] = "/usr/lib/apk/db/installed";
static const char apk_plain[] = "/lib/apk/db/installed";

const char *const package_owners_databases[] = { "/var/lib/dpkg/status", apk_merged, apk_plain,
						 NULL };

static int read_all(int fd, struct buffer *out)
{
	for (;;) {
		uint8_t *at = buffer_reserve(out, PIECE_BYTES);
		ssize_t len;

		if (at == NULL) {
			return ERR_LIMIT;
		}
		len = read(fd, at, PIECE_BYTES);
		if (len < 0 && errno == EINTR) {
			continue;
		}
		if (len <= 0) {
			return len < 0 ? ERR_IO : 0;
		}
		buffer_grow(out, (size_t)len);
	}
}

/* "libc6:amd64.list" is of libc6. */
static void take_list(struct span file, struct span name, listed_taker *take, void *context)
{
	struct listed_file listed = { .manager = "dpkg" };
	struct reader r = reader_over(file);

	name = span_first(name, name.len - (sizeof ".list" - 1));
	listed.package = span_first(name, span_find(name, ':'));
	while (reader_left(&r) > 0) {
		listed.path = reader_until(&r, '\n');
		take(context, &listed);
	}
}

int package_owners_dpkg(struct tree *tree, listed_taker *take, void *context)
{
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	struct buffer file OWNED(buffer_done);
	const char *name;
	char type;
	int error;

	buffer_init(&file, LIST_MAX);
	error = tree_folder_visit(tree, "/var/lib/dpkg/info", &folder);
	if (error != 0) {
		return error == ERR_IO ? error : 0;
	}
	while (tree_folder_next(folder, &name, &type)) {
		OWNED(file_close) int fd = -1;

		if (!span_ends_with(span_of(name), ".list") ||
		    tree_folder_file(folder, name, &fd) != 0) {
			continue;
		}
		buffer_clear(&file);
		error = read_all(fd, &file);
		if (error == ERR_IO) {
			return error;
		}
		take_list(buffer_span(&file), span_of(name), take, context);
	}
	return 0;
}

/* "F:usr/bin", then "R:busybox" of it; "P:busybox" says whose they are. */
static void take_apk(struct span file, listed_taker *take, void *context)
{
	struct listed_file listed = { .manager = "apk" };
	struct span folder = { NULL, 0 };
	struct reader r = reader_over(file);
	char path[TREE_PATH_SIZE];

	while (reader_left(&r) > 0) {
		struct span line = reader_line(&r);
		struct span value = span_after(line, 2);

		if (span_starts_with(line, "P:")) {
			listed.package = value;
			folder.len = 0;
		} else if (span_starts_with(line, "F:")) {
			folder = value;
		} else if (span_starts_with(line, "R:") &&
			   folder.len + value.len + 2 < sizeof path) {
			struct writer w = writer_over((uint8_t *)path, sizeof path);

			writer_u8(&w, '/');
			writer_bytes(&w, folder);
			if (folder.len > 0) {
				writer_u8(&w, '/');
			}
			writer_bytes(&w, value);
			listed.path = writer_span(&w);
			take(context, &listed);
		}
	}
}

int package_owners_apk(struct tree *tree, listed_taker *take, void *context)
{
	struct buffer file OWNED(buffer_done);
	int error;

	buffer_init(&file, APK_MAX);
	error = tree_read(tree, apk_merged, &file);
	if (error != 0) {
		buffer_clear(&file);
		error = tree_read(tree, apk_plain, &file);
	}
	if (error != 0) {
		return error == ERR_IO ? error : 0;
	}
	take_apk(buffer_span(&file), take, context);
	return 0;
}
