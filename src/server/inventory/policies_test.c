/* policies_test.c - tags, policies, and which of them apply to an asset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "server/inventory/fixture.h"
#include "server/inventory/view.h"
#include "wire/policy.h"

static struct fixture fixture;

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

static void commit(struct fixture *f)
{
	assert_int_equal(inventory_commit(f->inv, NULL), 0);
}

/* Stores a policy that turns `processes` on or off, and says how often `packages` is read. */
static void set_policy(struct fixture *f, const char *name, enum policy_switch processes,
		       uint32_t period_s)
{
	uint8_t room[256];
	struct writer w = writer_over(room, sizeof room);
	struct policy policy;
	struct why why;

	policy_init(&policy);
	policy.collectors[TABLE_PROCESSES].is_on = processes;
	policy.collectors[TABLE_PACKAGES].period_s = period_s;
	assert_int_equal(policy_encode(&policy, &w), 0);
	assert_int_equal(inventory_policy_set(f->inv, name, writer_span(&w), "ann", 5, &why), 0);
	commit(f);
}

static void set_tags(struct fixture *f, uint32_t asset, const char *a, const char *b)
{
	struct inventory_tags tags = { .count = 0 };
	struct why why;

	assert_int_equal(inventory_tags_add(&tags, span_of(a)), 0);
	assert_int_equal(inventory_tags_add(&tags, span_of(b)), 0);
	assert_int_equal(inventory_set_tags(f->inv, asset, &tags, &why), 0);
	commit(f);
}

static struct policy effective(struct fixture *f, uint32_t asset, bool *out_is_empty)
{
	struct inventory_policy out;
	uint8_t digest[MESSAGE_POLICY_DIGEST];
	struct policy policy;
	struct why why;

	assert_int_equal(inventory_policy(f->inv, asset, &out, &why), 0);
	policy_digest(out.bytes, digest);
	assert_memory_equal(digest, out.digest, sizeof digest);
	assert_int_equal(policy_decode(out.bytes, &policy), 0);
	*out_is_empty = out.is_empty;
	return policy;
}

static void tags_are_words_of_a_small_alphabet(void **state)
{
	static const char *const good[] = { "a", "web", "db-1", "x_y.z", "0" };
	static const char *const bad[] = {
		"", "Web", "a b", "a:b", "\xc3\xa4", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		assert_true(inventory_tag_is_valid(span_of(good[i])));
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_false(inventory_tag_is_valid(span_of(bad[i])));
	}
	assert_true(inventory_policy_name_is_valid(span_of("default")));
	assert_true(inventory_policy_name_is_valid(span_of("tag:web")));
	assert_false(inventory_policy_name_is_valid(span_of("tag:")));
	assert_false(inventory_policy_name_is_valid(span_of("web")));
}

static void tags_are_kept_each_once_and_in_order(void **state)
{
	struct fixture *f = *state;
	uint32_t asset = fixture_asset(f, 1, 10);
	struct inventory_tags tags = { .count = 0 };
	char name[8];
	struct why why;

	set_tags(f, asset, "web", "db");
	set_tags(f, asset, "web", "app");
	fixture_crash(f);
	assert_int_equal(inventory_tags(f->inv, asset, &tags, &why), 0);
	assert_int_equal(tags.count, 2);
	assert_string_equal(tags.names[0], "app");
	assert_string_equal(tags.names[1], "web");
	assert_int_equal(inventory_tags_add(&tags, span_of("app")), 0);
	inventory_tags_remove(&tags, span_of("nothing"));
	assert_int_equal(tags.count, 2);
	inventory_tags_remove(&tags, span_of("app"));
	assert_int_equal(tags.count, 1);
	assert_string_equal(tags.names[0], "web");
	for (int i = 1; i < INVENTORY_TAGS_MAX; i++) {
		snprintf(name, sizeof name, "t%d", i);
		assert_int_equal(inventory_tags_add(&tags, span_of(name)), 0);
	}
	assert_int_equal(inventory_tags_add(&tags, span_of("one-more")), ERR_LIMIT);
}

