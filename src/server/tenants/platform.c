/* platform.c - opening platform.db, and its tenants. */
#include "server/tenants/platform.h"

#include "base/error.h"
#include "base/mem.h"
#include "sys/alloc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What this version writes; a file with a greater number is refused. */
#define PLATFORM_VERSION 2

/* How long to wait for another process's lock. */
#define BUSY_MS 5000

static const char schema_sql[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE IF NOT EXISTS tenants("
	"  name TEXT PRIMARY KEY, created_ms INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS enrolment_tokens("
	"  hash BLOB PRIMARY KEY, tenant TEXT NOT NULL, uses_left INTEGER NOT NULL,"
	"  expires_ms INTEGER NOT NULL, created_ms INTEGER NOT NULL,"
	"  kind TEXT NOT NULL DEFAULT 'agent') WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS operator_tokens("
	"  hash BLOB PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL,"
	"  created_ms INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS audit("
	"  no INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, actor TEXT NOT NULL,"
	"  action TEXT NOT NULL, subject TEXT NOT NULL, tenant TEXT NOT NULL,"
	"  hash BLOB NOT NULL);"
	"PRAGMA user_version = 2;"
	"COMMIT;";

/* From version 1, whose tokens were for agents. */
static const char upgrade_sql[] =
	"BEGIN IMMEDIATE;"
	"ALTER TABLE enrolment_tokens ADD COLUMN kind TEXT NOT NULL DEFAULT 'agent';"
	"PRAGMA user_version = 2;"
	"COMMIT;";

int platform_error(struct platform *p, struct why *why)
{
	int error;

	switch (sqlite3_errcode(p->db) & 0xff) {
	case SQLITE_FULL:
		error = ERR_FULL;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		error = ERR_AGAIN;
		break;
	case SQLITE_CONSTRAINT:
		error = ERR_EXISTS;
		break;
	default:
		error = ERR_IO;
	}
	return why_set(why, error, "platform.db: %s", sqlite3_errmsg(p->db));
}

sqlite3_stmt *platform_prepare(struct platform *p, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	(void)sqlite3_prepare_v2(p->db, sql, -1, &statement, NULL);
	return statement;
}

void platform_bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	platform_bind_span(statement, index, span_of(text));
}

void platform_bind_span(sqlite3_stmt *statement, int index, struct span text)
{
	(void)sqlite3_bind_text64(statement, index, text.len > 0 ? (const char *)text.ptr : "",
				  text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

void platform_bind_blob(sqlite3_stmt *statement, int index, const uint8_t *bytes, size_t len)
{
	(void)sqlite3_bind_blob64(statement, index, bytes, len, SQLITE_TRANSIENT);
}

void platform_finish(sqlite3_stmt **statement)
{
	(void)sqlite3_finalize(*statement);
	*statement = NULL;
}

int platform_run(struct platform *p, sqlite3_stmt *statement, struct why *why)
{
	/* a statement that could not be prepared is NULL: the database still holds the reason */
	if (statement == NULL || sqlite3_step(statement) != SQLITE_DONE) {
		return platform_error(p, why);
	}
	return 0;
}

int platform_row(struct platform *p, sqlite3_stmt *statement, struct why *why)
{
	if (statement == NULL) {
		return platform_error(p, why);
	}
	switch (sqlite3_step(statement)) {
	case SQLITE_ROW:
		return 0;
	case SQLITE_DONE:
		return ERR_NOT_FOUND;
	default:
		return platform_error(p, why);
	}
}

void platform_column_text(sqlite3_stmt *statement, int column, char *out, size_t size)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	snprintf(out, size, "%s", text == NULL ? "" : (const char *)text);
}

static bool execute(struct platform *p, const char *sql)
{
	return sqlite3_exec(p->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static int read_version(struct platform *p, int64_t *out, struct why *why)
{
	sqlite3_stmt *s OWNED(platform_finish) = platform_prepare(p, "PRAGMA user_version");
	int error = platform_row(p, s, why);

	if (error == 0) {
		*out = sqlite3_column_int64(s, 0);
	}
	return error;
}

static int prepare_file(struct platform *p, bool is_writer, struct why *why)
{
	int64_t version = 0;
	int error;

	(void)sqlite3_busy_timeout(p->db, BUSY_MS);
	(void)sqlite3_extended_result_codes(p->db, 1);
	if (is_writer && !execute(p, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")) {
		return platform_error(p, why);
	}
	error = read_version(p, &version, why);
	if (error != 0) {
		return error;
	}
	if (version > PLATFORM_VERSION) {
		return why_set(why, ERR_CONFLICT,
			       "platform.db was written by a newer version; start that one");
	}
	if (!is_writer && version == 0) {
		return why_set(why, ERR_NOT_FOUND, "platform.db is empty; start bartizand first");
	}
	if (is_writer && version < PLATFORM_VERSION &&
	    !execute(p, version == 0 ? schema_sql : upgrade_sql)) {
		return platform_error(p, why);
	}
	return 0;
}

int platform_open(const char *data_folder, bool is_writer, struct platform **out, struct why *why)
{
	char path[4096];
	struct platform *p;
	int flags = is_writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE;
	int error;

	if (snprintf(path, sizeof path, "%s/platform.db", data_folder) >= (int)sizeof path) {
		return why_set(why, ERR_LIMIT, "the data folder's path is too long");
	}
	if (!is_writer && access(path, F_OK) != 0) {
		return why_set(why, ERR_NOT_FOUND, "%s does not exist; start bartizand first",
			       path);
	}
	p = alloc_zeroed(1, sizeof *p);
	/* private from its first byte on: SQLite would create it by the umask */
	if (is_writer) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd >= 0) {
			close(fd);
		}
	}
	if (sqlite3_open_v2(path, &p->db, flags, NULL) != SQLITE_OK) {
		error = platform_error(p, why);
	} else {
		error = prepare_file(p, is_writer, why);
	}
	if (error != 0) {
		platform_close(&p);
		return error;
	}
	*out = p;
	return 0;
}

void platform_close(struct platform **platform)
{
	if (*platform == NULL) {
		return;
	}
	(void)sqlite3_close_v2((*platform)->db);
	free(*platform);
	*platform = NULL;
}

int platform_begin(struct platform *p, struct why *why)
{
	if (!execute(p, p->depth == 0 ? "BEGIN IMMEDIATE" : "SAVEPOINT inner")) {
		return platform_error(p, why);
	}
	p->depth++;
	return 0;
}

int platform_commit(struct platform *p, struct why *why)
{
	int error;

	if (execute(p, p->depth == 1 ? "COMMIT" : "RELEASE inner")) {
		p->depth--;
		return 0;
	}
	error = platform_error(p, why);
	platform_rollback(p);
	return error;
}

void platform_rollback(struct platform *p)
{
	if (p->depth == 0) {
		return;
	}
	/* after a full disk SQLite may have rolled all of it back by itself: that is no failure */
	if (p->depth == 1) {
		(void)execute(p, "ROLLBACK");
	} else {
		(void)execute(p, "ROLLBACK TO inner; RELEASE inner");
	}
	p->depth--;
}

bool tenant_name_is_valid(struct span name)
{
	if (name.len == 0 || name.len >= TENANT_NAME_SIZE) {
		return false;
	}
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];
		bool is_letter = c >= 'a' && c <= 'z';
		bool is_inner = (c >= '0' && c <= '9') || c == '-';

		if (!is_letter && (i == 0 || !is_inner)) {
			return false;
		}
	}
	return true;
}

int tenant_add(struct platform *p, const char *name, int64_t now_ms, struct why *why)
{
	sqlite3_stmt *s OWNED(platform_finish) =
		platform_prepare(p, "INSERT INTO tenants(name, created_ms) VALUES(?1, ?2)");
	int error;

	if (!tenant_name_is_valid(span_of(name))) {
		return why_set(why, ERR_USAGE,
			       "a tenant's name is 1 to 63 lower-case letters, digits and hyphens, "
			       "and begins with a letter");
	}
	platform_bind_text(s, 1, name);
	(void)sqlite3_bind_int64(s, 2, now_ms);
	error = platform_run(p, s, why);
	if (error == ERR_EXISTS) {
		return why_set(why, ERR_EXISTS, "the tenant %s exists already", name);
	}
	return error;
}

static void take_tenant(sqlite3_stmt *s, struct tenant *out)
{
	platform_column_text(s, 0, out->name, sizeof out->name);
	out->created_ms = sqlite3_column_int64(s, 1);
}

int tenant_find(struct platform *p, const char *name, struct tenant *out)
{
	sqlite3_stmt *s OWNED(platform_finish) =
		platform_prepare(p, "SELECT name, created_ms FROM tenants WHERE name = ?1");
	int error;

	platform_bind_text(s, 1, name);
	error = platform_row(p, s, NULL);
	if (error == 0) {
		take_tenant(s, out);
	}
	return error;
}

int tenant_each(struct platform *p, bool (*each)(void *context, const struct tenant *t),
		void *context)
{
	sqlite3_stmt *s OWNED(platform_finish) =
		platform_prepare(p, "SELECT name, created_ms FROM tenants ORDER BY name");
	struct tenant tenant;
	int error;

	while ((error = platform_row(p, s, NULL)) == 0) {
		take_tenant(s, &tenant);
		if (!each(context, &tenant)) {
			return 0;
		}
	}
	return error == ERR_NOT_FOUND ? 0 : error;
}

void tenant_path(const char *data_folder, const char *name, char *out, size_t out_size)
{
	snprintf(out, out_size, "%s/tenants/%s.db", data_folder, name);
}
