/* layout_test.c - a file of an earlier version gains what is missing, and keeps what it has. */
#include "server/store/sqlite/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/error.h"
#include "server/store/sqlite/database.h"

/* The sensors' table of layout 1, with one sensor. */
static const char first[] =
	"PRAGMA application_id=1112824369;PRAGMA user_version=1;"
	"CREATE TABLE _sensors(id TEXT PRIMARY KEY, kind TEXT NOT NULL,"
	" version TEXT NOT NULL, address TEXT NOT NULL, is_connected INTEGER NOT NULL,"
	" is_revoked INTEGER NOT NULL, enrolled INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
	" not_after INTEGER NOT NULL, key_hash BLOB NOT NULL,"
	" previous_key_hash BLOB NOT NULL) WITHOUT ROWID;"
	"INSERT INTO _sensors VALUES('0000000000000001','agent','1','192.0.2.1',0,0,5,6,7,"
	"zeroblob(32),zeroblob(32));"
	"CREATE TABLE _scopes(name TEXT PRIMARY KEY, kind TEXT NOT NULL,"
	" token TEXT NOT NULL, at INTEGER NOT NULL, by_whom TEXT NOT NULL, method TEXT NOT NULL,"
	" proved INTEGER NOT NULL, proved_by TEXT NOT NULL, statement TEXT NOT NULL,"
	" failure TEXT NOT NULL, is_on INTEGER NOT NULL, period_s INTEGER NOT NULL,"
	" from_minute INTEGER NOT NULL, to_minute INTEGER NOT NULL, rate INTEGER NOT NULL,"
	" ports TEXT NOT NULL, scanner TEXT NOT NULL) WITHOUT ROWID;"
	"INSERT INTO _scopes VALUES('192.0.2.0/24','prefix','t',1,'a','statement',2,'a','ours','',"
	"1,0,0,0,0,'','');";

static sqlite3 *open_first(void)
{
	struct why why = { "" };
	sqlite3 *db = NULL;

	assert_int_equal(
		database_open(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, &db, &why),
		0);
	assert_int_equal(database_run(db, first, &why), 0);
	return db;
}

static int64_t number(sqlite3 *db, const char *sql)
{
	struct why why = { "" };
	int64_t value = -1;

	assert_int_equal(database_number(db, sql, -1, &value, &why), 0);
	return value;
}

static void a_file_of_the_first_layout_is_brought_up_to_date(void **state)
{
	sqlite3 *db = open_first();
	struct why why = { "" };

	(void)state;
	for (int i = 0; i < 2; i++) { /* the second time nothing is left to do */
		assert_int_equal(layout_prepare(db, &why), 0);
		assert_int_equal(number(db, "PRAGMA user_version"), LAYOUT_VERSION);
		assert_int_equal(number(db, "SELECT count(*) FROM pragma_table_info('_sensors')"),
				 18);
		assert_int_equal(number(db,
					"SELECT enrolled FROM _sensors WHERE NOT is_policed AND "
					"length(policy) = 16 AND clone_of = ''"),
				 5);
		assert_int_equal(number(db, "SELECT proved FROM _scopes WHERE tried = 0 AND "
					    "checked = 0 AND failing = 0"),
				 2);
		assert_int_equal(number(db, "SELECT count(*) FROM _events"), 0);
	}
	database_close(&db);
}

static void a_file_of_a_newer_layout_is_left_alone(void **state)
{
	sqlite3 *db = open_first();
	struct why why = { "" };

	(void)state;
	assert_int_equal(database_run(db, "PRAGMA user_version=1000", &why), 0);
	assert_int_equal(layout_prepare(db, &why), ERR_CONFLICT);
	assert_int_equal(number(db, "SELECT count(*) FROM pragma_table_info('_sensors')"), 11);
	database_close(&db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_of_the_first_layout_is_brought_up_to_date),
		cmocka_unit_test(a_file_of_a_newer_layout_is_left_alone),
	};

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
