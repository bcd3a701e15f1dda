/* events_test.c - events are stored once each, seen with SQL, and dropped when they are old. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "schema/schema.h"
#include "server/inventory/fixture.h"
#include "server/inventory/view.h"

#define TEXT_MAX 65536

/* A list of events in the making. */
struct list {
	uint8_t room[65536];
	struct writer writer;
	size_t count;
};

static struct fixture fixture;
static struct list list;

static int begin(void **state)
{
	fixture_open(&fixture);
	*state = &fixture;
	return 0;
}

static int end(void **state)
{
	fixture_close(*state);
	return 0;
}

static void clear(void)
{
	list.writer = writer_over(list.room, sizeof list.room);
	list.count = 0;
}

static void add_bytes(uint16_t kind, int64_t at_ms, struct span row)
{
	const struct message_event event = { kind, at_ms, row };

	event_list_append(&list.writer, &event);
	list.count++;
}

static void add_login(int64_t at_ms, const char *user, bool is_success)
{
	uint8_t room[512];
	struct writer w = writer_over(room, sizeof room);
	struct row row;

	row_init(&row, schema_event_by_number(EVENT_LOGINS));
	row_set_text(&row, LOGINS_USER, span_of(user));
	row_set_boolean(&row, LOGINS_IS_SUCCESS, is_success);
	assert_int_equal(row_encode(&row, &w), 0);
	add_bytes(EVENT_LOGINS, at_ms, writer_span(&w));
}

static void add_execution(int64_t at_ms, const char *path)
{
	const struct span arguments[] = { span_of("ls"), span_of("a \"b\"") };
	uint8_t room[512];
	struct writer w = writer_over(room, sizeof room);
	struct row row;

	row_init(&row, schema_event_by_number(EVENT_EXECUTIONS));
	row_set_text(&row, EXECUTIONS_EXECUTABLE, span_of(path));
	row_set_list(&row, EXECUTIONS_ARGUMENTS, arguments, 2);
	row_set_integer(&row, EXECUTIONS_PID, 42);
	assert_int_equal(row_encode(&row, &w), 0);
	add_bytes(EVENT_EXECUTIONS, at_ms, writer_span(&w));
}

/* The list as a message whose first event has this number. */
static int tell(struct fixture *f, uint32_t asset, uint64_t epoch, uint64_t first, int64_t now_ms)
{
	const struct message_events events = { epoch,
					       first,
					       { writer_span(&list.writer), list.count } };
	struct why why = { "" };
	int error = inventory_events(f->inv, asset, &events, now_ms, &why);

	if (error == 0) {
		error = inventory_commit(f->inv, &why);
	}
	return error;
}

struct result {
	char text[TEXT_MAX];
	size_t len;
};

static bool append_row(void *context, size_t count, const char *const *names,
		       const struct view_value *values)
{
	struct result *r = context;

	(void)names;
	for (size_t c = 0; values != NULL && c < count; c++) {
		const struct view_value *v = &values[c];
		const char *sep = c > 0 ? "|" : "";

		if (v->kind == VIEW_INTEGER) {
			r->len += (size_t)snprintf(r->text + r->len, TEXT_MAX - r->len, "%s%lld",
						   sep, (long long)v->integer);
		} else {
			r->len += (size_t)snprintf(
				r->text + r->len, TEXT_MAX - r->len, "%s%.*s", sep,
				v->kind == VIEW_TEXT ? (int)v->bytes.len : 1,
				v->kind == VIEW_TEXT ? (const char *)v->bytes.ptr : "-");
		}
	}
	if (values != NULL) {
		r->text[r->len++] = '\n';
		r->text[r->len] = '\0';
	}
	return true;
}

static struct result result;

static const char *query(struct fixture *f, const char *sql)
{
	const struct view_limits limits = { .is_foreign = true, .timeout_ms = 20000 };
	struct view *view = NULL;
	struct why why = { "" };

	result.len = 0;
	result.text[0] = '\0';
	assert_int_equal(view_open(f->path, &view, &why), 0);
	if (view_query(view, span_of(sql), NULL, 0, &limits, append_row, &result, NULL, &why) !=
	    0) {
		snprintf(result.text, TEXT_MAX, "%s", why.text);
	}
	view_close(&view);
	return result.text;
}

#define assert_query(f, sql, expected) assert_string_equal(query(f, sql), expected)

