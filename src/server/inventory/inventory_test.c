/* inventory_test.c - what one batch does, and what a full disk does not. */
#include "server/inventory/inventory.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "server/inventory/fixture.h"

static const struct rowhash lowest;
static const struct rowhash highest = { { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
					  255, 255, 255, 255, 255 } };

static struct message_welcome_table welcome_of(struct fixture *f, uint32_t asset, uint16_t table)
{
	struct message_welcome welcome;
	struct message_welcome_table none = { .table = 0 };

	inventory_welcome(f->inv, asset, &welcome);
	for (size_t i = 0; i < welcome.table_count; i++) {
		if (welcome.tables[i].table == table) {
			return welcome.tables[i];
		}
	}
	return none;
}

static void a_delta_is_applied_once_and_survives_a_crash(void **state)
{
	struct fixture f;
	struct fixture_rows rows;
	struct message_batch batch;
	struct inventory_result result;
	struct message_welcome_table held;
	uint32_t asset;

	(void)state;
	fixture_open(&f);
	fixture_rows_init(&rows);
	asset = fixture_asset(&f, 1, 10);
	fixture_add_package(&rows, "bash", "5.2");
	fixture_add_package(&rows, "curl", "8.0");
	batch = fixture_delta(TABLE_PACKAGES, 1, NULL, &rows);
	batch.has_digest = true;
	batch.digest = fixture_digest(&rows);
	result = fixture_apply(&f, asset, &batch, 20);
	assert_int_equal(result.outcome, INVENTORY_APPLIED);
	assert_int_equal(result.change_no, 1);
	assert_int_equal(result.added, 2);
	result = fixture_apply(&f, asset, &batch, 30);
	assert_int_equal(result.outcome, INVENTORY_REPEAT);

	fixture_crash(&f);
	held = welcome_of(&f, asset, TABLE_PACKAGES);
	assert_int_equal(held.seq, 1);
	assert_int_equal(held.count, 2);
	assert_true(digest_equal(held.digest, batch.digest));
	result = fixture_apply(&f, asset, &batch, 30);
	assert_int_equal(result.outcome, INVENTORY_REPEAT);
	fixture_rows_done(&rows);
	fixture_close(&f);
}

static void missing_rows_are_wanted_and_then_known_to_every_asset(void **state)
{
	struct fixture f;
	struct fixture_rows rows;
	struct message_batch batch;
	struct inventory_result result;
	struct row_list list;
	struct rowhash wanted[2];
	struct why why;
	uint32_t asset;

	(void)state;
	fixture_open(&f);
	fixture_rows_init(&rows);
	asset = fixture_asset(&f, 1, 10);
	fixture_add_package(&rows, "bash", "5.2");
	fixture_add_package(&rows, "curl", "8.0");
	batch = fixture_delta(TABLE_PACKAGES, 1, NULL, &rows);
	list = batch.rows;
	batch.rows = (struct row_list){ { NULL, 0 }, 0 };
	result = fixture_apply(&f, asset, &batch, 20);
	assert_int_equal(result.outcome, INVENTORY_WANT);
	assert_int_equal(result.missing_count, 2);
	assert_true(rowhash_compare(&result.missing[0], &result.missing[1]) < 0);
	memcpy(wanted, result.missing, sizeof wanted);
	assert_int_equal(welcome_of(&f, asset, TABLE_PACKAGES).table, 0);

	assert_int_equal(inventory_intern(f.inv, TABLE_PACKAGES, list, wanted, 1, &why),
			 ERR_CONFLICT);
	assert_int_equal(inventory_intern(f.inv, TABLE_PACKAGES, list, wanted, 2, &why), 0);
	result = fixture_apply(&f, asset, &batch, 20);
	assert_int_equal(result.outcome, INVENTORY_APPLIED);
	asset = fixture_asset(&f, 2, 10);
	result = fixture_apply(&f, asset, &batch, 20);
	assert_int_equal(result.outcome, INVENTORY_APPLIED);
	fixture_rows_done(&rows);
	fixture_close(&f);
}

