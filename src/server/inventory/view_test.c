/* view_test.c - what people see with SQL, and what they are refused. */
#include "server/inventory/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "server/inventory/fixture.h"
#include "server/inventory/state.h"

#define TEXT_MAX 65536

/* A result as lines of values with | between them. */
struct result {
	char text[TEXT_MAX];
	size_t len;
	size_t rows;
	size_t stop_after;
};

static bool append_row(void *context, size_t count, const char *const *names,
		       const struct view_value *values)
{
	struct result *r = context;

	for (size_t c = 0; values != NULL && c < count; c++) {
		const struct view_value *v = &values[c];
		const char *sep = c > 0 ? "|" : "";
		int written = 0;

		assert_non_null(names[c]);
		switch (v->kind) {
		case VIEW_INTEGER:
			written = snprintf(r->text + r->len, TEXT_MAX - r->len, "%s%lld", sep,
					   (long long)v->integer);
			break;
		case VIEW_TEXT:
			written = snprintf(r->text + r->len, TEXT_MAX - r->len, "%s%.*s", sep,
					   (int)v->bytes.len, (const char *)v->bytes.ptr);
			break;
		default:
			written = snprintf(r->text + r->len, TEXT_MAX - r->len, "%s-", sep);
			break;
		}
		r->len += (size_t)written;
		assert_true(r->len < TEXT_MAX - 2);
	}
	if (values != NULL) {
		r->text[r->len++] = '\n';
		r->text[r->len] = '\0';
		r->rows++;
	}
	return r->stop_after == 0 || r->rows < r->stop_after;
}

static struct result result;

static const char *query(struct view *view, const char *sql)
{
	struct view_limits limits = { .is_foreign = true, .timeout_ms = 20000 };
	struct why why = { "" };
	int error;

	result = (struct result){ .len = 0 };
	error = view_query(view, span_of(sql), NULL, 0, &limits, append_row, &result, NULL, &why);
	if (error != 0) {
		snprintf(result.text, TEXT_MAX, "error %d: %s", error, why.text);
	}
	return result.text;
}

#define assert_query(view, sql, expected) assert_string_equal(query(view, sql), expected)

/* Two hosts; bash on both, curl on the first, updated at 200, groups with a list. */
static void fill(struct fixture *f)
{
	static const char *const members[] = { "ann", "b\"\\\n\x01"
						      "b" };
	struct fixture_rows rows;
	struct fixture_rows old;
	struct message_batch batch;
	uint32_t first = fixture_asset(f, 1, 10);
	uint32_t second = fixture_asset(f, 2, 20);

	fixture_rows_init(&rows);
	fixture_rows_init(&old);
	fixture_add_os(&rows, "alpha");
	batch = fixture_delta(TABLE_OS, 1, NULL, &rows);
	assert_int_equal(fixture_apply(f, first, &batch, 100).outcome, INVENTORY_APPLIED);
	fixture_rows_done(&rows);
	fixture_add_package(&rows, "bash", "5.2");
	fixture_add_package(&old, "curl", "8.0");
	batch = fixture_delta(TABLE_PACKAGES, 1, NULL, &rows);
	assert_int_equal(fixture_apply(f, first, &batch, 110).outcome, INVENTORY_APPLIED);
	assert_int_equal(fixture_apply(f, second, &batch, 120).outcome, INVENTORY_APPLIED);
	batch = fixture_delta(TABLE_PACKAGES, 2, NULL, &old);
	assert_int_equal(fixture_apply(f, first, &batch, 130).outcome, INVENTORY_APPLIED);
	fixture_rows_done(&rows);
	fixture_add_package(&rows, "curl", "8.1");
	fixture_add_package(&rows, "dash", "0.5");
	batch = fixture_delta(TABLE_PACKAGES, 3, &old, &rows);
	assert_int_equal(fixture_apply(f, first, &batch, 200).outcome, INVENTORY_APPLIED);
	fixture_rows_done(&rows);
	fixture_add_group(&rows, "adm", 4, members, 2);
	batch = fixture_delta(TABLE_GROUPS, 1, NULL, &rows);
	assert_int_equal(fixture_apply(f, second, &batch, 210).outcome, INVENTORY_APPLIED);
	fixture_rows_done(&rows);
	fixture_add_address(&rows, "192.0.2.7");
	batch = fixture_delta(TABLE_ADDRESSES, 1, NULL, &rows);
	assert_int_equal(fixture_apply(f, first, &batch, 220).outcome, INVENTORY_APPLIED);
	fixture_rows_done(&rows);
	fixture_rows_done(&old);
}

