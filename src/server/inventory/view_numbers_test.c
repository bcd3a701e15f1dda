/* view_numbers_test.c - tables as a whole, by numbers, beside a writer that goes on. */
#include "server/inventory/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "server/inventory/fixture.h"

/* What callbacks were told, as text. */
struct heard {
	char text[1024];
	size_t len;
	unsigned stop_after; /* calls; 0: never */
	unsigned calls;
};

static void hear(struct heard *h, const char *format, ...) PRINTF(2, 3);
static void hear(struct heard *h, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	h->len += (size_t)vsnprintf(h->text + h->len, sizeof h->text - h->len, format, arguments);
	va_end(arguments);
}

static bool goes_on(struct heard *h)
{
	return ++h->calls != h->stop_after;
}

static bool on_row(void *context, uint32_t number, const struct row *row)
{
	hear(context, "%u=%.*s ", number, (int)row->values[PACKAGES_NAME].text.len,
	     (const char *)row->values[PACKAGES_NAME].text.ptr);
	return goes_on(context);
}

static bool on_holding(void *context, uint32_t asset, const uint32_t *rows, size_t count)
{
	hear(context, "%u:", asset);
	for (size_t i = 0; i < count; i++) {
		hear(context, "%u,", rows[i]);
	}
	return goes_on(context);
}

static bool on_change(void *context, const struct view_table_change *change)
{
	hear(context, "#%u a%u -%zu +%zu ", (unsigned)change->no, change->asset,
	     change->removed_count, change->added_count);
	return goes_on(context);
}

static bool on_holder(void *context, uint32_t asset)
{
	hear(context, "%u ", asset);
	return goes_on(context);
}

/* Two assets: 1 holds bash and curl, then loses bash; 2 holds bash, and an os row besides. */
static void fill(struct fixture *f)
{
	struct fixture_rows both;
	struct fixture_rows bash;
	struct fixture_rows os;
	struct message_batch batch;
	uint32_t first = fixture_asset(f, 1, 10);
	uint32_t second = fixture_asset(f, 2, 10);

	fixture_rows_init(&both);
	fixture_rows_init(&bash);
	fixture_rows_init(&os);
	fixture_add_package(&both, "bash", "5.2");
	fixture_add_package(&both, "curl", "8.0");
	fixture_add_package(&bash, "bash", "5.2");
	fixture_add_os(&os, "second");
	batch = fixture_delta(TABLE_PACKAGES, 1, NULL, &both);
	(void)fixture_apply(f, first, &batch, 20);
	batch = fixture_delta(TABLE_OS, 1, NULL, &os);
	(void)fixture_apply(f, second, &batch, 21);
	batch = fixture_delta(TABLE_PACKAGES, 1, NULL, &bash);
	(void)fixture_apply(f, second, &batch, 22);
	batch = fixture_delta(TABLE_PACKAGES, 2, &bash, NULL);
	(void)fixture_apply(f, first, &batch, 23);
	fixture_rows_done(&both);
	fixture_rows_done(&bash);
	fixture_rows_done(&os);
}

static void everything_is_told_by_number(void **state)
{
	struct fixture f;
	struct view *view;
	struct why why;
	uint64_t newest = 0;

	(void)state;
	fixture_open(&f);
	fill(&f);
	assert_int_equal(view_open(f.path, &view, &why), 0);
	{
		struct heard h = { .len = 0 };

		assert_int_equal(view_distinct_rows(view, TABLE_PACKAGES, 0, on_row, &h, &why), 0);
		assert_string_equal(h.text, "0=bash 1=curl ");
	}
	{
		struct heard h = { .len = 0 };

		assert_int_equal(view_distinct_rows(view, TABLE_PACKAGES, 1, on_row, &h, &why), 0);
		assert_string_equal(h.text, "1=curl ");
	}
	{
		struct heard h = { .len = 0 };

		assert_int_equal(
			view_each_holding(view, TABLE_PACKAGES, 1, &newest, on_holding, &h, &why),
			0);
		assert_string_equal(h.text, "1:1,2:0,");
		assert_int_equal(newest, 4);
	}
	{
		struct heard h = { .len = 0 };

		assert_int_equal(view_table_changes(view, TABLE_PACKAGES, 1, on_change, &h, &why),
				 0);
		assert_string_equal(h.text, "#3 a2 -0 +1 #4 a1 -1 +0 ");
	}
	{
		struct heard h = { .len = 0 };

		assert_int_equal(view_asset_changes(view, 1, TABLE_PACKAGES, on_change, &h, &why),
				 0);
		assert_string_equal(h.text, "#4 a1 -1 +0 #1 a1 -0 +2 ");
	}
	{
		struct heard h = { .len = 0 };

		assert_int_equal(view_holders(view, TABLE_PACKAGES, 0, on_holder, &h, &why), 0);
		assert_string_equal(h.text, "2 ");
	}
	view_close(&view);
	fixture_close(&f);
}

static void a_callback_ends_the_walk_without_an_error(void **state)
{
	struct fixture f;
	struct view *view;
	struct why why;
	struct heard h = { .stop_after = 1 };

	(void)state;
	fixture_open(&f);
	fill(&f);
	assert_int_equal(view_open(f.path, &view, &why), 0);
	assert_int_equal(view_distinct_rows(view, TABLE_PACKAGES, 0, on_row, &h, &why), 0);
	assert_string_equal(h.text, "0=bash ");
	h = (struct heard){ .stop_after = 1 };
	assert_int_equal(view_table_changes(view, TABLE_PACKAGES, 0, on_change, &h, &why), 0);
	assert_string_equal(h.text, "#1 a1 -0 +2 ");
	view_close(&view);
	fixture_close(&f);
}

static void assets_have_numbers_ids_and_names(void **state)
{
	struct fixture f;
	struct view *view;
	struct why why;
	char id[VIEW_ASSET_ID_SIZE];
	char name[64];
	uint32_t asset;

	(void)state;
	fixture_open(&f);
	fill(&f);
	assert_int_equal(view_open(f.path, &view, &why), 0);
	assert_int_equal(view_asset_name(view, 2, id, name, sizeof name, &why), 0);
	assert_string_equal(name, "second");
	assert_int_equal(view_asset_number(view, span_of(id), &asset, &why), 0);
	assert_int_equal(asset, 2);
	assert_int_equal(view_asset_number(view, span_of("nobody"), &asset, &why), 0);
	assert_int_equal(asset, 0);
	assert_int_equal(view_asset_name(view, 3, id, name, sizeof name, &why), ERR_NOT_FOUND);
	view_close(&view);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_told_by_number),
		cmocka_unit_test(a_callback_ends_the_walk_without_an_error),
		cmocka_unit_test(assets_have_numbers_ids_and_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
