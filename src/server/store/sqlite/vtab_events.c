/*
 * vtab_events.c - what happened: one kind of event, or `events`, all of them.
 *
 * Records are walked by their number, either way; each holds a list of events in the bytes in which
 * they came. Which records are walked at all is left to the indexes: by asset, by kind, by time.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/text.h"
#include "server/store/sqlite/json.h"
#include "server/store/sqlite/vtab.h"
#include "sys/alloc.h"
#include "wire/message.h"

/* Columns of `events`, and the first ones of a kind's own table. */
enum { ALL_NO, ALL_AT, ALL_RECEIVED_AT, ALL_ASSET, ALL_ASSET_NAME, ALL_KIND, ALL_ROW };
enum { KIND_ASSET, KIND_ASSET_NAME, KIND_AT, KIND_FIRST };

/* What a column is, in either table. */
enum part {
	PART_NO,
	PART_AT,
	PART_RECEIVED_AT,
	PART_ASSET,
	PART_ASSET_NAME,
	PART_KIND,
	PART_ROW,
	PART_VALUE, /* of the row, by its index */
};

/* Constraints that a walk is narrowed by. SQLite checks each again. */
enum bound {
	BOUND_ASSET,
	BOUND_KIND,
	BOUND_NO,
	BOUND_NO_MIN,
	BOUND_NO_MAX,
	BOUND_AT_MIN,
	BOUND_AT_MAX,
	BOUND_COUNT
};

/* idxNum: a bit for each bound, whose arguments come in this order; and the direction. */
#define PLAN_RISING (1 << BOUND_COUNT)

/* No row of JSON is longer. */
#define JSON_BYTES_MAX (16 * ROW_BYTES_MAX)

struct entry {
	uint16_t kind;
	int64_t at_ms;
	struct span row;
};

/* What a walk visits: records, and of them the events that fit. */
struct narrowing {
	uint32_t asset; /* 0: all */
	uint16_t kind;  /* 0: all */
	int64_t no_min;
	int64_t no_max;
	int64_t at_min;
	int64_t at_max;
};

struct cursor {
	sqlite3_vtab_cursor base;
	bool is_end;
	bool is_rising;
	struct narrowing want;
	sqlite3_stmt *records;
	/* the record that it stands on */
	int64_t first;
	int64_t received_ms;
	uint32_t asset;
	struct entry *entries; /* room for MESSAGE_EVENTS_MAX and a gap's */
	size_t count;
	size_t at; /* the event that it stands on: rising, or from the end */
	bool has_row;
	struct row row;
};

static struct cursor *cursor_of(sqlite3_vtab_cursor *base)
{
	return (struct cursor *)base;
}

static enum part part_of(const struct table *kind, int column)
{
	static const enum part all[] = { PART_NO,         PART_AT,   PART_RECEIVED_AT, PART_ASSET,
					 PART_ASSET_NAME, PART_KIND, PART_ROW };
	static const enum part first[] = { PART_ASSET, PART_ASSET_NAME, PART_AT };

	if (kind == NULL) {
		return column >= 0 && column <= ALL_ROW ? all[column] : PART_NO;
	}
	if (column >= KIND_FIRST && column < KIND_FIRST + (int)kind->column_count) {
		return PART_VALUE;
	}
	if (column == KIND_FIRST + (int)kind->column_count + 1) {
		return PART_RECEIVED_AT;
	}
	return column >= 0 && column < KIND_FIRST ? first[column] : PART_NO;
}

/* --- the table --- */

static char *declaration(sqlite3 *db, const struct table *kind)
{
	sqlite3_str *sql = sqlite3_str_new(db);

	if (kind == NULL) {
		sqlite3_str_appendall(sql, "CREATE TABLE x(no INTEGER, at INTEGER, received_at "
					   "INTEGER, asset TEXT, asset_name TEXT, kind TEXT, "
					   "\"row\" TEXT)");
		return sqlite3_str_finish(sql);
	}
	sqlite3_str_appendall(sql, "CREATE TABLE x(asset TEXT, asset_name TEXT, at INTEGER");
	for (size_t c = 0; c < kind->column_count; c++) {
		bool is_text = kind->columns[c].type == COLUMN_TEXT ||
			       kind->columns[c].type == COLUMN_LIST;

		sqlite3_str_appendf(sql, ", \"%w\" %s", kind->columns[c].name,
				    is_text ? "TEXT" : "INTEGER");
	}
	sqlite3_str_appendall(sql, ", no HIDDEN INTEGER, received_at HIDDEN INTEGER)");
	return sqlite3_str_finish(sql);
}

