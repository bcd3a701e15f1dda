/* listening_test.c - where a package listens is told for the asset that is asked about, only. */
#include "server/api/listening.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "schema/schema.h"
#include "server/inventory/fixture.h"

static void apply(struct fixture *f, uint32_t asset, uint16_t table, struct fixture_rows *rows)
{
	struct message_batch batch = fixture_delta(table, 1, NULL, rows);

	assert_int_equal(fixture_apply(f, asset, &batch, 20).outcome, INVENTORY_APPLIED);
	fixture_rows_done(rows);
	fixture_rows_init(rows);
}

static void add_listener(struct fixture_rows *rows, const char *address, int64_t port,
			 const char *executable)
{
	struct row row;

	row_init(&row, schema_by_number(TABLE_LISTENERS));
	row_set_text(&row, LISTENERS_PROTOCOL, span_of("tcp"));
	row_set_text(&row, LISTENERS_ADDRESS, span_of(address));
	row_set_integer(&row, LISTENERS_PORT, port);
	if (executable != NULL) {
		row_set_text(&row, LISTENERS_EXECUTABLE, span_of(executable));
	}
	(void)fixture_add(rows, &row);
}

static void add_use(struct fixture_rows *rows, const char *package, const char *executable)
{
	struct row row;

	row_init(&row, schema_by_number(TABLE_PACKAGE_USE));
	row_set_text(&row, PACKAGE_USE_MANAGER, span_of("dpkg"));
	row_set_text(&row, PACKAGE_USE_PACKAGE, span_of(package));
	row_set_text(&row, PACKAGE_USE_PROCESS, span_of("process"));
	row_set_text(&row, PACKAGE_USE_EXECUTABLE, span_of(executable));
	row_set_text(&row, PACKAGE_USE_PATH, span_of(executable));
	(void)fixture_add(rows, &row);
}

static uint32_t asset_of(struct fixture *f, unsigned n)
{
	struct why why;
	uint32_t asset;

	assert_int_equal(inventory_begin(f->inv, &why), 0);
	asset = fixture_asset(f, n, 10);
	assert_int_equal(inventory_commit(f->inv, &why), 0);
	return asset;
}

static void assert_listens(const struct listening *l, const char *package, enum exposure exposure,
			   const char *expected)
{
	uint8_t room[LISTENING_ROOM];

	assert_true(span_is(listening_of(l, span_of(package), exposure, room), expected));
}

static void listeners_are_those_of_the_packages_programs(void **state)
{
	struct fixture f;
	struct fixture_rows rows;
	struct listening *l;
	struct view *view;
	struct why why;
	uint32_t first;

	(void)state;
	fixture_open(&f);
	fixture_rows_init(&rows);
	first = asset_of(&f, 1);
	add_listener(&rows, "0.0.0.0", 443, "/usr/sbin/nginx");
	add_listener(&rows, "::", 443, "/usr/sbin/nginx");
	add_listener(&rows, "127.0.0.1", 8080, "/usr/sbin/nginx");
	add_listener(&rows, "0.0.0.0", 22, "/usr/sbin/sshd");
	add_listener(&rows, "0.0.0.0", 111, NULL); /* the kernel's own */
	apply(&f, first, TABLE_LISTENERS, &rows);
	add_use(&rows, "nginx", "/usr/sbin/nginx");
	add_use(&rows, "libssl3", "/usr/sbin/nginx");
	add_use(&rows, "libssl3", "/usr/sbin/sshd");
	add_use(&rows, "bash", "/usr/bin/bash");
	apply(&f, first, TABLE_PACKAGE_USE, &rows);
	(void)asset_of(&f, 2);
	assert_int_equal(view_open(f.path, &view, &why), 0);
	assert_int_equal(listening_read(view, "0000000000000001", &l, &why), 0);
	assert_listens(l, "nginx", EXPOSURE_NETWORK, "tcp 0.0.0.0:443, tcp [::]:443");
	assert_listens(l, "nginx", EXPOSURE_LOCAL, "tcp 127.0.0.1:8080");
	assert_listens(l, "libssl3", EXPOSURE_NETWORK,
		       "tcp 0.0.0.0:22, tcp 0.0.0.0:443, tcp [::]:443");
	assert_listens(l, "bash", EXPOSURE_NETWORK, "");
	assert_listens(l, "nginx", EXPOSURE_RUNNING, "");
	listening_free(&l);
	assert_int_equal(listening_read(view, "0000000000000002", &l, &why), 0);
	assert_listens(l, "nginx", EXPOSURE_NETWORK, "");
	listening_free(&l);
	view_close(&view);
	fixture_rows_done(&rows);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listeners_are_those_of_the_packages_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
