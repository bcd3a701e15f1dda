/* guard.c - the authorizer, the limits, the clock. */
#include "server/store/sqlite/guard.h"

#include <stdio.h>
#include <string.h>

#include "schema/schema.h"
#include "sys/clock.h"

/* Instructions of SQLite's machine between two looks at the clock: well below a millisecond. */
#define STEPS_BETWEEN_LOOKS 2000

/* Functions that only compute. What is not here is refused: a function that reads files or loads
 * code may be added to SQLite's distribution at any time. */
static const char *const functions[] = {
	"->",
	"->>",
	"abs",
	"acos",
	"acosh",
	"asin",
	"asinh",
	"atan",
	"atan2",
	"atanh",
	"avg",
	"ceil",
	"ceiling",
	"char",
	"coalesce",
	"concat",
	"concat_ws",
	"cos",
	"cosh",
	"count",
	"cume_dist",
	"current_date",
	"current_time",
	"current_timestamp",
	"date",
	"datetime",
	"degrees",
	"dense_rank",
	"exp",
	"first_value",
	"floor",
	"format",
	"glob",
	"group_concat",
	"hex",
	"ifnull",
	"iif",
	"instr",
	"json",
	"json_array",
	"json_array_length",
	"json_extract",
	"json_group_array",
	"json_group_object",
	"json_insert",
	"json_object",
	"json_patch",
	"json_quote",
	"json_remove",
	"json_replace",
	"json_set",
	"json_type",
	"json_valid",
	"julianday",
	"lag",
	"last_value",
	"lead",
	"length",
	"like",
	"likelihood",
	"likely",
	"ln",
	"log",
	"log10",
	"log2",
	"lower",
	"ltrim",
	"max",
	"min",
	"mod",
	"nth_value",
	"ntile",
	"nullif",
	"octet_length",
	"percent_rank",
	"pi",
	"pow",
	"power",
	"printf",
	"quote",
	"radians",
	"random",
	"rank",
	"replace",
	"round",
	"row_number",
	"rtrim",
	"sign",
	"sin",
	"sinh",
	"sqlite_version",
	"sqrt",
	"strftime",
	"string_agg",
	"substr",
	"substring",
	"sum",
	"tan",
	"tanh",
	"time",
	"timediff",
	"total",
	"trim",
	"trunc",
	"typeof",
	"unhex",
	"unicode",
	"unixepoch",
	"unlikely",
	"upper",
};

/* Tables beside those of the schema. json_each and json_tree make rows of a value. */
static const char *const tables[] = {
	"assets",
	"sensors",
	"changes",
	"events",
	"tags",
	"policies",
	"retention",
	"acceptances",
	"exposure_acceptances",
	"trends",
	"scopes",
	"join_decisions",
	"json_each",
	"json_tree",
	"sqlite_schema",
	"sqlite_master",
	"pragma_table_info",
	"pragma_table_xinfo",
	"pragma_table_list",
};

static const char *const pragmas[] = { "table_info", "table_xinfo", "table_list" };

