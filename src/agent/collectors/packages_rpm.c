/*
 * packages_rpm.c - rpm's databases, whose blobs are headers: SQLite's table Packages, and SUSE's
 * Packages.db.
 *
 * Read piece by piece: the file has a hundred megabytes where the rows of interest are a few
 * hundred KB. SQLite's write-ahead log is read along, as a daemon that keeps the database open
 * leaves changes there.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/collectors/packages.h"
#include "base/error.h"
#include "formats/rpm_header.h"
#include "formats/rpm_ndb.h"
#include "formats/sqlite_file.h"
#include "formats/sqlite_wal.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define WAL_MAX       (32u << 20)
#define PAGE_SIZE_MAX 65536

/* CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL) */
#define BLOB_COLUMN 1

static int read_at(int fd, uint64_t offset, uint8_t *to, size_t len)
{
	while (len > 0) {
		ssize_t got = pread(fd, to, len, (off_t)offset);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			return got < 0 ? ERR_IO : ERR_MALFORMED;
		}
		to += got;
		len -= (size_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}

static void emit(struct collection *c, const struct rpm_package *package)
{
	struct row *row = collection_row(c);
	struct span name;
	struct span version;

	row_set_text(row, PACKAGES_MANAGER, span_of("rpm"));
	row_set_text(row, PACKAGES_NAME, package->name);
	row_set_text(row, PACKAGES_VERSION, package->version);
	row_set_text_if_any(row, PACKAGES_ARCHITECTURE, package->architecture);
	row_set_text(row, PACKAGES_STATUS, span_of("installed"));
	if (rpm_header_split_source(package->source_rpm, &name, &version)) {
		row_set_text(row, PACKAGES_SOURCE, name);
		row_set_text(row, PACKAGES_SOURCE_VERSION, version);
	}
	row_set_text_if_any(row, PACKAGES_SECTION, package->group);
	row_set_text_if_any(row, PACKAGES_VENDOR, package->vendor);
	row_set_text_if_any(row, PACKAGES_MODULE, package->module);
	if (package->has_size) {
		row_set_integer(row, PACKAGES_SIZE_BYTES, (int64_t)package->size_bytes);
	}
	collection_emit(c);
}

/* A header that cannot be read is passed over; that the file cannot be is an error. */
static int emit_header(struct collection *c, struct rpm_header_source source)
{
	uint8_t text[9 * RPM_HEADER_TEXT_MAX];
	struct writer texts = writer_over(text, sizeof text);
	struct rpm_package package;
	int error = rpm_header_read(source, &texts, &package);

	if (error == 0) {
		emit(c, &package);
	}
	return error == ERR_IO ? error : 0;
}

/* --- SQLite --- */

struct database {
	int fd;
	struct buffer wal;
	struct span frames; /* of the log, what is committed */
	uint32_t page_size;
	uint8_t page[PAGE_SIZE_MAX];
};

static int take_page(void *context, uint32_t number, struct span *out)
{
	struct database *db = context;
	int error;

	if (db->frames.len > 0 && sqlite_wal_find(db->frames, db->page_size, number, out)) {
		return 0;
	}
	error = read_at(db->fd, (uint64_t)(number - 1) * db->page_size, db->page, db->page_size);
	if (error == 0) {
		*out = (struct span){ db->page, db->page_size };
	}
	return error;
}

/* Finds the page size, which the source needs before the parser knows it, and the log's frames. */
static int open_database(struct collection *c, const char *path, struct database *db,
			 struct sqlite_file *out)
{
	uint8_t header[SQLITE_FILE_HEADER_SIZE];
	struct span head = { header, sizeof header };
	struct sqlite_file_source source = { .page = take_page, .context = db };
	char wal_path[TREE_PATH_SIZE];
	struct writer w = writer_over((uint8_t *)wal_path, sizeof wal_path);
	uint32_t pages_of_log = 0;
	struct stat status;
	int error = tree_open(c->machine->tree, path, &db->fd);

	if (error != 0) {
		return error;
	}
	error = read_at(db->fd, 0, header, sizeof header);
	if (error != 0 || fstat(db->fd, &status) < 0) {
		return ERR_IO;
	}
	error = sqlite_file_from(head, source, UINT32_MAX, out);
	if (error != 0) {
		return error;
	}
	db->page_size = out->page_size;
	writer_text(&w, path);
	writer_bytes(&w, (struct span){ (const uint8_t *)"-wal", 5 });
	if (tree_read(c->machine->tree, wal_path, &db->wal) == 0 &&
	    sqlite_wal_open(buffer_span(&db->wal), db->page_size, &db->frames, &pages_of_log) !=
		    0) {
		db->frames = (struct span){ NULL, 0 };
	}
	if (db->frames.len == 0) {
		pages_of_log = (uint32_t)((uint64_t)status.st_size / db->page_size);
	}
	return sqlite_file_from(head, source, pages_of_log, out);
}

struct blob {
	struct sqlite_file_rows *rows;
	uint64_t offset;
};

static int read_blob(void *context, uint64_t offset, uint8_t *to, size_t len)
{
	const struct blob *blob = context;

	return sqlite_file_read(blob->rows, blob->offset + offset, to, len);
}

/* One row of Packages. */
static int emit_row(struct collection *c, struct sqlite_file_rows *rows)
{
	struct blob blob = { .rows = rows };
	struct rpm_header_source source = { .read = read_blob, .context = &blob };
	struct sqlite_file_value value;
	int error = sqlite_file_column(rows, BLOB_COLUMN, &value);

	if (error != 0 || value.type != SQLITE_FILE_BLOB) {
		return error == ERR_IO ? error : 0;
	}
	blob.offset = value.offset;
	source.size = value.size;
	return emit_header(c, source);
}

static int walk_sqlite(struct collection *c, const char *path, struct database *db)
{
	struct sqlite_file file;
	struct sqlite_file_rows rows;
	uint32_t root_page;
	int64_t number;
	int error = open_database(c, path, db, &file);

	if (error == 0) {
		error = sqlite_file_table(&file, "Packages", &root_page);
	}
	if (error != 0) {
		return collection_missing(error);
	}
	rows = sqlite_file_rows_over(&file, root_page);
	while (error == 0 && sqlite_file_rows_next(&rows, &number)) {
		error = emit_row(c, &rows);
	}
	return error != 0 ? error : rows.error;
}

static int collect_sqlite(struct collection *c, const char *path)
{
	struct database *db = alloc_zeroed(1, sizeof *db);
	int error;

	db->fd = -1;
	buffer_init(&db->wal, WAL_MAX);
	error = walk_sqlite(c, path, db);
	buffer_done(&db->wal);
	file_close(&db->fd);
	alloc_free(&db);
	return error;
}

/* --- SUSE's --- */

static int read_ndb(void *context, uint64_t offset, uint8_t *to, size_t len)
{
	const int *fd = context;

	return read_at(*fd, offset, to, len);
}

static int collect_ndb(struct collection *c, const char *path)
{
	struct rpm_ndb *db OWNED(alloc_free) = alloc_zeroed(1, sizeof *db);
	OWNED(file_close) int fd = -1;
	struct rpm_header_source file = { .read = read_ndb, .context = &fd };
	struct rpm_header_source header;
	struct stat status;
	uint32_t number;
	int error = tree_open(c->machine->tree, path, &fd);

	if (error == 0 && fstat(fd, &status) < 0) {
		error = ERR_IO;
	}
	if (error == 0) {
		file.size = (uint64_t)status.st_size;
		error = rpm_ndb_open(file, db);
	}
	if (error != 0) {
		return collection_missing(error);
	}
	while (error == 0 && rpm_ndb_next(db, &number, &header)) {
		error = emit_header(c, header);
	}
	if (error == 0) {
		error = db->error;
	}
	return error == 0 && rpm_ndb_has_changed(db) ? ERR_AGAIN : error;
}

/* --- */

static const struct {
	const char *path;
	int (*collect)(struct collection *c, const char *path);
} databases[] = {
	{ "/usr/lib/sysimage/rpm/rpmdb.sqlite", collect_sqlite },
	{ "/usr/lib/sysimage/rpm/Packages.db", collect_ndb },
	{ "/var/lib/rpm/rpmdb.sqlite", collect_sqlite },
	{ "/var/lib/rpm/Packages.db", collect_ndb },
};

/* The one that counts: others are links to it, or left over. COUNT_OF(databases): none. */
static size_t find_database(struct tree *tree)
{
	struct tree_entry entry;
	size_t i = 0;

	while (i < COUNT_OF(databases) && tree_look(tree, databases[i].path, &entry, NULL) != 0) {
		i++;
	}
	return i;
}

bool packages_has_rpm(struct tree *tree)
{
	return find_database(tree) < COUNT_OF(databases);
}

int packages_collect_rpm(struct collection *c)
{
	size_t found = find_database(c->machine->tree);

	return found < COUNT_OF(databases) ? databases[found].collect(c, databases[found].path) : 0;
}