static int events_connect(sqlite3 *db, void *snapshot, int argc, const char *const *argv,
			  sqlite3_vtab **out, char **out_error)
{
	const struct table *kind = NULL;
	uint64_t number = 0;
	char *sql;
	int code;

	(void)out_error;
	if (argc > 3 && text_to_u64(span_of(argv[3]), SCHEMA_EVENTS_MAX, &number) == 0 &&
	    number > 0) {
		kind = schema_event_by_number(number);
	}
	if (argc <= 3 || (number > 0 && kind == NULL)) {
		return SQLITE_ERROR;
	}
	sql = declaration(db, kind);
	if (sql == NULL) {
		return SQLITE_NOMEM;
	}
	code = vtab_connect(db, snapshot, kind, sql, out);
	sqlite3_free(sql);
	return code;
}

/* A function of its own, so that the module cannot be used as a table by its name. */
static int events_create(sqlite3 *db, void *snapshot, int argc, const char *const *argv,
			 sqlite3_vtab **out, char **out_error)
{
	return events_connect(db, snapshot, argc, argv, out, out_error);
}

/* --- planning --- */

/* The bound that a constraint is, or BOUND_COUNT. */
static enum bound bound_of(const struct table *kind, int column, unsigned char op)
{
	bool is_equal = op == SQLITE_INDEX_CONSTRAINT_EQ;
	bool is_least = op == SQLITE_INDEX_CONSTRAINT_GE || op == SQLITE_INDEX_CONSTRAINT_GT;
	bool is_most = op == SQLITE_INDEX_CONSTRAINT_LE || op == SQLITE_INDEX_CONSTRAINT_LT;

	switch (part_of(kind, column)) {
	case PART_ASSET:
		return is_equal ? BOUND_ASSET : BOUND_COUNT;
	case PART_KIND:
		return is_equal ? BOUND_KIND : BOUND_COUNT;
	case PART_NO:
		if (column < 0) {
			return BOUND_COUNT;
		}
		return is_equal   ? BOUND_NO
		       : is_least ? BOUND_NO_MIN
		       : is_most  ? BOUND_NO_MAX
				  : BOUND_COUNT;
	case PART_AT:
		return is_least ? BOUND_AT_MIN : is_most ? BOUND_AT_MAX : BOUND_COUNT;
	default:
		return BOUND_COUNT;
	}
}

/* The first usable constraint that is this bound, or -1. Text is compared byte by byte. */
static int find_bound(const struct table *kind, sqlite3_index_info *info, enum bound bound)
{
	for (int i = 0; i < info->nConstraint; i++) {
		bool is_text = bound == BOUND_ASSET || bound == BOUND_KIND;

		if (info->aConstraint[i].usable != 0 &&
		    bound_of(kind, info->aConstraint[i].iColumn, info->aConstraint[i].op) ==
			    bound &&
		    (!is_text || sqlite3_stricmp(sqlite3_vtab_collation(info, i), "BINARY") == 0)) {
			return i;
		}
	}
	return -1;
}

static int events_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	static const double parts[BOUND_COUNT] = { 0.01, 0.2, 0.0001, 0.3, 0.3, 0.1, 0.5 };
	const struct table *kind = ((const struct vtab *)base)->table;
	double rows = 1e6;
	int argument = 0;

	info->idxNum = 0;
	for (int bound = 0; bound < BOUND_COUNT; bound++) {
		int i = find_bound(kind, info, (enum bound)bound);

		if (i >= 0) {
			info->aConstraintUsage[i].argvIndex = ++argument;
			info->idxNum |= 1 << bound;
			rows *= parts[bound];
		}
	}
	info->estimatedCost = rows + 10;
	info->estimatedRows = (sqlite3_int64)rows + 1;
	if (info->nOrderBy == 1 && info->aOrderBy[0].iColumn >= 0 &&
	    part_of(kind, info->aOrderBy[0].iColumn) == PART_NO) {
		info->orderByConsumed = 1;
		info->idxNum |= info->aOrderBy[0].desc ? 0 : PLAN_RISING;
	}
	return SQLITE_OK;
}