static struct view *open_view(const struct fixture *f)
{
	struct view *view;
	struct why why = { "" };
	int error = view_open(f->path, &view, &why);

	if (error != 0) {
		fprintf(stderr, "%s\n", why.text);
	}
	assert_int_equal(error, 0);
	return view;
}

static void check_tables(struct view *view)
{
	assert_query(view, "SELECT asset, asset_name, name, version FROM packages ORDER BY 1, 3",
		     "0000000000000001|alpha|bash|5.2\n"
		     "0000000000000001|alpha|curl|8.1\n"
		     "0000000000000001|alpha|dash|0.5\n"
		     "0000000000000002|0000000000000002|bash|5.2\n");
	assert_query(view, "SELECT asset FROM packages WHERE name = 'bash' ORDER BY 1",
		     "0000000000000001\n0000000000000002\n");
	assert_query(view,
		     "SELECT name FROM packages WHERE asset_name = 'alpha' AND version > '5'"
		     " ORDER BY 1",
		     "bash\ncurl\n");
	assert_query(view, "SELECT asset, name FROM packages WHERE name LIKE 'C%'",
		     "0000000000000001|curl\n");
	assert_query(view, "SELECT count(*) FROM packages", "4\n");
	assert_query(view,
		     "SELECT asset_name, count(*) FROM packages GROUP BY asset ORDER BY asset",
		     "alpha|3\n0000000000000002|1\n");
	assert_query(view,
		     "SELECT name, version, at FROM packages WHERE at = 150 AND asset ="
		     " '0000000000000001' ORDER BY 1",
		     "bash|5.2|150\ncurl|8.0|150\n");
	assert_query(view, "SELECT count(*) FROM packages WHERE at = 115", "1\n");
	assert_query(view, "SELECT count(*) FROM packages WHERE at = 5", "0\n");
	assert_query(view, "SELECT count(*) FROM packages WHERE at = '1970-01-01T00:00:00.120Z'",
		     "2\n");
	assert_query(view, "SELECT members FROM groups", "[\"ann\",\"b\\\"\\\\\\n\\u0001b\"]\n");
	assert_query(view,
		     "SELECT a.name FROM packages a JOIN packages b ON a.asset <> b.asset AND"
		     " a.name = b.name ORDER BY 1",
		     "bash\nbash\n");
	assert_query(view,
		     "SELECT o.hostname, p.name FROM os o JOIN packages p ON p.asset = o.asset"
		     " WHERE p.name IN ('bash', 'dash') ORDER BY 2",
		     "alpha|bash\nalpha|dash\n");
	assert_query(
		view, "SELECT * FROM assets ORDER BY id",
		"0000000000000001|alpha|Debian GNU/Linux 12 (bookworm)|[\"192.0.2.7\"]|"
		"0000000000000001|0|10|10|5|[]|agent|-\n"
		"0000000000000002|0000000000000002|-|[]|0000000000000002|0|20|20|2|[]|agent|-\n");
	assert_query(view, "SELECT name, rows FROM assets WHERE id = '0000000000000001'",
		     "alpha|5\n");
	assert_query(view, "SELECT id, asset, name, version, last_seen FROM sensors",
		     "0000000000000001|0000000000000001|alpha|0.1.0|-\n"
		     "0000000000000002|0000000000000002|0000000000000002|0.1.0|-\n");
}