static void what_does_not_fit_changes_nothing(void **state)
{
	struct fixture f;
	struct fixture_rows rows;
	struct fixture_rows other;
	struct message_batch batch;
	struct inventory_result result;
	struct inventory_figures figures;
	uint8_t bad_row[] = { 0x42, 0x81, 0x61 }; /* an array of one text that lacks its byte */
	uint32_t asset;

	(void)state;
	fixture_open(&f);
	fixture_rows_init(&rows);
	fixture_rows_init(&other);
	asset = fixture_asset(&f, 1, 10);
	fixture_add_package(&rows, "bash", "5.2");
	fixture_add_package(&other, "curl", "8.0");
	batch = fixture_delta(TABLE_PACKAGES, 1, NULL, &rows);
	assert_int_equal(fixture_apply(&f, asset, &batch, 20).outcome, INVENTORY_APPLIED);

	batch = fixture_delta(TABLE_PACKAGES, 3, NULL, &other); /* a gap */
	result = fixture_apply(&f, asset, &batch, 20);
	assert_int_equal(result.outcome, INVENTORY_RESYNC);
	assert_int_equal(result.next_seq, 2);
	batch = fixture_delta(TABLE_PACKAGES, 0, NULL, &other); /* no number at all */
	assert_int_equal(fixture_apply(&f, asset, &batch, 20).outcome, INVENTORY_RESYNC);
	batch = fixture_delta(TABLE_PACKAGES, 2, NULL, &rows); /* held already */
	assert_int_equal(fixture_apply(&f, asset, &batch, 20).outcome, INVENTORY_RESYNC);
	batch = fixture_delta(TABLE_PACKAGES, 2, &other, NULL); /* not held */
	assert_int_equal(fixture_apply(&f, asset, &batch, 20).outcome, INVENTORY_RESYNC);
	batch = fixture_delta(TABLE_PACKAGES, 2, NULL, &other);
	batch.has_digest = true; /* of nothing */
	assert_int_equal(fixture_apply(&f, asset, &batch, 20).outcome, INVENTORY_RESYNC);
	batch = fixture_delta(99, 1, NULL, &other);
	result = fixture_apply(&f, asset, &batch, 20);
	assert_int_equal(result.outcome, INVENTORY_REFUSED);
	assert_int_equal(result.refuse_code, REFUSE_TABLE);
	batch = fixture_delta(TABLE_PACKAGES, 2, NULL, &other);
	batch.rows = (struct row_list){ { bad_row, sizeof bad_row }, 1 };
	result = fixture_apply(&f, asset, &batch, 20);
	assert_int_equal(result.outcome, INVENTORY_REFUSED);
	assert_int_equal(result.refuse_code, REFUSE_ROW);

	assert_int_equal(welcome_of(&f, asset, TABLE_PACKAGES).seq, 1);
	assert_int_equal(welcome_of(&f, asset, TABLE_PACKAGES).count, 1);
	fixture_crash(&f);
	inventory_figures(f.inv, &figures);
	assert_int_equal(figures.disagreements, 1);
	assert_int_equal(figures.last_change_no, 1);
	assert_int_equal(figures.rows_held, 1);
	fixture_rows_done(&rows);
	fixture_rows_done(&other);
	fixture_close(&f);
}

static void a_range_replaces_what_lies_in_it(void **state)
{
	struct fixture f;
	struct fixture_rows rows;
	struct fixture_rows one;
	struct message_batch batch;
	struct inventory_result result;
	struct rowhash kept;
	uint32_t asset;

	(void)state;
	fixture_open(&f);
	fixture_rows_init(&rows);
	fixture_rows_init(&one);
	asset = fixture_asset(&f, 1, 10);
	fixture_add_package(&rows, "bash", "5.2");
	fixture_add_package(&rows, "curl", "8.0");
	fixture_add_package(&rows, "dash", "0.5");
	kept = fixture_add_package(&one, "curl", "8.0");
	batch = fixture_delta(TABLE_PACKAGES, 1, NULL, &rows);
	assert_int_equal(fixture_apply(&f, asset, &batch, 20).outcome, INVENTORY_APPLIED);

	batch = fixture_delta(TABLE_PACKAGES, 2, NULL, &one);
	batch.mode = BATCH_RANGE;
	batch.low = batch.high = kept;
	result = fixture_apply(&f, asset, &batch, 20); /* nothing changes but the number */
	assert_int_equal(result.outcome, INVENTORY_APPLIED);
	assert_int_equal(result.change_no, 0);
	fixture_crash(&f);
	assert_int_equal(welcome_of(&f, asset, TABLE_PACKAGES).seq, 2);
	assert_int_equal(welcome_of(&f, asset, TABLE_PACKAGES).count, 3);

	batch.seq = 3;
	batch.low = lowest;
	batch.high = highest;
	batch.has_digest = true;
	batch.digest = fixture_digest(&one);
	result = fixture_apply(&f, asset, &batch, 20);
	assert_int_equal(result.outcome, INVENTORY_APPLIED);
	assert_int_equal(result.removed, 2);
	assert_int_equal(result.added, 0);
	batch.seq = 4;
	batch.high = lowest; /* the add lies outside */
	assert_int_equal(fixture_apply(&f, asset, &batch, 20).outcome, INVENTORY_REFUSED);
	fixture_rows_done(&rows);
	fixture_rows_done(&one);
	fixture_close(&f);
}

static void an_empty_table_is_known_after_a_crash(void **state)
{
	struct fixture f;
	struct message_batch batch = fixture_delta(TABLE_CRON, 1, NULL, NULL);
	uint32_t asset;

	(void)state;
	fixture_open(&f);
	asset = fixture_asset(&f, 1, 10);
	assert_int_equal(fixture_apply(&f, asset, &batch, 20).outcome, INVENTORY_APPLIED);
	fixture_crash(&f);
	assert_int_equal(welcome_of(&f, asset, TABLE_CRON).seq, 1);
	assert_int_equal(fixture_apply(&f, asset, &batch, 20).outcome, INVENTORY_REPEAT);
	fixture_close(&f);
}

