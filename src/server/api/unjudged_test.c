/* unjudged_test.c - what is told is what a look at every asset would tell, whatever changed. */
#include "server/api/unjudged.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "schema/schema.h"
#include "server/feeds/knowledge_builder.h"
#include "server/inventory/fixture.h"

struct world {
	struct fixture f;
	struct view *view;
	struct unjudged *unjudged;
	struct knowledge *knowledge; /* of debian:12 only */
	uint64_t seq[8];             /* of each asset's `os` */
	const char *version[8];      /* of the Debian that it runs; NULL: none */
};

static struct knowledge *knowledge_of(const char *stream)
{
	struct knowledge_builder *builder = knowledge_builder_new();
	const struct knowledge_record record = {
		.stream = span_of(stream),
		.package = span_of("curl"),
		.id = span_of("CVE-1"),
		.feed = span_of("debian"),
	};
	struct knowledge *knowledge;
	struct why why;

	assert_int_equal(knowledge_builder_entry(builder, &record), 0);
	assert_int_equal(knowledge_builder_open(builder, 1, &knowledge, &why), 0);
	knowledge_builder_free(&builder);
	return knowledge;
}

static void begin_world(struct world *w)
{
	struct why why;

	memset(w, 0, sizeof *w);
	fixture_open(&w->f);
	w->unjudged = unjudged_new();
	w->knowledge = knowledge_of("debian:12");
	assert_int_equal(view_open(w->f.path, &w->view, &why), 0);
}

static void end_world(struct world *w)
{
	unjudged_free(&w->unjudged);
	view_close(&w->view);
	knowledge_close(&w->knowledge);
	fixture_close(&w->f);
}

static void add_system(struct fixture_rows *rows, const char *version)
{
	struct row row;

	if (version != NULL) {
		row_init(&row, schema_by_number(TABLE_OS));
		row_set_text(&row, OS_ID, span_of("debian"));
		row_set_text(&row, OS_VERSION_ID, span_of(version));
		(void)fixture_add(rows, &row);
	}
}

static uint32_t asset_of(struct world *w, unsigned n)
{
	struct why why;
	uint32_t asset;

	assert_int_equal(inventory_begin(w->f.inv, &why), 0);
	asset = fixture_asset(&w->f, n, 10);
	assert_int_equal(inventory_commit(w->f.inv, &why), 0);
	return asset;
}

/* From now on asset n runs this version; NULL: it tells none. */
static void runs(struct world *w, unsigned n, const char *version)
{
	struct fixture_rows before;
	struct fixture_rows now;
	struct message_batch batch;
	uint32_t asset = asset_of(w, n);

	fixture_rows_init(&before);
	fixture_rows_init(&now);
	add_system(&before, w->version[n]);
	add_system(&now, version);
	batch = fixture_delta(TABLE_OS, ++w->seq[n], &before, &now);
	assert_int_equal(fixture_apply(&w->f, asset, &batch, 20).outcome, INVENTORY_APPLIED);
	w->version[n] = version;
	fixture_rows_done(&before);
	fixture_rows_done(&now);
}

static void has_module(struct world *w, unsigned n, const char *ecosystem)
{
	struct fixture_rows rows;
	struct message_batch batch;
	struct row row;

	fixture_rows_init(&rows);
	row_init(&row, schema_by_number(TABLE_LANGUAGE_PACKAGES));
	row_set_text(&row, LANGUAGE_PACKAGES_ECOSYSTEM, span_of(ecosystem));
	row_set_text(&row, LANGUAGE_PACKAGES_NAME, span_of("left-pad"));
	row_set_text(&row, LANGUAGE_PACKAGES_VERSION, span_of("1"));
	row_set_text(&row, LANGUAGE_PACKAGES_PATH, span_of("/srv"));
	(void)fixture_add(&rows, &row);
	batch = fixture_delta(TABLE_LANGUAGE_PACKAGES, 1, NULL, &rows);
	assert_int_equal(fixture_apply(&w->f, asset_of(w, n), &batch, 20).outcome,
			 INVENTORY_APPLIED);
	fixture_rows_done(&rows);
}