static bool is_listed(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (sqlite3_stricmp(name, list[i]) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_table(const char *name)
{
	for (size_t i = 0; schema_tables[i] != NULL; i++) {
		if (sqlite3_stricmp(name, schema_tables[i]->name) == 0) {
			return true;
		}
	}
	for (size_t i = 0; schema_events[i] != NULL; i++) {
		if (sqlite3_stricmp(name, schema_events[i]->name) == 0) {
			return true;
		}
	}
	return is_listed(name, tables, COUNT_OF(tables));
}

/* The first refusal is the one that is told. */
static int refuse(struct guard *g, const char *what, const char *name)
{
	if (g->refused[0] == '\0') {
		snprintf(g->refused, sizeof g->refused, "this is read-only: %s%s%.60s%s", what,
			 name != NULL ? " " : "", name != NULL ? name : "",
			 " is not allowed; use SELECT");
	}
	return SQLITE_DENY;
}

static int judge_read(struct guard *g, const char *table, const char *column)
{
	/* without a column, SQLite names subqueries too; there is no other table to be named */
	if (table == NULL || column == NULL || column[0] == '\0' || is_table(table) ||
	    (g->lent_table != NULL && sqlite3_stricmp(table, g->lent_table) == 0)) {
		return SQLITE_OK;
	}
	return refuse(g, "reading", table);
}

static const char *action_name(int action)
{
	switch (action) {
	case SQLITE_INSERT:
		return "INSERT into";
	case SQLITE_UPDATE:
		return "UPDATE of";
	case SQLITE_DELETE:
		return "DELETE from";
	case SQLITE_ATTACH:
		return "ATTACH";
	case SQLITE_DETACH:
		return "DETACH";
	case SQLITE_PRAGMA:
		return "PRAGMA";
	case SQLITE_TRANSACTION:
	case SQLITE_SAVEPOINT:
		return "a transaction:";
	case SQLITE_FUNCTION:
		return "the function";
	case SQLITE_ALTER_TABLE:
	case SQLITE_REINDEX:
	case SQLITE_ANALYZE:
		return "changing tables";
	default:
		return "creating or dropping";
	}
}

static int judge(void *context, int action, const char *a, const char *b, const char *database,
		 const char *trigger)
{
	struct guard *g = context;

	(void)database;
	(void)trigger;
	if (!g->is_foreign) {
		return SQLITE_OK;
	}
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_READ:
		return judge_read(g, a, b);
	case SQLITE_FUNCTION:
		if (b != NULL && is_listed(b, functions, COUNT_OF(functions))) {
			return SQLITE_OK;
		}
		return refuse(g, action_name(action), b);
	case SQLITE_PRAGMA:
		if (a != NULL && is_listed(a, pragmas, COUNT_OF(pragmas))) {
			return SQLITE_OK;
		}
		return refuse(g, action_name(action), a);
	case SQLITE_ATTACH:
	case SQLITE_DETACH:
	case SQLITE_REINDEX:
	case SQLITE_ANALYZE:
		return refuse(g, action_name(action), NULL);
	default:
		return refuse(g, action_name(action), a);
	}
}

void guard_install(struct guard *g, sqlite3 *db)
{
	static const struct {
		int limit;
		int value;
	} limits[] = {
		{ SQLITE_LIMIT_LENGTH, 16 << 20 },
		{ SQLITE_LIMIT_SQL_LENGTH, 64 << 10 },
		{ SQLITE_LIMIT_COLUMN, 200 },
		{ SQLITE_LIMIT_EXPR_DEPTH, 100 },
		{ SQLITE_LIMIT_COMPOUND_SELECT, 32 },
		{ SQLITE_LIMIT_VDBE_OP, 100000 },
		{ SQLITE_LIMIT_FUNCTION_ARG, 64 },
		{ SQLITE_LIMIT_ATTACHED, 0 },
		{ SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 256 },
		{ SQLITE_LIMIT_VARIABLE_NUMBER, 64 },
		{ SQLITE_LIMIT_TRIGGER_DEPTH, 1 },
		{ SQLITE_LIMIT_WORKER_THREADS, 0 },
	};

	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		(void)sqlite3_limit(db, limits[i].limit, limits[i].value);
	}
	(void)sqlite3_set_authorizer(db, judge, g);
	guard_watch(g, db);
}

static int look(void *context)
{
	struct guard *g = context;

	if (g->deadline_ms != 0 && clock_ms() >= g->deadline_ms) {
		g->is_over_time = true;
	}
	if (g->memory_limit != 0 && sqlite3_memory_used() > g->memory_limit) {
		g->is_over_memory = true;
	}
	return g->is_over_time || g->is_over_memory;
}

void guard_watch(struct guard *g, sqlite3 *db)
{
	sqlite3_progress_handler(db, STEPS_BETWEEN_LOOKS, look, g);
}

void guard_start(struct guard *g, bool is_foreign, int64_t timeout_ms)
{
	*g = (struct guard){
		.lent_table = g->lent_table,
		.is_foreign = is_foreign,
		.deadline_ms = timeout_ms > 0 ? clock_ms() + timeout_ms : 0,
		.memory_limit = is_foreign ? sqlite3_memory_used() + GUARD_MEMORY_MAX : 0,
	};
}