static void check_changes(struct view *view)
{
	assert_query(view,
		     "SELECT no, idx, at, asset_name, table_name, op, key FROM changes"
		     " WHERE no > 2",
		     "3|0|120|0000000000000002|packages|added|dpkg bash amd64\n"
		     "4|0|130|alpha|packages|added|dpkg curl amd64\n"
		     "5|0|200|alpha|packages|updated|dpkg curl amd64\n"
		     "5|1|200|alpha|packages|added|dpkg dash amd64\n"
		     "6|0|210|0000000000000002|groups|added|adm\n"
		     "7|0|220|alpha|addresses|added|eth0 192.0.2.7 24\n");
	assert_query(view, "SELECT no FROM changes WHERE no < 6 ORDER BY no DESC LIMIT 3",
		     "5\n5\n4\n");
	assert_query(view,
		     "SELECT no, idx FROM changes WHERE asset = '0000000000000001' AND no < 7"
		     " ORDER BY no DESC, idx DESC",
		     "5|1\n5|0\n4|0\n2|0\n1|0\n");
	assert_query(view,
		     "SELECT no FROM changes WHERE asset = '0000000000000001' AND"
		     " table_name = 'os' ORDER BY no",
		     "1\n");
	assert_query(view, "SELECT count(*) FROM changes WHERE at >= 130 AND at < 220", "4\n");
	assert_query(view,
		     "SELECT json_extract(\"row\", '$.members[1]') = 'b\"\\' || char(10) ||"
		     " char(1) || 'b', old FROM changes WHERE no = 6",
		     "1|-\n");
	assert_query(view, "SELECT old, row FROM changes WHERE op = 'updated'",
		     "{\"manager\":\"dpkg\",\"name\":\"curl\",\"version\":\"8.0\","
		     "\"architecture\":\"amd64\",\"status\":null,\"source\":null,"
		     "\"source_version\":null,\"section\":null,\"vendor\":null,\"size_bytes\":4096,"
		     "\"module\":null}|"
		     "{\"manager\":\"dpkg\",\"name\":\"curl\",\"version\":\"8.1\","
		     "\"architecture\":\"amd64\",\"status\":null,\"source\":null,"
		     "\"source_version\":null,\"section\":null,\"vendor\":null,\"size_bytes\":4096,"
		     "\"module\":null}"
		     "\n");
}

static void the_tables_show_what_is_and_what_was(void **state)
{
	struct fixture f;
	struct view *view;

	(void)state;
	fixture_open(&f);
	fill(&f);
	view = open_view(&f);
	check_tables(view);
	check_changes(view);
	assert_int_equal(view_last_change(view), 7);
	view_close(&view);
	fixture_close(&f);
}

static void a_view_follows_the_writer(void **state)
{
	struct fixture f;
	struct fixture_rows rows;
	struct message_batch batch;
	struct view *view;
	uint32_t asset;

	(void)state;
	fixture_open(&f);
	view = open_view(&f);
	assert_query(view, "SELECT count(*) FROM packages", "0\n");
	assert_query(view, "SELECT count(*) FROM changes", "0\n");
	assert_query(view, "SELECT count(*) FROM assets", "0\n");
	fill(&f);
	check_tables(view);
	asset = fixture_asset(&f, 1, 10);
	fixture_rows_init(&rows);
	fixture_add_package(&rows, "bash", "5.2");
	batch = fixture_delta(TABLE_PACKAGES, 4, &rows, NULL);
	assert_int_equal(fixture_apply(&f, asset, &batch, 300).outcome, INVENTORY_APPLIED);
	assert_query(view, "SELECT asset FROM packages WHERE name = 'bash'", "0000000000000002\n");
	assert_query(view, "SELECT op, row IS NULL, old IS NULL FROM changes WHERE no = 8",
		     "removed|1|0\n");
	fixture_rows_done(&rows);
	view_close(&view);
	fixture_close(&f);
}

static void assert_refused(struct view *view, const char *sql, int error, const char *words)
{
	struct view_limits limits = { .is_foreign = true, .timeout_ms = 20000 };
	struct why why = { "" };
	int got;

	result = (struct result){ .len = 0 };
	got = view_query(view, span_of(sql), NULL, 0, &limits, append_row, &result, NULL, &why);
	if (got != error || strstr(why.text, words) == NULL) {
		fprintf(stderr, "%s\n  gave %d: %s\n", sql, got, why.text);
	}
	assert_int_equal(got, error);
	assert_non_null(strstr(why.text, words));
}

