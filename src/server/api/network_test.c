/* network_test.c - what is kept is what the file says, whatever changed, however small the slices.
 */
#include "server/api/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "schema/schema.h"
#include "server/inventory/fixture.h"

#define ASSETS 60
#define STEPS  10

struct world {
	struct fixture f;
	struct view *view;
	struct network *network;
};

/* Port 1000 + n at 192.0.2.1, which speaks "http" where n is even. */
static uint32_t port(struct world *w, unsigned n)
{
	struct row row;
	struct why why;
	uint32_t number;

	row_init(&row, schema_by_number(TABLE_OPEN_PORTS));
	row_set_text(&row, OPEN_PORTS_ADDRESS, span_of("192.0.2.1"));
	row_set_text(&row, OPEN_PORTS_TRANSPORT, span_of("tcp"));
	row_set_integer(&row, OPEN_PORTS_PORT, 1000 + n);
	row_set_text_if_any(&row, OPEN_PORTS_PROTOCOL, span_of(n % 2 == 0 ? "http" : NULL));
	assert_int_equal(inventory_derived_row(w->f.inv, &row, &number, &why), 0);
	return number;
}

static int setup(void **state)
{
	static struct world w;
	struct why why;

	w = (struct world){ .view = NULL };
	fixture_open(&w.f);
	assert_int_equal(inventory_begin(w.f.inv, &why), 0);
	for (unsigned n = 1; n <= ASSETS; n++) {
		(void)fixture_asset(&w.f, n, 10);
	}
	assert_int_equal(inventory_commit(w.f.inv, &why), 0);
	assert_int_equal(view_open(w.f.path, &w.view, &why), 0);
	w.network = network_new();
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	network_free(&w->network);
	view_close(&w->view);
	fixture_close(&w->f);
	return 0;
}

/* From now on the asset has so many ports open, from the first on. */
static void holds(struct world *w, unsigned n, unsigned count)
{
	struct inventory_result result;
	uint32_t rows[16];
	struct why why;

	assert_int_equal(inventory_begin(w->f.inv, &why), 0);
	for (unsigned i = 0; i < count; i++) {
		rows[i] = port(w, i); /* numbers rise: they were made in this order */
	}
	assert_int_equal(inventory_derive(w->f.inv, fixture_asset(&w->f, n, 10), TABLE_OPEN_PORTS,
					  rows, count, 20, &result, &why),
			 0);
	assert_int_equal(inventory_commit(w->f.inv, &why), 0);
}

/* A deadline that has passed allows the smallest step at a time. */
static void follow(struct world *w)
{
	struct why why;
	unsigned slices = 0;
	int error;

	do {
		error = network_sync_some(w->network, w->view, 0, &why);
	} while (error == ERR_AGAIN && ++slices < 100000);
	assert_int_equal(error, 0);
}

static unsigned open_of(const struct network *n, uint32_t asset, int64_t number)
{
	const struct network_filter filter = { .port = number };
	uint32_t count;
	const uint32_t *rows = network_rows(n, NETWORK_PORTS, asset, &count);
	unsigned found = 0;

	for (uint32_t i = 0; i < count; i++) {
		found += network_fits(n, NETWORK_PORTS, rows[i], &filter);
	}
	return found;
}

static void what_is_kept_follows_every_change(void **state)
{
	struct world *w = *state;
	unsigned held[ASSETS + 1] = { 0 };
	unsigned random = 1;

	for (unsigned step = 0; step < STEPS; step++) {
		for (unsigned i = 0; i < (step == 0 ? ASSETS : 5); i++) {
			unsigned n = step == 0 ? i + 1 : 1 + (random >> 8) % ASSETS;

			random = random * 1103515245 + 12345;
			held[n] = (random >> 16) % 12;
			holds(w, n, held[n]);
		}
		follow(w);
		assert_int_equal(w->network->asset_count, ASSETS);
		for (uint32_t asset = 1; asset <= ASSETS; asset++) {
			uint32_t count;

			(void)network_rows(w->network, NETWORK_PORTS, asset, &count);
			assert_int_equal(count, held[asset]);
			assert_int_equal(open_of(w->network, asset, 1003), held[asset] > 3);
		}
	}
}

static void texts_are_found_and_null_is_none(void **state)
{
	struct world *w = *state;
	struct network_filter filter = { .port = -1 };
	uint32_t count;
	const uint32_t *rows;

	holds(w, 1, 2);
	follow(w);
	rows = network_rows(w->network, NETWORK_PORTS, 1, &count);
	assert_int_equal(count, 2);
	filter.protocol = kept_find(&w->network->texts, span_of("http"));
	assert_true(filter.protocol > 0);
	assert_true(network_fits(w->network, NETWORK_PORTS, rows[0], &filter));
	assert_false(network_fits(w->network, NETWORK_PORTS, rows[1], &filter));
	assert_int_equal(network_cell(w->network, NETWORK_PORTS, rows[1], NETWORK_PORT_PROTOCOL),
			 0);
	assert_int_equal(kept_find(&w->network->texts, span_of("gopher")), -1);
}

static void sensors_and_names_are_known(void **state)
{
	struct world *w = *state;
	const struct network_asset *asset;

	follow(w);
	asset = network_asset(w->network, 1);
	assert_true(asset->is_named && asset->has_sensor && !asset->is_scanner);
	assert_string_equal(asset->id, "0000000000000001");
	assert_string_equal(asset->name, "0000000000000001");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_kept_follows_every_change),
		TEST(texts_are_found_and_null_is_none),
		TEST(sensors_and_names_are_known),
	};

	return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
