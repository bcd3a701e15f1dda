/*
 * view_fuzz.c - a stranger's SQL over a small inventory. Whatever it says: an answer or an error,
 * in time, and the file stays as it was.
 */
#include "server/inventory/view.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "server/inventory/fixture.h"

#define TIMEOUT_MS 500

struct world {
	struct fixture fixture;
	struct view *view;
};

/* One for the life of the process: making it takes longer than a query. */
static struct world world;

static void fill(struct fixture *f)
{
	static const char *const members[] = { "ann", "bob" };
	struct fixture_rows rows;
	struct message_batch batch;

	for (unsigned n = 1; n <= 3; n++) {
		uint32_t asset = fixture_asset(f, n, n);
		char name[16];

		fixture_rows_init(&rows);
		snprintf(name, sizeof name, "host-%u", n);
		fixture_add_os(&rows, name);
		batch = fixture_delta(TABLE_OS, 1, NULL, &rows);
		(void)fixture_apply(f, asset, &batch, 100 + n);
		fixture_rows_done(&rows);
		fixture_add_package(&rows, "bash", "5.2");
		fixture_add_package(&rows, name, "1");
		batch = fixture_delta(TABLE_PACKAGES, 1, NULL, &rows);
		(void)fixture_apply(f, asset, &batch, 200 + n);
		fixture_rows_done(&rows);
		fixture_add_group(&rows, "adm", n, members, 2);
		batch = fixture_delta(TABLE_GROUPS, 1, NULL, &rows);
		(void)fixture_apply(f, asset, &batch, 300 + n);
		fixture_rows_done(&rows);
	}
}

static void clean_up(void)
{
	view_close(&world.view);
	fixture_close(&world.fixture);
}

static struct view *the_view(void)
{
	struct why why = { "" };

	if (world.view == NULL) {
		fixture_open(&world.fixture);
		fill(&world.fixture);
		assert(view_open(world.fixture.path, &world.view, &why) == 0);
		(void)atexit(clean_up);
	}
	return world.view;
}

static bool look_at_row(void *context, size_t count, const char *const *names,
			const struct view_value *values)
{
	uint64_t *sum = context;

	for (size_t c = 0; c < count; c++) {
		assert(names[c] != NULL);
		for (size_t i = 0; values != NULL && i < values[c].bytes.len; i++) {
			*sum += values[c].bytes.ptr[i];
		}
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view_limits limits = { .rows_max = 50,
				      .timeout_ms = TIMEOUT_MS,
				      .is_foreign = true };
	struct view *view = the_view();
	struct why why = { "" };
	uint64_t sum = 0;
	int error = view_query(view, (struct span){ data, size }, NULL, 0, &limits, look_at_row,
			       &sum, NULL, &why);

	assert((error == 0) == (why.text[0] == '\0'));
	assert(view_last_change(view) == 9);
	return 0;
}