static void what_is_not_reading_is_refused_by_name(void **state)
{
	struct fixture f;
	struct view *view;

	(void)state;
	fixture_open(&f);
	fill(&f);
	view = open_view(&f);
	assert_refused(view, "DELETE FROM packages", ERR_DENIED, "read-only");
	assert_refused(view, "INSERT INTO packages(name) VALUES('x')", ERR_DENIED, "read-only");
	assert_refused(view, "UPDATE assets SET name = 'x'", ERR_DENIED, "read-only");
	assert_refused(view, "CREATE TABLE t(x)", ERR_DENIED, "read-only");
	assert_refused(view, "CREATE TEMP VIEW v AS SELECT 1", ERR_DENIED, "read-only");
	assert_refused(view, "DROP TABLE packages", ERR_DENIED, "read-only");
	assert_refused(view, "ATTACH '/etc/passwd' AS x", ERR_DENIED, "ATTACH");
	assert_refused(view, "DETACH main", ERR_DENIED, "DETACH");
	assert_refused(view, "VACUUM", ERR_DENIED, "read-only");
	assert_refused(view, "VACUUM INTO '/tmp/x'", ERR_DENIED, "read-only");
	assert_refused(view, "PRAGMA writable_schema=1", ERR_DENIED, "PRAGMA");
	assert_refused(view, "PRAGMA hard_heap_limit=1", ERR_DENIED, "PRAGMA");
	assert_refused(view, "SELECT * FROM pragma_database_list", ERR_DENIED, "read-only");
	assert_refused(view, "BEGIN", ERR_DENIED, "read-only");
	assert_refused(view, "SAVEPOINT a", ERR_DENIED, "read-only");
	assert_refused(view, "SELECT load_extension('x')", ERR_DENIED, "load_extension");
	assert_refused(view, "SELECT readfile('/etc/passwd')", ERR_USAGE, "readfile");
	assert_refused(view, "SELECT randomblob(1000000000)", ERR_DENIED, "randomblob");
	assert_refused(view, "SELECT 1; SELECT 2", ERR_USAGE, "one statement");
	assert_refused(view, "  -- nothing", ERR_USAGE, "no statement");
	assert_refused(view, "SELECT * FROM _changes", ERR_USAGE, "the tables are: assets");
	assert_refused(view, "SELECT count(*) FROM _rows_packages", ERR_USAGE, "packages");
	assert_refused(view, "WITH sensors AS (SELECT * FROM _sensors) SELECT * FROM sensors",
		       ERR_USAGE, "no such table");
	assert_refused(view, "SELECT * FROM inventory_rows", ERR_USAGE, "no such table");
	assert_refused(view, "SELECT \"openssl\" FROM packages", ERR_USAGE, "single quotes");
	assert_refused(view, "SELEC 1", ERR_USAGE, "syntax error");
	assert_refused(view, "SELECT count(*) FROM packages WHERE at = 'yesterday'", ERR_USAGE,
		       "milliseconds");
	assert_refused(view, "SELECT printf('%.*c', 9000000, 'x') || printf('%.*c', 9000000, 'x')",
		       ERR_LIMIT, "ask for less");
	/* and what is harmless is not */
	assert_query(view, "SELECT 1;  -- and nothing else", "1\n");
	assert_query(view, "WITH x AS (SELECT 2) SELECT count(*) FROM x", "1\n");
	assert_query(view, "SELECT value FROM json_each('[7]')", "7\n");
	assert_query(view, "PRAGMA table_info(modules)",
		     "0|asset|TEXT|0|-|0\n1|asset_name|TEXT|0|-|0\n2|name|TEXT|0|-|0\n"
		     "3|size_bytes|INTEGER|0|-|0\n4|state|TEXT|0|-|0\n5|taint|TEXT|0|-|0\n"
		     "6|signer|TEXT|0|-|0\n");
	check_tables(view);
	view_close(&view);
	fixture_close(&f);
}

static void long_queries_end_and_long_results_are_cut(void **state)
{
	struct fixture f;
	struct view *view;
	struct view_limits limits = { .is_foreign = true, .timeout_ms = 50, .rows_max = 3 };
	struct view_value bound = view_text("bash");
	struct why why = { "" };
	bool is_truncated = false;
	const char *endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
			      " SELECT count(*) FROM n";
	const char *greedy = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
			     " SELECT i || printf('%.*c', 100000, 'x') FROM n ORDER BY 1";

	(void)state;
	fixture_open(&f);
	fill(&f);
	view = open_view(&f);
	result = (struct result){ .len = 0 };
	assert_int_equal(view_query(view, span_of(endless), NULL, 0, &limits, append_row, &result,
				    NULL, &why),
			 ERR_TIMEOUT);
	assert_non_null(strstr(why.text, "too long"));
	limits.timeout_ms = 60000;
	assert_int_equal(view_query(view, span_of(greedy), NULL, 0, &limits, append_row, &result,
				    NULL, &why),
			 ERR_LIMIT);
	assert_non_null(strstr(why.text, "memory"));
	assert_int_equal(view_query(view, span_of("SELECT name FROM packages"), NULL, 0, &limits,
				    append_row, &result, &is_truncated, &why),
			 0);
	assert_int_equal(result.rows, 3);
	assert_true(is_truncated);
	result = (struct result){ .stop_after = 1 };
	assert_int_equal(view_query(view, span_of("SELECT asset FROM packages WHERE name = ?1"),
				    &bound, 1, &limits, append_row, &result, &is_truncated, &why),
			 0);
	assert_int_equal(result.rows, 1);
	assert_false(is_truncated);
	check_tables(view);
	view_close(&view);
	fixture_close(&f);
}

