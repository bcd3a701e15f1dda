/* vtab.c - what the modules share. */
#include "server/store/sqlite/vtab.h"

#include <stdlib.h>

#include "base/error.h"
#include "sys/alloc.h"

static int create_module(sqlite3 *db, const char *name, const sqlite3_module *module,
			 struct snapshot *snapshot, struct why *why)
{
	if (sqlite3_create_module(db, name, module, snapshot) != SQLITE_OK) {
		return database_error(db, "preparing the view", why);
	}
	return 0;
}

static int create_table(sqlite3 *db, const char *name, const char *module, unsigned number,
			struct why *why)
{
	char *sql =
		sqlite3_mprintf("CREATE VIRTUAL TABLE \"%w\" USING %s(%u)", name, module, number);
	int error = sql == NULL ? ERR_LIMIT : database_run(db, sql, why);

	sqlite3_free(sql);
	return error;
}

int vtab_create_all(sqlite3 *db, struct snapshot *snapshot, struct why *why)
{
	static const struct {
		const char *name;
		const sqlite3_module *module;
	} fixed[] = {
		{ "assets", &vtab_assets },
		{ "sensors", &vtab_sensors },
		{ "changes", &vtab_changes },
	};
	static const char *const plain[] = { "tags",           "policies",
					     "retention",      "acceptances",
					     "trends",         "scopes",
					     "join_decisions", "exposure_acceptances" };
	int error = create_module(db, "inventory_rows", &vtab_rows, snapshot, why);

	for (size_t i = 0; error == 0 && schema_tables[i] != NULL; i++) {
		error = create_table(db, schema_tables[i]->name, "inventory_rows",
				     schema_tables[i]->number, why);
	}
	if (error == 0) {
		error = create_module(db, "inventory_events", &vtab_events, snapshot, why);
	}
	for (size_t i = 0; error == 0 && schema_events[i] != NULL; i++) {
		error = create_table(db, schema_events[i]->name, "inventory_events",
				     schema_events[i]->number, why);
	}
	if (error == 0) {
		error = create_table(db, "events", "inventory_events", 0, why);
	}
	if (error == 0) {
		error = create_module(db, "inventory_plain", &vtab_plain, snapshot, why);
	}
	for (unsigned i = 0; error == 0 && i < COUNT_OF(plain); i++) {
		error = create_table(db, plain[i], "inventory_plain", i, why);
	}
	for (size_t i = 0; error == 0 && i < COUNT_OF(fixed); i++) {
		char module[32];

		(void)sqlite3_snprintf(sizeof module, module, "inventory_%s", fixed[i].name);
		error = create_module(db, module, fixed[i].module, snapshot, why);
		if (error == 0) {
			error = create_table(db, fixed[i].name, module, 0, why);
		}
	}
	return error;
}

int vtab_connect_sized(sqlite3 *db, size_t size, const char *columns, sqlite3_vtab **out)
{
	int code = sqlite3_declare_vtab(db, columns);

	if (code == SQLITE_OK) {
		*out = alloc_zeroed(1, size);
	}
	return code;
}

int vtab_connect(sqlite3 *db, void *snapshot, const struct table *table, const char *columns,
		 sqlite3_vtab **out)
{
	struct vtab *vtab;
	int code = vtab_connect_sized(db, sizeof *vtab, columns, out);

	if (code == SQLITE_OK) {
		vtab = (struct vtab *)*out;
		vtab->snapshot = snapshot;
		vtab->table = table;
	}
	return code;
}

int vtab_disconnect(sqlite3_vtab *vtab)
{
	free(vtab);
	return SQLITE_OK;
}

int vtab_open_cursor(size_t size, sqlite3_vtab_cursor **out)
{
	*out = alloc_zeroed(1, size);
	return SQLITE_OK;
}

int vtab_fail(sqlite3_vtab *base, int error)
{
	const struct vtab *vtab = (const struct vtab *)base;

	sqlite3_free(base->zErrMsg);
	base->zErrMsg = sqlite3_mprintf("%s", vtab->snapshot->why.text);
	return error == ERR_TIMEOUT ? SQLITE_INTERRUPT : SQLITE_ERROR;
}

struct vtab *vtab_of(sqlite3_vtab_cursor *cursor)
{
	return (struct vtab *)cursor->pVtab;
}

int vtab_constraint(sqlite3_index_info *info, int column, unsigned char op)
{
	for (int i = 0; i < info->nConstraint; i++) {
		if (info->aConstraint[i].iColumn == column && info->aConstraint[i].usable != 0 &&
		    info->aConstraint[i].op == op &&
		    sqlite3_stricmp(sqlite3_vtab_collation(info, i), "BINARY") == 0) {
			return i;
		}
	}
	return -1;
}

void vtab_result_text(sqlite3_context *context, const char *text)
{
	sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

void vtab_result_bytes(sqlite3_context *context, struct span text)
{
	sqlite3_result_text64(context, text.len > 0 ? (const char *)text.ptr : "", text.len,
			      SQLITE_TRANSIENT, SQLITE_UTF8);
}

int vtab_result_asset(sqlite3_context *context, const struct snapshot *s, uint32_t asset)
{
	vtab_result_text(context, snapshot_asset_id(s, asset));
	return SQLITE_OK;
}

int vtab_result_asset_name(sqlite3_context *context, sqlite3_vtab *base, uint32_t asset)
{
	const struct vtab *vtab = (const struct vtab *)base;
	const char *name;
	int error = snapshot_asset_name(vtab->snapshot, asset, &name);

	if (error != 0) {
		return vtab_fail(base, error);
	}
	vtab_result_text(context, name);
	return SQLITE_OK;
}

struct span vtab_argument_text(sqlite3_value *value)
{
	const void *text = sqlite3_value_text(value);

	return (struct span){ text, (size_t)sqlite3_value_bytes(value) };
}