static void what_happened_is_seen_with_sql(void **state)
{
	struct fixture *f = *state;
	uint32_t first = fixture_asset(f, 1, 10);
	uint32_t second = fixture_asset(f, 2, 10);

	clear();
	add_login(1000, "ann", true);
	add_execution(2000, "/bin/ls");
	assert_int_equal(tell(f, first, 7, 0, 5000), 0);
	clear();
	add_login(1500, "bob", false);
	assert_int_equal(tell(f, second, 8, 0, 6000), 0);
	assert_query(f, "SELECT asset, at, user, is_success, address FROM logins",
		     "0000000000000002|1500|bob|0|-\n0000000000000001|1000|ann|1|-\n");
	assert_query(f, "SELECT at, executable, arguments, pid, no, received_at FROM executions",
		     "2000|/bin/ls|[\"ls\",\"a \\\"b\\\"\"]|42|2|5000\n");
	assert_query(f, "SELECT no, at, received_at, asset, kind FROM events ORDER BY no",
		     "1|1000|5000|0000000000000001|logins\n"
		     "2|2000|5000|0000000000000001|executions\n"
		     "3|1500|6000|0000000000000002|logins\n");
	assert_query(f, "SELECT \"row\" FROM events WHERE no = 2",
		     "{\"executable\":\"/bin/ls\",\"arguments\":[\"ls\",\"a \\\"b\\\"\"],"
		     "\"user\":null,\"pid\":42,\"parent\":null,\"parent_pid\":null,"
		     "\"sha256\":null,\"login_user\":null}\n");
	assert_query(f, "SELECT no FROM events ORDER BY no DESC LIMIT 1", "3\n");
}

static void each_way_to_narrow_finds_the_same_as_looking_at_all(void **state)
{
	static const char *const narrow[] = {
		"asset = '0000000000000002'",
		"kind = 'logins'",
		"asset = '0000000000000001' AND kind = 'executions'",
		"at >= 2500",
		"at > 2500 AND at <= 3500",
		"kind = 'executions' AND at BETWEEN 1500 AND 3500",
		"no > 3",
		"no < 6 AND no >= 2",
		"no = 4",
		"asset = 'nothing'",
		"kind = 'nothing'",
		"asset = '0000000000000002' AND no <= 5 AND at >= 1800",
	};
	struct fixture *f = *state;
	char wanted[4096];

	for (unsigned n = 0; n < 6; n++) {
		clear();
		add_login(1000 + 500 * n, "ann", true);
		add_execution(4000 - 500 * n, "/bin/ls");
		assert_int_equal(tell(f, fixture_asset(f, 1 + n % 2, 10), 1, 2 * (n / 2), 9000), 0);
	}
	for (size_t i = 0; i < COUNT_OF(narrow); i++) {
		char sql[256];

		/* a + before a column's name keeps it from us: SQLite judges each event */
		snprintf(sql, sizeof sql,
			 "SELECT no, at, asset, kind FROM (SELECT +no AS no, +at AS at, +asset AS "
			 "asset, +kind AS kind FROM events LIMIT 1000) WHERE %s ORDER BY no",
			 narrow[i]);
		snprintf(wanted, sizeof wanted, "%s", query(f, sql));
		snprintf(sql, sizeof sql,
			 "SELECT no, at, asset, kind FROM events WHERE %s ORDER BY no", narrow[i]);
		assert_query(f, sql, wanted);
		snprintf(sql, sizeof sql,
			 "SELECT * FROM (SELECT no, at, asset, kind FROM events WHERE %s ORDER BY "
			 "no DESC) ORDER BY 1",
			 narrow[i]);
		assert_query(f, sql, wanted);
	}
	assert_query(f, "SELECT count(*) FROM executions WHERE at >= 2000 AND at < 3000", "2\n");
}

static void what_was_told_before_is_passed_over(void **state)
{
	struct fixture *f = *state;
	uint32_t asset = fixture_asset(f, 1, 10);

	clear();
	add_login(1, "a", true);
	add_login(2, "b", true);
	assert_int_equal(tell(f, asset, 7, 0, 1), 0);
	assert_int_equal(tell(f, asset, 7, 0, 1), 0); /* the same again */
	add_login(3, "c", true);
	assert_int_equal(tell(f, asset, 7, 0, 1), 0); /* and with one more */
	fixture_crash(f);
	assert_int_equal(tell(f, asset, 7, 0, 1), 0); /* and after a kill */
	assert_query(f, "SELECT no, user FROM logins ORDER BY no", "1|a\n2|b\n3|c\n");
	assert_query(f, "SELECT count(*) FROM gaps", "0\n");
}

static void missing_numbers_become_a_gap(void **state)
{
	struct fixture *f = *state;
	uint32_t asset = fixture_asset(f, 1, 10);
	struct inventory_figures figures;

	clear();
	add_login(1000, "a", true);
	assert_int_equal(tell(f, asset, 7, 0, 1), 0);
	assert_int_equal(tell(f, asset, 7, 9, 1), 0);
	assert_query(f,
		     "SELECT no, kind, \"row\" ->> 'count', \"row\" ->> 'reason' FROM events"
		     " ORDER BY no",
		     "1|logins|-|-\n2|gaps|8|ring\n3|logins|-|-\n");
	/* another epoch is another count, from 0 on */
	assert_int_equal(tell(f, asset, 8, 0, 1), 0);
	assert_query(f, "SELECT count(*), sum(count) FROM gaps", "1|8\n");
	assert_int_equal(tell(f, asset, 9, 500, 1), 0);
	assert_query(f, "SELECT count(*), sum(count) FROM gaps", "2|508\n");
	inventory_figures(f->inv, &figures);
	assert_int_equal(figures.event_gaps, 2);
	assert_int_equal(figures.events, 6);
}