static void sensors_are_remembered(void **state)
{
	struct fixture f;
	struct inventory_sensor sensor;
	struct why why;
	const char *id = "0000000000000007";

	(void)state;
	fixture_open(&f);
	fixture_asset(&f, 7, 10);
	inventory_sensor_seen(f.inv, id, "0.2", "192.0.2.1", true, 5000);
	assert_int_equal(inventory_begin(f.inv, &why), 0);
	assert_int_equal(inventory_commit(f.inv, &why), 0);
	fixture_crash(&f);
	assert_int_equal(inventory_sensor_find(f.inv, id, &sensor), 0);
	assert_true(sensor.is_connected);
	assert_string_equal(sensor.address, "192.0.2.1");
	inventory_sensors_disconnected(f.inv);

	sensor.key_hash[0] = 9; /* a new certificate */
	assert_int_equal(inventory_enrol(f.inv, &sensor, &why), 0);
	sensor.key_hash[0] = 10;
	assert_int_equal(inventory_enrol(f.inv, &sensor, &why), 0);
	assert_int_equal(inventory_sensor_revoke(f.inv, id, &why), 0);
	assert_int_equal(inventory_commit(f.inv, &why), 0);
	fixture_crash(&f);
	assert_int_equal(inventory_sensor_find(f.inv, id, &sensor), 0);
	assert_true(sensor.is_revoked);
	assert_false(sensor.is_connected);
	assert_int_equal(sensor.key_hash[0], 10);
	assert_int_equal(sensor.previous_key_hash[0], 9);
	assert_int_equal(inventory_enrol(f.inv, &sensor, &why), ERR_DENIED);
	assert_int_equal(inventory_sensor_revoke(f.inv, "0000000000000008", &why), ERR_NOT_FOUND);
	fixture_close(&f);
}

/* Fills the disk (a limit on the size of files) in the midst of work. */
static void a_full_disk_loses_nothing_that_was_committed(void **state)
{
	struct fixture f;
	struct fixture_rows rows;
	struct inventory_result result;
	struct message_batch batch;
	struct message_welcome_table before;
	struct inventory_figures figures;
	struct rlimit limit;
	struct rlimit small;
	struct why why = { "" };
	uint32_t asset;
	int error = 0;
	uint64_t seq = 0;
	char name[32];

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	fixture_open(&f);
	fixture_rows_init(&rows);
	asset = fixture_asset(&f, 1, 10);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = 1 << 20;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	while (error == 0) {
		fixture_rows_done(&rows);
		for (unsigned i = 0; i < 200; i++) {
			snprintf(name, sizeof name, "package-%u", i);
			fixture_add_package(&rows, name, seq % 2 == 0 ? "1" : "2");
			snprintf(name, sizeof name, "%u-%llu", i, (unsigned long long)seq);
			fixture_add_package(&rows, name, "3");
		}
		before = welcome_of(&f, asset, TABLE_PACKAGES);
		batch = fixture_delta(TABLE_PACKAGES, ++seq, NULL, &rows);
		batch.mode = BATCH_RANGE;
		batch.low = lowest;
		batch.high = highest;
		fixture_sort(&rows);
		error = inventory_begin(f.inv, &why);
		if (error == 0) {
			error = inventory_apply(f.inv, asset, &batch, 20, &result, &why);
		}
		if (error == 0) {
			error = inventory_commit(f.inv, &why);
		}
		assert_true(seq < 1000);
	}
	assert_true(error == ERR_FULL || error == ERR_IO);
	assert_false(inventory_is_open(f.inv));
	inventory_figures(f.inv, &figures);
	assert_int_equal(figures.last_change_no, seq - 1);
	assert_true(digest_equal(welcome_of(&f, asset, TABLE_PACKAGES).digest, before.digest));
	assert_int_equal(inventory_verify(f.inv, &why), 0);

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0); /* space again */
	fixture_crash(&f);
	assert_int_equal(inventory_verify(f.inv, &why), 0);
	assert_true(digest_equal(welcome_of(&f, asset, TABLE_PACKAGES).digest, before.digest));
	result = fixture_apply(&f, asset, &batch, 30);
	assert_int_equal(result.outcome, INVENTORY_APPLIED);
	assert_int_equal(result.change_no, seq);
	fixture_rows_done(&rows);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_delta_is_applied_once_and_survives_a_crash),
		cmocka_unit_test(missing_rows_are_wanted_and_then_known_to_every_asset),
		cmocka_unit_test(what_does_not_fit_changes_nothing),
		cmocka_unit_test(a_range_replaces_what_lies_in_it),
		cmocka_unit_test(an_empty_table_is_known_after_a_crash),
		cmocka_unit_test(sensors_are_remembered),
		cmocka_unit_test(a_full_disk_loses_nothing_that_was_committed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