/* --- walking --- */

static int events_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **out)
{
	int code = vtab_open_cursor(sizeof(struct cursor), out);

	(void)vtab;
	cursor_of(*out)->entries = alloc_resize(NULL, MESSAGE_EVENTS_MAX + 1, sizeof(struct entry));
	return code;
}

static int events_close(sqlite3_vtab_cursor *base)
{
	struct cursor *c = cursor_of(base);

	(void)sqlite3_finalize(c->records);
	free(c->entries);
	free(c);
	return SQLITE_OK;
}

/* Takes the record that the statement stands on. */
static int take_record(struct cursor *c)
{
	struct snapshot *s = vtab_of(&c->base)->snapshot;
	struct event_list list = { database_blob(c->records, 4),
				   (size_t)sqlite3_column_int64(c->records, 1) };
	struct message_event event;

	c->first = sqlite3_column_int64(c->records, 0);
	c->asset = (uint32_t)sqlite3_column_int64(c->records, 2);
	c->received_ms = sqlite3_column_int64(c->records, 3);
	c->count = 0;
	c->at = 0;
	while (c->count <= MESSAGE_EVENTS_MAX && event_list_take(&list, &event)) {
		c->entries[c->count++] = (struct entry){ event.event, event.at_ms, event.row };
	}
	if (list.count > 0 || c->asset == 0 || c->asset > s->asset_count) {
		return why_set(&s->why, ERR_MALFORMED, "the inventory's file is damaged");
	}
	return 0;
}

static size_t index_of(const struct cursor *c)
{
	return c->is_rising ? c->at : c->count - 1 - c->at;
}

static bool fits(const struct cursor *c)
{
	const struct entry *entry = &c->entries[index_of(c)];
	int64_t no = c->first + (int64_t)index_of(c);

	return (c->want.kind == 0 || entry->kind == c->want.kind) && no >= c->want.no_min &&
	       no <= c->want.no_max && entry->at_ms >= c->want.at_min &&
	       entry->at_ms <= c->want.at_max;
}

/* Moves on from `at` to the next event that fits. */
static int settle(struct cursor *c)
{
	struct snapshot *s = vtab_of(&c->base)->snapshot;

	c->has_row = false;
	for (;;) {
		int error = 0;
		int code;

		for (; c->at < c->count; c->at++) {
			if (fits(c)) {
				return SQLITE_OK;
			}
		}
		code = sqlite3_step(c->records);
		if (code == SQLITE_DONE) {
			c->is_end = true;
			return SQLITE_OK;
		}
		error = code == SQLITE_ROW ? take_record(c)
					   : database_error(s->db, "reading events", &s->why);
		if (error != 0) {
			return vtab_fail(c->base.pVtab, error);
		}
	}
}

static int events_next(sqlite3_vtab_cursor *base)
{
	cursor_of(base)->at++;
	return settle(cursor_of(base));
}

/* The records that may hold what is wanted. A column behind + is looked at, and leads no walk:
 * records are to come by their numbers. Only the beginning in time is looked up: below the least
 * number of those that end behind it there is nothing. */
static int prepare(struct cursor *c)
{
	struct snapshot *s = vtab_of(&c->base)->snapshot;
	bool is_by_kind = c->want.kind != 0 && c->want.asset == 0;
	sqlite3_str *sql = sqlite3_str_new(NULL);
	char *text;
	int error;

	sqlite3_str_appendall(sql, "SELECT e.no, e.count, e.asset, e.received, e.list FROM ");
	sqlite3_str_appendall(sql, is_by_kind ? "_event_kinds k CROSS JOIN _events e ON e.no = k.no"
						" WHERE k.kind = ?1 AND k.no"
					      : "_events e WHERE e.no");
	sqlite3_str_appendall(sql, c->want.at_min == INT64_MIN
					   ? " BETWEEN ?2 AND ?3"
					   : " BETWEEN max(?2, (SELECT coalesce(min(no), ?3 + 1)"
					     " FROM _events WHERE at_max >= ?4)) AND ?3"
					     " AND +e.at_max >= ?4");
	sqlite3_str_appendall(sql, " AND +e.at_min <= ?5");
	sqlite3_str_appendall(sql, c->want.asset != 0 ? " AND e.asset = ?6" : "");
	sqlite3_str_appendall(sql, c->want.kind != 0 && !is_by_kind ? " AND (e.kinds >> ?1 & 1) = 1"
								    : "");
	sqlite3_str_appendf(sql, " ORDER BY %s %s", is_by_kind ? "k.no" : "e.no",
			    c->is_rising ? "ASC" : "DESC");
	text = sqlite3_str_finish(sql);
	error = text == NULL ? ERR_LIMIT : database_prepare(s->db, text, &c->records, &s->why);
	sqlite3_free(text);
	return error;
}