static void what_applies_is_the_default_and_then_the_tags(void **state)
{
	struct fixture *f = *state;
	uint32_t asset = fixture_asset(f, 1, 10);
	struct policy policy;
	bool is_empty;
	struct why why;

	(void)effective(f, asset, &is_empty);
	assert_true(is_empty);
	set_policy(f, "default", POLICY_OFF, 60);
	policy = effective(f, asset, &is_empty);
	assert_false(is_empty);
	assert_int_equal(policy.collectors[TABLE_PROCESSES].is_on, POLICY_OFF);
	set_policy(f, "tag:web", POLICY_INHERIT, 300);
	set_policy(f, "tag:db", POLICY_ON, 200);
	set_policy(f, "tag:other", POLICY_OFF, 999);
	set_tags(f, asset, "web", "db");
	policy = effective(f, asset, &is_empty);
	assert_int_equal(policy.collectors[TABLE_PROCESSES].is_on, POLICY_ON);
	assert_int_equal(policy.collectors[TABLE_PACKAGES].period_s, 300);
	assert_int_equal(inventory_policy_drop(f->inv, "tag:web", &why), 0);
	commit(f);
	assert_int_equal(inventory_policy_drop(f->inv, "tag:web", &why), ERR_NOT_FOUND);
	fixture_crash(f);
	policy = effective(f, asset, &is_empty);
	assert_int_equal(policy.collectors[TABLE_PACKAGES].period_s, 200);
}

static bool append_row(void *context, size_t count, const char *const *names,
		       const struct view_value *values)
{
	char *text = context;

	(void)names;
	for (size_t c = 0; values != NULL && c < count; c++) {
		size_t len = strlen(text);

		snprintf(text + len, 4096 - len, "%s%.*s", c > 0 ? "|" : "",
			 values[c].kind == VIEW_TEXT ? (int)values[c].bytes.len : 1,
			 values[c].kind == VIEW_TEXT ? (const char *)values[c].bytes.ptr : "-");
	}
	if (values != NULL) {
		snprintf(text + strlen(text), 4096 - strlen(text), "\n");
	}
	return true;
}

static void they_are_seen_with_sql(void **state)
{
	static const struct {
		const char *sql;
		const char *expected;
	} asked[] = {
		{ "SELECT asset, asset_name, tag FROM tags",
		  "0000000000000001|0000000000000001|db\n"
		  "0000000000000001|0000000000000001|web\n" },
		{ "SELECT tag FROM tags WHERE asset = '0000000000000001'", "db\nweb\n" },
		{ "SELECT tag FROM tags WHERE asset = '0000000000000002'", "" },
		{ "SELECT id, tags FROM assets",
		  "0000000000000001|[\"db\",\"web\"]\n0000000000000002|[]\n" },
		{ "SELECT name, changed_by, typeof(bytes) FROM policies", "tag:web|ann|blob\n" },
		{ "SELECT name FROM policies WHERE name = 'default'", "" },
		{ "SELECT id, policy, is_duplicated, duplicates, clone_of FROM sensors WHERE "
		  "policy IS NOT NULL",
		  "0000000000000001|11111111111111111111111111111111|-|a and b|-\n" },
		{ "SELECT busy_table FROM sensors WHERE silent_since = 100000", "packages\n" },
	};
	struct fixture *f = *state;
	uint32_t asset = fixture_asset(f, 1, 10);
	const struct view_limits limits = { .is_foreign = true, .timeout_ms = 20000 };
	uint8_t digest[16];
	struct view *view = NULL;
	struct why why = { "" };

	(void)fixture_asset(f, 2, 10);
	memset(digest, 0x11, sizeof digest);
	set_tags(f, asset, "web", "db");
	assert_true(
		inventory_sensor_policy(f->inv, "0000000000000001", (struct span){ digest, 16 }));
	assert_false(
		inventory_sensor_policy(f->inv, "0000000000000001", (struct span){ digest, 16 }));
	inventory_sensor_duplicated(f->inv, "0000000000000001", "a and b", 7);
	assert_false(inventory_sensor_silent(f->inv, "0000000000000001", 5, 0, 100000));
	assert_true(
		inventory_sensor_silent(f->inv, "0000000000000001", 100, TABLE_PACKAGES, 200000));
	/* a heartbeat of the same silence is not news */
	assert_false(
		inventory_sensor_silent(f->inv, "0000000000000001", 130, TABLE_PACKAGES, 231000));
	set_policy(f, "tag:web", POLICY_ON, 0);
	fixture_crash(f);
	assert_int_equal(view_open(f->path, &view, &why), 0);
	for (size_t i = 0; i < COUNT_OF(asked); i++) {
		char text[4096] = "";

		assert_int_equal(view_query(view, span_of(asked[i].sql), NULL, 0, &limits,
					    append_row, text, NULL, &why),
				 0);
		assert_string_equal(text, asked[i].expected);
	}
	view_close(&view);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_are_words_of_a_small_alphabet),
		cmocka_unit_test_setup_teardown(tags_are_kept_each_once_and_in_order, begin, end),
		cmocka_unit_test_setup_teardown(what_applies_is_the_default_and_then_the_tags,
						begin, end),
		cmocka_unit_test_setup_teardown(they_are_seen_with_sql, begin, end),
	};

	return cmocka_run_group_tests_name("policies", tests, NULL, NULL);
}