static void unknown_kinds_are_left_out_and_malformed_rows_are_refused(void **state)
{
	struct fixture *f = *state;
	uint32_t asset = fixture_asset(f, 1, 10);
	struct inventory_figures figures;

	clear();
	add_login(1, "a", true);
	add_bytes(31, 2, (struct span){ (const uint8_t *)"\x80", 1 });
	add_bytes(4711, 2, (struct span){ (const uint8_t *)"\x80", 1 });
	add_login(3, "b", true);
	assert_int_equal(tell(f, asset, 7, 0, 1), 0);
	assert_query(f, "SELECT no, user FROM logins ORDER BY no", "1|a\n2|b\n");
	inventory_figures(f->inv, &figures);
	assert_int_equal(figures.unknown_events, 2);
	clear();
	add_login(4, "c", true);
	add_bytes(EVENT_LOGINS, 5, (struct span){ (const uint8_t *)"\x81\x01", 2 });
	assert_int_equal(tell(f, asset, 7, 4, 1), ERR_MALFORMED);
	assert_int_equal(inventory_commit(f->inv, NULL), 0);
	/* nothing of it was stored, and it is not taken for told */
	clear();
	add_login(4, "c", true);
	assert_int_equal(tell(f, asset, 7, 4, 1), 0);
	assert_query(f, "SELECT no, user FROM logins ORDER BY no", "1|a\n2|b\n3|c\n");
}

static void a_transaction_that_fails_tells_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t asset = fixture_asset(f, 1, 10);
	struct message_events events;
	struct why why = { "" };

	clear();
	add_login(1, "a", true);
	events = (struct message_events){ 7, 0, { writer_span(&list.writer), list.count } };
	assert_int_equal(inventory_events(f->inv, asset, &events, 1, &why), 0);
	fixture_crash(f);
	assert_query(f, "SELECT count(*) FROM events", "0\n");
	assert_int_equal(tell(f, asset, 7, 0, 1), 0);
	assert_query(f, "SELECT no, user FROM logins", "1|a\n");
}

static void old_ones_are_dropped_and_numbers_go_on(void **state)
{
	struct fixture *f = *state;
	uint32_t asset = fixture_asset(f, 1, 10);
	struct why why = { "" };
	int64_t keep_ms;
	uint64_t most;

	clear();
	add_login(1, "a", true);
	for (unsigned n = 0; n < 10; n++) {
		assert_int_equal(tell(f, asset, 7, n, 1000 * n), 0);
	}
	assert_int_equal(inventory_set_event_limits(f->inv, 5000, 1000, &why), 0);
	assert_int_equal(inventory_commit(f->inv, &why), 0);
	while (inventory_drop_old_events(f->inv, 8000)) {
	}
	assert_query(f, "SELECT count(*), min(no) FROM events", "7|4\n");
	assert_query(f, "SELECT count(*), min(no) FROM logins", "7|4\n");
	fixture_crash(f);
	inventory_event_limits(f->inv, &keep_ms, &most);
	assert_int_equal(keep_ms, 5000);
	assert_int_equal(most, 1000);
	assert_int_equal(inventory_set_event_limits(f->inv, 5000, 2, &why), 0);
	assert_int_equal(inventory_commit(f->inv, &why), 0);
	while (inventory_drop_old_events(f->inv, 8000)) {
	}
	assert_query(f, "SELECT count(*), min(no) FROM events", "2|9\n");
	while (inventory_drop_old_events(f->inv, 1000000)) {
	}
	assert_query(f, "SELECT count(*) FROM events", "0\n");
	fixture_crash(f);
	assert_int_equal(tell(f, asset, 7, 10, 1), 0);
	assert_query(f, "SELECT no FROM events", "11\n");
}

static void events_are_read_only_and_no_module_is_a_table(void **state)
{
	struct fixture *f = *state;

	clear();
	add_login(1, "a", true);
	assert_int_equal(tell(f, fixture_asset(f, 1, 10), 7, 0, 1), 0);
	assert_non_null(strstr(query(f, "DELETE FROM events"), "read-only"));
	assert_non_null(strstr(query(f, "SELECT * FROM inventory_events"), "no such table"));
	assert_non_null(strstr(query(f, "SELECT * FROM _events"), "no such table"));
	assert_non_null(strstr(query(f, "SELECT * FROM nowhere"), "logins"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_happened_is_seen_with_sql, begin, end),
		cmocka_unit_test_setup_teardown(each_way_to_narrow_finds_the_same_as_looking_at_all,
						begin, end),
		cmocka_unit_test_setup_teardown(what_was_told_before_is_passed_over, begin, end),
		cmocka_unit_test_setup_teardown(missing_numbers_become_a_gap, begin, end),
		cmocka_unit_test_setup_teardown(
			unknown_kinds_are_left_out_and_malformed_rows_are_refused, begin, end),
		cmocka_unit_test_setup_teardown(a_transaction_that_fails_tells_nothing, begin, end),
		cmocka_unit_test_setup_teardown(old_ones_are_dropped_and_numbers_go_on, begin, end),
		cmocka_unit_test_setup_teardown(events_are_read_only_and_no_module_is_a_table,
						begin, end),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
