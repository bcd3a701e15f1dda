/*
 * writer.h - the inside of a struct store, shared by writer.c and loader.c.
 */
#pragma once

#include "server/store/sqlite/database.h"
#include "server/store/store.h"

struct store {
	sqlite3 *db;
	sqlite3_stmt *begin;
	sqlite3_stmt *commit;
	sqlite3_stmt *put_row[SCHEMA_TABLES_MAX]; /* by table number; made when first needed */
	sqlite3_stmt *get_row[SCHEMA_TABLES_MAX]; /* as those */
	struct buffer
		row_lists[SCHEMA_TABLES_MAX]; /* CBOR of the lists of the row that get_row has */
	sqlite3_stmt *put_change;
	sqlite3_stmt *put_set;
	sqlite3_stmt *put_seq;
	sqlite3_stmt *put_asset;
	sqlite3_stmt *put_sensor;
	sqlite3_stmt *put_meta;
	sqlite3_stmt *get_holders;
	sqlite3_stmt *put_holders;
	sqlite3_stmt *drop_holders;
	sqlite3_stmt *put_events;
	sqlite3_stmt *put_event_kind;
	sqlite3_stmt *put_event_mark;
	sqlite3_stmt *get_event_mark;
	sqlite3_stmt *get_tags;
	sqlite3_stmt *get_policy;
	struct buffer lists; /* JSON of the row that is being bound */
};