/* A record begins up to so many numbers before an event in it. */
static int64_t least_record(int64_t no)
{
	return no < INT64_MIN + MESSAGE_EVENTS_MAX + 1 ? INT64_MIN : no - MESSAGE_EVENTS_MAX;
}

static void bind(struct cursor *c)
{
	(void)sqlite3_bind_int64(c->records, 1, c->want.kind);
	(void)sqlite3_bind_int64(c->records, 2, least_record(c->want.no_min));
	(void)sqlite3_bind_int64(c->records, 3, c->want.no_max);
	(void)sqlite3_bind_int64(c->records, 4, c->want.at_min);
	(void)sqlite3_bind_int64(c->records, 5, c->want.at_max);
	(void)sqlite3_bind_int64(c->records, 6, c->want.asset);
}

/* One argument into what is wanted; false where nothing can fit. A number that is none narrows
 * nothing: SQLite judges it. */
static int take_bound(struct cursor *c, enum bound bound, sqlite3_value *value, bool *out_can_fit)
{
	struct snapshot *s = vtab_of(&c->base)->snapshot;
	const struct table *kind;
	int64_t number = sqlite3_value_int64(value);
	int error = 0;

	if (bound == BOUND_ASSET) {
		error = snapshot_asset(s, vtab_argument_text(value), &c->want.asset);
		*out_can_fit = *out_can_fit && c->want.asset != 0;
		return error;
	}
	if (bound == BOUND_KIND) {
		kind = schema_event_find(vtab_argument_text(value));
		c->want.kind = kind != NULL ? kind->number : 0;
		*out_can_fit = *out_can_fit && kind != NULL;
		return 0;
	}
	if (sqlite3_value_type(value) != SQLITE_INTEGER) {
		return 0;
	}
	switch (bound) {
	case BOUND_NO:
		c->want.no_min = number;
		c->want.no_max = number;
		break;
	case BOUND_NO_MIN:
		c->want.no_min = number > c->want.no_min ? number : c->want.no_min;
		break;
	case BOUND_NO_MAX:
		c->want.no_max = number < c->want.no_max ? number : c->want.no_max;
		break;
	case BOUND_AT_MIN:
		c->want.at_min = number;
		break;
	default:
		c->want.at_max = number;
		break;
	}
	return 0;
}

static int events_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc,
			 sqlite3_value **argv)
{
	struct cursor *c = cursor_of(base);
	const struct table *kind = vtab_of(base)->table;
	bool can_fit = true;
	int taken = 0;
	int error = 0;

	(void)text;
	(void)sqlite3_finalize(c->records);
	c->records = NULL;
	c->is_rising = (plan & PLAN_RISING) != 0;
	c->is_end = false;
	c->count = 0;
	c->at = 0;
	c->want = (struct narrowing){ .kind = kind != NULL ? kind->number : 0,
				      .no_max = INT64_MAX - 1,
				      .at_min = INT64_MIN,
				      .at_max = INT64_MAX };
	for (int bound = 0; error == 0 && bound < BOUND_COUNT && taken < argc; bound++) {
		if ((plan >> bound & 1) != 0) {
			error = take_bound(c, (enum bound)bound, argv[taken++], &can_fit);
		}
	}
	if (error == 0 && !can_fit) {
		c->is_end = true;
		return SQLITE_OK;
	}
	error = error != 0 ? error : prepare(c);
	if (error != 0) {
		return vtab_fail(base->pVtab, error);
	}
	bind(c);
	return settle(c);
}