/* Exactly these assets, 0 behind the last. */
static void assert_unjudged(struct world *w, const uint32_t *assets)
{
	struct why why;
	uint32_t after = 0;
	uint32_t count = 0;

	assert_int_equal(unjudged_sync(w->unjudged, w->view, w->knowledge, INT64_MAX, &why), 0);
	for (; assets[count] != 0; count++) {
		after = unjudged_next(w->unjudged, after);
		assert_int_equal(after, assets[count]);
	}
	assert_int_equal(unjudged_next(w->unjudged, after), 0);
	assert_int_equal(unjudged_count(w->unjudged), count);
}

#define ASSETS(...) ((const uint32_t[]){ __VA_ARGS__ })

static void an_asset_is_judged_as_soon_as_it_runs_what_a_feed_speaks_of(void **state)
{
	struct world w;

	(void)state;
	begin_world(&w);
	assert_unjudged(&w, ASSETS(0));
	runs(&w, 1, "12");
	runs(&w, 2, "4");
	(void)asset_of(&w, 3); /* enrolled, and silent since */
	assert_unjudged(&w, ASSETS(2, 3, 0));
	runs(&w, 2, "12");
	runs(&w, 3, "12");
	assert_unjudged(&w, ASSETS(0));
	runs(&w, 1, "5");
	assert_unjudged(&w, ASSETS(1, 0));
	runs(&w, 1, "12"); /* a row that was there before */
	runs(&w, 2, NULL);
	runs(&w, 4, "12");
	runs(&w, 4, "6");
	assert_unjudged(&w, ASSETS(2, 4, 0));
	end_world(&w);
}

static void other_feeds_judge_other_assets(void **state)
{
	struct world w;
	struct knowledge *first;

	(void)state;
	begin_world(&w);
	runs(&w, 1, "12");
	runs(&w, 2, "11");
	assert_unjudged(&w, ASSETS(2, 0));
	first = w.knowledge;
	w.knowledge = knowledge_of("debian:11");
	assert_unjudged(&w, ASSETS(1, 0));
	knowledge_close(&w.knowledge);
	assert_unjudged(&w, ASSETS(1, 2, 0));
	w.knowledge = first;
	assert_unjudged(&w, ASSETS(2, 0));
	end_world(&w);
}

static void slices_of_any_length_lead_to_the_same(void **state)
{
	struct world w;
	unsigned pauses = 0;
	struct why why;
	int error;

	(void)state;
	begin_world(&w);
	for (unsigned n = 1; n <= 5; n++) {
		runs(&w, n, n == 4 ? "4" : "12");
	}
	while ((error = unjudged_sync(w.unjudged, w.view, w.knowledge, 0, &why)) == ERR_AGAIN) {
		if (++pauses == 4) { /* meanwhile one that was read changes, and one that was not */
			runs(&w, 1, "7");
			runs(&w, 5, "8");
		}
	}
	assert_int_equal(error, 0);
	assert_true(pauses > 5);
	assert_unjudged(&w, ASSETS(1, 4, 5, 0));
	end_world(&w);
}

static void languages_that_no_feed_speaks_of_are_named_once(void **state)
{
	struct world w;
	struct span names[4];

	(void)state;
	begin_world(&w);
	has_module(&w, 1, "npm");
	has_module(&w, 2, "npm");
	assert_unjudged(&w, ASSETS(1, 2, 0));
	assert_int_equal(unjudged_languages(w.unjudged, names, 4), 1);
	assert_true(span_is(names[0], "npm"));
	has_module(&w, 3, "pypi");
	assert_unjudged(&w, ASSETS(1, 2, 3, 0));
	assert_int_equal(unjudged_languages(w.unjudged, names, 4), 2);
	assert_true(span_is(names[1], "PyPI"));
	knowledge_close(&w.knowledge);
	w.knowledge = knowledge_of("npm");
	assert_unjudged(&w, ASSETS(1, 2, 3, 0));
	assert_int_equal(unjudged_languages(w.unjudged, names, 4), 1);
	assert_true(span_is(names[0], "PyPI"));
	end_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_asset_is_judged_as_soon_as_it_runs_what_a_feed_speaks_of),
		cmocka_unit_test(other_feeds_judge_other_assets),
		cmocka_unit_test(slices_of_any_length_lead_to_the_same),
		cmocka_unit_test(languages_that_no_feed_speaks_of_are_named_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