/* Every set sums up to every row, at whatever moment one looks. */
static int read_in_another_process(const char *path)
{
	struct view_limits limits = { .is_foreign = true };
	struct view *view;
	struct why why = { "" };
	int error = view_open(path, &view, &why);

	for (unsigned i = 0; error == 0 && i < 300; i++) {
		result = (struct result){ .len = 0 };
		error = view_query(view,
				   span_of("SELECT (SELECT count(*) FROM packages), (SELECT"
					   " count(name) FROM packages), (SELECT sum(rows) FROM"
					   " assets)"),
				   NULL, 0, &limits, append_row, &result, NULL, &why);
		if (error == 0) {
			const char *second = strchr(result.text, '|');
			const char *third = second != NULL ? strchr(second + 1, '|') : NULL;
			size_t len = second != NULL ? (size_t)(second - result.text) : 0;

			error = third == NULL || strncmp(result.text, second + 1, len) != 0 ||
				strncmp(result.text, third + 1, len) != 0;
		}
	}
	if (error != 0) {
		fprintf(stderr, "%d %s %s\n", error, result.text, why.text);
	}
	view_close(&view);
	return error != 0;
}

static void another_process_reads_while_this_one_writes(void **state)
{
	struct fixture f;
	struct fixture_rows rows[2];
	uint32_t assets[4];
	int status = -1;
	pid_t child;

	(void)state;
	fixture_open(&f);
	f.inv->limits = (struct checkpoint_limits){ 20, 200, 3, 30, 2, 7 };
	for (unsigned i = 0; i < 4; i++) {
		assets[i] = fixture_asset(&f, i + 1, 1);
	}
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		_exit(read_in_another_process(f.path));
	}
	for (uint64_t seq = 1; waitpid(child, &status, WNOHANG) == 0; seq++) {
		for (unsigned i = 0; i < 4; i++) {
			struct message_batch batch;
			char version[24];

			for (unsigned n = 0; n < 2; n++) {
				fixture_rows_init(&rows[n]);
				snprintf(version, sizeof version, "%llu",
					 (unsigned long long)(seq - 1 + n) / (1 + i));
				fixture_add_package(&rows[n], "bash", version);
			}
			if (!span_equal(buffer_span(&rows[0].list), buffer_span(&rows[1].list)) ||
			    seq == 1) {
				batch = fixture_delta(TABLE_PACKAGES, 0, seq > 1 ? &rows[0] : NULL,
						      &rows[1]);
				batch.seq = f.inv->assets[assets[i] - 1].held_count == 0
						    ? 1
						    : f.inv->assets[assets[i] - 1].held[0].seq + 1;
				assert_int_equal(fixture_apply(&f, assets[i], &batch, 1).outcome,
						 INVENTORY_APPLIED);
			}
			fixture_rows_done(&rows[0]);
			fixture_rows_done(&rows[1]);
		}
		(void)inventory_tidy(f.inv);
	}
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	fixture_close(&f);
}

static void a_file_is_read_without_its_writer(void **state)
{
	struct fixture f;
	struct view *view;

	(void)state;
	fixture_open(&f);
	fill(&f);
	inventory_close(&f.inv);
	view = open_view(&f);
	check_tables(view);
	check_changes(view);
	view_close(&view);
	fixture_close(&f);
}

static void a_missing_file_is_not_found(void **state)
{
	struct view *view = NULL;
	struct why why;

	(void)state;
	assert_int_equal(view_open("/tmp/inventory-none/x.db", &view, &why), ERR_NOT_FOUND);
	assert_null(view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tables_show_what_is_and_what_was),
		cmocka_unit_test(a_view_follows_the_writer),
		cmocka_unit_test(what_is_not_reading_is_refused_by_name),
		cmocka_unit_test(long_queries_end_and_long_results_are_cut),
		cmocka_unit_test(another_process_reads_while_this_one_writes),
		cmocka_unit_test(a_file_is_read_without_its_writer),
		cmocka_unit_test(a_missing_file_is_not_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