static int events_eof(sqlite3_vtab_cursor *base)
{
	return cursor_of(base)->is_end;
}

/* --- values --- */

static int read_row(struct cursor *c)
{
	const struct entry *entry = &c->entries[index_of(c)];
	const struct table *kind = schema_event_by_number(entry->kind);
	struct snapshot *s = vtab_of(&c->base)->snapshot;

	if (c->has_row) {
		return 0;
	}
	if (kind == NULL || row_decode(kind, entry->row, &c->row) != 0) {
		return why_set(&s->why, ERR_MALFORMED, "the inventory's file is damaged");
	}
	c->has_row = true;
	return 0;
}

static int result_list(sqlite3_context *context, const struct value *list)
{
	struct buffer json OWNED(buffer_done);
	int error;

	buffer_init(&json, JSON_BYTES_MAX);
	error = json_append_list(&json, list);
	if (error == 0) {
		vtab_result_bytes(context, buffer_span(&json));
	}
	return error;
}

static int result_value(sqlite3_context *context, const struct value *value)
{
	switch (value->kind) {
	case VALUE_TEXT:
		vtab_result_bytes(context, value->text);
		break;
	case VALUE_INTEGER:
	case VALUE_BOOLEAN:
		sqlite3_result_int64(context, value->number);
		break;
	case VALUE_LIST:
		return result_list(context, value);
	case VALUE_NULL:
	default:
		break;
	}
	return 0;
}

static int result_json(struct cursor *c, sqlite3_context *context)
{
	struct buffer json OWNED(buffer_done);
	int error = read_row(c);

	buffer_init(&json, JSON_BYTES_MAX);
	error = error != 0 ? error : rowtext_row_json(&c->row, &json);
	if (error == 0) {
		vtab_result_bytes(context, buffer_span(&json));
	}
	return error;
}

static int result_column(struct cursor *c, sqlite3_context *context, int column)
{
	const struct entry *entry = &c->entries[index_of(c)];
	const struct table *kind;
	int error;

	error = read_row(c);
	if (error != 0) {
		return error;
	}
	kind = c->row.table;
	column -= KIND_FIRST;
	return column < (int)kind->column_count && entry->kind == kind->number
		       ? result_value(context, &c->row.values[column])
		       : 0;
}

static int events_column(sqlite3_vtab_cursor *base, sqlite3_context *context, int column)
{
	struct cursor *c = cursor_of(base);
	const struct entry *entry = &c->entries[index_of(c)];
	const struct table *kind;
	int error = 0;

	switch (part_of(vtab_of(base)->table, column)) {
	case PART_NO:
		sqlite3_result_int64(context, c->first + (int64_t)index_of(c));
		break;
	case PART_AT:
		sqlite3_result_int64(context, entry->at_ms);
		break;
	case PART_RECEIVED_AT:
		sqlite3_result_int64(context, c->received_ms);
		break;
	case PART_ASSET:
		return vtab_result_asset(context, vtab_of(base)->snapshot, c->asset);
	case PART_ASSET_NAME:
		return vtab_result_asset_name(context, base->pVtab, c->asset);
	case PART_KIND:
		kind = schema_event_by_number(entry->kind);
		vtab_result_text(context, kind != NULL ? kind->name : NULL);
		break;
	case PART_ROW:
		error = result_json(c, context);
		break;
	case PART_VALUE:
	default:
		error = result_column(c, context, column);
		break;
	}
	return error == 0 ? SQLITE_OK : vtab_fail(base->pVtab, error);
}

static int events_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
	*out = cursor_of(base)->first + (sqlite3_int64)index_of(cursor_of(base));
	return SQLITE_OK;
}

const sqlite3_module vtab_events = {
	.xCreate = events_create,
	.xConnect = events_connect,
	.xBestIndex = events_best_index,
	.xDisconnect = vtab_disconnect,
	.xDestroy = vtab_disconnect,
	.xOpen = events_open,
	.xClose = events_close,
	.xFilter = events_filter,
	.xNext = events_next,
	.xEof = events_eof,
	.xColumn = events_column,
	.xRowid = events_rowid,
};
