/* findings_test.c - findings follow rows and feeds, and are the same however they came about. */
#include "server/engine/findings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/text.h"
#include "server/feeds/knowledge_builder.h"
#include "server/inventory/fixture.h"
#include "sys/clock.h"

struct story {
	struct fixture f;
	struct findings *findings;
	uint32_t asset;
	uint64_t seq[SCHEMA_TABLES_MAX];
};

/* --- feeds --- */

struct advisory {
	const char *id;
	const char *package;
	const char *fixed;  /* NULL: not yet */
	const char *stream; /* NULL: the release's */
};

static struct knowledge *feeds(uint64_t generation, const struct advisory *list, size_t count)
{
	struct knowledge_builder *builder = knowledge_builder_new();
	struct knowledge *knowledge;
	struct why why;

	for (size_t i = 0; i < count; i++) {
		const struct knowledge_range range = { .fixed = span_of(list[i].fixed) };
		const struct knowledge_record record = {
			.stream = span_of(list[i].stream != NULL ? list[i].stream : "debian:12"),
			.package = span_of(list[i].package),
			.id = span_of(list[i].id),
			.feed = span_of("debian"),
			.ranges = &range,
			.range_count = 1,
		};

		assert_int_equal(knowledge_builder_entry(builder, &record), 0);
	}
	assert_int_equal(knowledge_builder_open(builder, generation, &knowledge, &why), 0);
	knowledge_builder_free(&builder);
	return knowledge;
}

/* --- rows --- */

static void begin_story(struct story *s)
{
	memset(s, 0, sizeof *s);
	fixture_open(&s->f);
	s->asset = fixture_asset(&s->f, 1, 10);
	s->findings = findings_new(s->f.inv);
}

static void end_story(struct story *s)
{
	findings_free(&s->findings);
	fixture_close(&s->f);
}

/* The whole of a table as of now, in one range, as a sensor would send it; settled. */
static void hold(struct story *s, uint16_t table, const struct row *rows, size_t count)
{
	struct fixture_rows list;
	struct message_batch batch;
	struct inventory_result result;
	uint64_t newest;
	struct why why;

	fixture_rows_init(&list);
	for (size_t i = 0; i < count; i++) {
		fixture_add(&list, &rows[i]);
	}
	fixture_sort(&list);
	batch = fixture_delta(table, ++s->seq[table], NULL, &list);
	batch.mode = BATCH_RANGE;
	memset(&batch.low, 0, sizeof batch.low);
	memset(&batch.high, 255, sizeof batch.high);
	assert_int_equal(inventory_begin(s->f.inv, &why), 0);
	assert_int_equal(inventory_apply(s->f.inv, s->asset, &batch, 20, &result, &why), 0);
	assert_int_equal(result.outcome, INVENTORY_APPLIED);
	if (s->findings != NULL) {
		findings_touch(s->findings, s->asset, table);
		assert_int_equal(findings_settle(s->findings, 20, &newest, &why), 0);
	}
	assert_int_equal(inventory_commit(s->f.inv, &why), 0);
	fixture_rows_done(&list);
}

static struct row text_row(uint16_t table, const unsigned *columns, const char *const *texts,
			   size_t count)
{
	struct row row;

	row_init(&row, schema_by_number(table));
	for (size_t i = 0; i < count; i++) {
		row_set_text(&row, columns[i], span_of(texts[i]));
	}
	return row;
}

static struct row package(const char *name, const char *source, const char *version)
{
	const unsigned columns[] = { PACKAGES_MANAGER,     PACKAGES_NAME,   PACKAGES_SOURCE,
				     PACKAGES_VERSION,     PACKAGES_STATUS, PACKAGES_SOURCE_VERSION,
				     PACKAGES_ARCHITECTURE };

	return text_row(
		TABLE_PACKAGES, columns,
		(const char *[]){ "dpkg", name, source, version, "installed", version, "amd64" },
		7);
}

static void be_debian(struct story *s)
{
	const unsigned columns[] = { OS_ID, OS_VERSION_ID, OS_CODENAME };
	struct row os =
		text_row(TABLE_OS, columns, (const char *[]){ "debian", "12", "bookworm" }, 3);

	hold(s, TABLE_OS, &os, 1);
}

/* --- what came out: "CVE-1 openssl installed; " in the order of ids --- */

/* Vulnerabilities of the stories of many. */
#define MANY 200

struct outcome {
	struct story *story;
	char items[32][128];
	size_t count;
	bool is_there[MANY];
};

static void list_finding(void *context, uint32_t number)
{
	struct outcome *o = context;
	struct row row;
	struct why why;
	char *out = o->items[o->count++];

	assert_int_equal(inventory_row(o->story->f.inv, TABLE_VULNERABILITIES, number, &row, &why),
			 0);
	snprintf(out, sizeof o->items[0], "%.*s %.*s %.*s",
		 (int)row.values[VULNERABILITIES_ID].text.len,
		 (const char *)row.values[VULNERABILITIES_ID].text.ptr,
		 (int)row.values[VULNERABILITIES_PACKAGE].text.len,
		 (const char *)row.values[VULNERABILITIES_PACKAGE].text.ptr,
		 (int)row.values[VULNERABILITIES_EXPOSURE].text.len,
		 (const char *)row.values[VULNERABILITIES_EXPOSURE].text.ptr);
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void assert_findings(struct story *s, const char *expected)
{
	struct outcome o = { .story = s };
	char text[2048] = "";

	inventory_each_held(s->f.inv, s->asset, TABLE_VULNERABILITIES, list_finding, &o);
	qsort(o.items, o.count, sizeof o.items[0], compare_items);
	for (size_t i = 0; i < o.count; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof text - used, "%s%s", i > 0 ? "; " : "", o.items[i]);
	}
	assert_string_equal(text, expected);
}

static void work_to_the_end(struct story *s)
{
	struct why why;
	uint64_t newest;

	while (findings_has_work(s->findings)) {
		assert_int_equal(findings_work(s->findings, clock_us(), 30, &newest, &why), 0);
		assert_int_equal(inventory_commit(s->f.inv, &why), 0);
	}
}

static const struct advisory two[] = { { "CVE-1", "openssl", "3.0.2", NULL },
				       { "CVE-2", "curl", NULL, NULL } };

/* --- stories --- */

static void a_package_brings_its_findings_and_takes_them_along(void **state)
{
	struct story s;
	struct knowledge *knowledge = feeds(1, two, 2);
	struct row rows[] = { package("libssl3", "openssl", "3.0.1"),
			      package("curl", "curl", "8.0") };

	(void)state;
	begin_story(&s);
	findings_follow(s.findings, NULL, knowledge);
	be_debian(&s);
	hold(&s, TABLE_PACKAGES, rows, 2);
	assert_findings(&s, "CVE-1 libssl3 unknown; CVE-2 curl unknown");
	rows[0] = package("libssl3", "openssl", "3.0.2");
	hold(&s, TABLE_PACKAGES, rows, 2);
	assert_findings(&s, "CVE-2 curl unknown");
	hold(&s, TABLE_PACKAGES, rows, 1);
	assert_findings(&s, "");
	end_story(&s);
	knowledge_close(&knowledge);
}

static void what_listens_makes_its_packages_exposed(void **state)
{
	struct story s;
	struct knowledge *knowledge = feeds(1, two, 2);
	const unsigned use_columns[] = { PACKAGE_USE_MANAGER, PACKAGE_USE_PACKAGE,
					 PACKAGE_USE_EXECUTABLE };
	const unsigned listener_columns[] = { LISTENERS_ADDRESS, LISTENERS_EXECUTABLE };
	struct row rows[] = { package("libssl3", "openssl", "3.0.1"),
			      package("curl", "curl", "8.0") };
	struct row use = text_row(TABLE_PACKAGE_USE, use_columns,
				  (const char *[]){ "dpkg", "libssl3", "/usr/sbin/nginx" }, 3);
	struct row listener = text_row(TABLE_LISTENERS, listener_columns,
				       (const char *[]){ "0.0.0.0", "/usr/sbin/nginx" }, 2);

	(void)state;
	begin_story(&s);
	findings_follow(s.findings, NULL, knowledge);
	be_debian(&s);
	hold(&s, TABLE_PACKAGES, rows, 2);
	hold(&s, TABLE_PACKAGE_USE, &use, 1);
	assert_findings(&s, "CVE-1 libssl3 running; CVE-2 curl installed");
	hold(&s, TABLE_LISTENERS, &listener, 1);
	assert_findings(&s, "CVE-1 libssl3 network; CVE-2 curl installed");
	listener = text_row(TABLE_LISTENERS, listener_columns,
			    (const char *[]){ "127.0.0.1", "/usr/sbin/nginx" }, 2);
	hold(&s, TABLE_LISTENERS, &listener, 1);
	assert_findings(&s, "CVE-1 libssl3 local; CVE-2 curl installed");
	hold(&s, TABLE_PACKAGE_USE, NULL, 0);
	assert_findings(&s, "CVE-1 libssl3 unknown; CVE-2 curl unknown");
	end_story(&s);
	knowledge_close(&knowledge);
}

static void new_knowledge_reaches_what_it_touches(void **state)
{
	static const struct advisory newer[] = { { "CVE-1", "openssl", "3.0.2", NULL },
						 { "CVE-2", "curl", "7.9", NULL },
						 { "CVE-3", "openssl", NULL, NULL } };
	struct story s;
	struct knowledge *first = feeds(1, two, 2);
	struct knowledge *second = feeds(2, newer, 3);
	struct row rows[] = { package("libssl3", "openssl", "3.0.1"),
			      package("curl", "curl", "8.0") };

	(void)state;
	begin_story(&s);
	findings_follow(s.findings, NULL, first);
	be_debian(&s);
	hold(&s, TABLE_PACKAGES, rows, 2);
	work_to_the_end(&s);
	assert_int_equal(inventory_judged(s.f.inv), 1);
	findings_follow(s.findings, first, second);
	assert_true(findings_has_work(s.findings));
	work_to_the_end(&s);
	assert_findings(&s, "CVE-1 libssl3 unknown; CVE-3 libssl3 unknown");
	assert_int_equal(inventory_judged(s.f.inv), 2);
	end_story(&s);
	knowledge_close(&first);
	knowledge_close(&second);
}

/* Backports are judged by unstable's entries where there are any: only those change. */
static void unstables_entries_reach_backports(void **state)
{
	static const struct advisory none[] = { { "CVE-1", "openssl", "3.0.2", NULL } };
	static const struct advisory first[] = { { "CVE-1", "openssl", "3.0.2", NULL },
						 { "CVE-2", "curl", NULL, "debian:sid" } };
	static const struct advisory second[] = { { "CVE-1", "openssl", "3.0.2", NULL },
						  { "CVE-2", "curl", NULL, "debian:sid" },
						  { "CVE-3", "openssl", NULL, "debian:sid" } };
	struct story s;
	struct knowledge *knowledge[] = { feeds(1, none, 1), feeds(2, first, 2),
					  feeds(3, second, 3) };
	struct row backport = package("libssl3", "openssl", "3.0.1-1~bpo12+1");

	(void)state;
	begin_story(&s);
	findings_follow(s.findings, NULL, knowledge[0]);
	be_debian(&s);
	hold(&s, TABLE_PACKAGES, &backport, 1);
	work_to_the_end(&s);
	assert_findings(&s, "CVE-1 libssl3 unknown");
	/* the feeds begin to speak of unstable, and say nothing of it there */
	findings_follow(s.findings, knowledge[0], knowledge[1]);
	work_to_the_end(&s);
	assert_findings(&s, "");
	findings_follow(s.findings, knowledge[1], knowledge[2]);
	work_to_the_end(&s);
	assert_findings(&s, "CVE-3 libssl3 unknown");
	end_story(&s);
	for (size_t i = 0; i < 3; i++) {
		knowledge_close(&knowledge[i]);
	}
}

/* Knowledge of those of many vulnerabilities for which is_there holds. */
static struct knowledge *feeds_of_many(uint64_t generation, const bool *is_there)
{
	static char ids[MANY][16];
	struct advisory list[MANY];
	size_t count = 0;

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(ids[i], sizeof ids[i], "CVE-%u", i);
		if (is_there[i]) {
			list[count++] = (struct advisory){ ids[i], "linux", NULL, NULL };
		}
	}
	return feeds(generation, list, count);
}

static void note_finding(void *context, uint32_t number)
{
	struct outcome *o = context;
	uint64_t which;
	struct row row;
	struct why why;

	assert_int_equal(inventory_row(o->story->f.inv, TABLE_VULNERABILITIES, number, &row, &why),
			 0);
	assert_int_equal(
		text_to_u64(span_after(row.values[VULNERABILITIES_ID].text, 4), MANY - 1, &which),
		0); /* "CVE-17" */
	assert_false(o->is_there[which]);
	o->is_there[which] = true;
}

/* Their numbers make runs of all lengths, over many words of bits. */
static void many_findings_of_a_package_follow_each_feed(void **state)
{
	struct story s;
	struct knowledge *knowledge = NULL;
	struct row dev = package("linux-libc-dev", "linux", "6.1");
	bool is_there[MANY];

	(void)state;
	begin_story(&s);
	be_debian(&s);
	hold(&s, TABLE_PACKAGES, &dev, 1);
	for (unsigned round = 1; round < 12; round++) {
		struct knowledge *older = knowledge;
		struct outcome o = { .story = &s };

		for (unsigned i = 0; i < MANY; i++) {
			is_there[i] = i * 7919 % (round + 1) < 2 || i / 50 == round % 5;
		}
		knowledge = feeds_of_many(round, is_there);
		findings_follow(s.findings, older, knowledge);
		work_to_the_end(&s);
		knowledge_close(&older);
		inventory_each_held(s.f.inv, s.asset, TABLE_VULNERABILITIES, note_finding, &o);
		assert_memory_equal(o.is_there, is_there, sizeof is_there);
	}
	end_story(&s);
	knowledge_close(&knowledge);
}

/* The engine was started anew, judged nothing since, and then the feeds change. */
static void new_knowledge_reaches_what_this_process_never_judged(void **state)
{
	static const struct advisory newer[] = { { "CVE-1", "openssl", "3.0.2", NULL } };
	struct story s;
	struct knowledge *first = feeds(1, two, 2);
	struct knowledge *second = feeds(2, newer, 1);
	struct row rows[] = { package("libssl3", "openssl", "3.0.1"),
			      package("curl", "curl", "8.0") };

	(void)state;
	begin_story(&s);
	findings_follow(s.findings, NULL, first);
	be_debian(&s);
	hold(&s, TABLE_PACKAGES, rows, 2);
	work_to_the_end(&s);
	findings_free(&s.findings);
	s.findings = findings_new(s.f.inv);
	findings_follow(s.findings, NULL, first);
	assert_false(findings_has_work(s.findings));
	findings_follow(s.findings, first, second);
	work_to_the_end(&s);
	assert_findings(&s, "CVE-1 libssl3 unknown");
	end_story(&s);
	knowledge_close(&first);
	knowledge_close(&second);
}

/* What was enrolled before there were any feeds. */
static void the_first_knowledge_judges_everything(void **state)
{
	struct story s;
	struct knowledge *knowledge = feeds(1, two, 2);
	struct row rows[] = { package("libssl3", "openssl", "3.0.1") };

	(void)state;
	begin_story(&s);
	be_debian(&s);
	hold(&s, TABLE_PACKAGES, rows, 1);
	assert_findings(&s, "");
	findings_follow(s.findings, NULL, knowledge);
	work_to_the_end(&s);
	assert_findings(&s, "CVE-1 libssl3 unknown");
	end_story(&s);
	knowledge_close(&knowledge);
}

/* Rows of the undone transaction are forgotten: their numbers go to others. */
static void an_undone_transaction_leaves_nothing_behind(void **state)
{
	struct story s;
	struct knowledge *knowledge = feeds(1, two, 2);
	struct row ssl = package("libssl3", "openssl", "3.0.1");
	struct row curl = package("curl", "curl", "8.0");
	struct fixture_rows list;
	struct message_batch batch;
	struct inventory_result result;
	uint64_t newest;
	struct why why;

	(void)state;
	begin_story(&s);
	findings_follow(s.findings, NULL, knowledge);
	be_debian(&s);
	work_to_the_end(&s);
	fixture_rows_init(&list);
	fixture_add(&list, &ssl);
	batch = fixture_delta(TABLE_PACKAGES, 1, NULL, &list);
	assert_int_equal(inventory_begin(s.f.inv, &why), 0);
	assert_int_equal(inventory_apply(s.f.inv, s.asset, &batch, 20, &result, &why), 0);
	findings_touch(s.findings, s.asset, TABLE_PACKAGES);
	assert_int_equal(findings_settle(s.findings, 20, &newest, &why), 0);
	assert_findings(&s, "CVE-1 libssl3 unknown");
	inventory_undo(s.f.inv);
	findings_undone(s.findings);
	assert_findings(&s, "");
	hold(&s, TABLE_PACKAGES, &curl, 1);
	assert_findings(&s, "CVE-2 curl unknown");
	fixture_rows_done(&list);
	end_story(&s);
	knowledge_close(&knowledge);
}

/* A service at an address, as a scan found it; an agent's packages say more. */
static void a_banner_is_judged_where_no_agent_tells_the_packages(void **state)
{
	const struct advisory ssh[] = { { "CVE-3", "openssh", "1:9.2p1-2+deb12u7" } };
	const struct advisory none[] = { { "CVE-3", "openssh", "1:9.2p1-2+deb12u1" } };
	struct knowledge *knowledge = feeds(1, ssh, 1);
	struct knowledge *newer = feeds(2, none, 1);
	const unsigned columns[] = { NETWORK_SERVICES_ADDRESS, NETWORK_SERVICES_BANNER };
	struct row curl = package("curl", "curl", "8.0");
	struct inventory_result result;
	struct story s;
	struct row service = text_row(
		TABLE_NETWORK_SERVICES, columns,
		(const char *[]){ "192.0.2.7", "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3" }, 2);
	uint32_t number;
	uint64_t newest;
	struct why why;

	(void)state;
	begin_story(&s);
	findings_follow(s.findings, NULL, knowledge);
	work_to_the_end(&s);
	assert_int_equal(inventory_begin(s.f.inv, &why), 0);
	assert_int_equal(inventory_derived_row(s.f.inv, &service, &number, &why), 0);
	assert_int_equal(inventory_derive(s.f.inv, s.asset, TABLE_NETWORK_SERVICES, &number, 1, 20,
					  &result, &why),
			 0);
	findings_touch(s.findings, s.asset, TABLE_NETWORK_SERVICES);
	assert_int_equal(findings_settle(s.findings, 20, &newest, &why), 0);
	assert_int_equal(inventory_commit(s.f.inv, &why), 0);
	assert_findings(&s, "CVE-3 openssh-server network");
	findings_follow(s.findings, knowledge, newer);
	work_to_the_end(&s);
	assert_findings(&s, "");
	findings_follow(s.findings, newer, knowledge);
	work_to_the_end(&s);
	assert_findings(&s, "CVE-3 openssh-server network");
	hold(&s, TABLE_PACKAGES, &curl, 1);
	assert_findings(&s, "");
	end_story(&s);
	knowledge_close(&knowledge);
	knowledge_close(&newer);
}

static void hold_service(struct story *s, const struct row *service)
{
	struct inventory_result result;
	uint32_t number;
	uint64_t newest;
	struct why why;

	assert_int_equal(inventory_begin(s->f.inv, &why), 0);
	assert_int_equal(inventory_derived_row(s->f.inv, service, &number, &why), 0);
	assert_int_equal(inventory_derive(s->f.inv, s->asset, TABLE_NETWORK_SERVICES, &number, 1,
					  20, &result, &why),
			 0);
	findings_touch(s->findings, s->asset, TABLE_NETWORK_SERVICES);
	assert_int_equal(findings_settle(s->findings, 20, &newest, &why), 0);
	assert_int_equal(inventory_commit(s->f.inv, &why), 0);
}

/* By its product's name in CPE; an index that says nothing new of that product is no work. */
static void a_services_product_is_judged_and_follows_its_own_entries_only(void **state)
{
	const struct advisory first[] = { { "CVE-4", "a:f5:nginx", "1.20.1", "cpe" } };
	const struct advisory other[] = { { "CVE-4", "a:f5:nginx", "1.20.1", "cpe" },
					  { "CVE-5", "a:redis:redis", "7.0.15", "cpe" } };
	const struct advisory third[] = { { "CVE-4", "a:f5:nginx", "1.18.0", "cpe" },
					  { "CVE-6", "a:f5:nginx", "1.19", "cpe" } };
	struct knowledge *knowledge[] = { feeds(1, first, 1), feeds(2, other, 2),
					  feeds(3, third, 2) };
	const unsigned columns[] = { NETWORK_SERVICES_ADDRESS, NETWORK_SERVICES_PRODUCT,
				     NETWORK_SERVICES_CPE };
	struct row service =
		text_row(TABLE_NETWORK_SERVICES, columns,
			 (const char *[]){ "192.0.2.7", "nginx",
					   "cpe:2.3:a:nginx:nginx:1.18.0:*:*:*:*:*:*:*" },
			 3);
	uint64_t judged;
	struct story s;

	(void)state;
	begin_story(&s);
	findings_follow(s.findings, NULL, knowledge[0]);
	work_to_the_end(&s);
	hold_service(&s, &service);
	assert_findings(&s, "CVE-4 nginx network");
	assert_string_equal(findings_stream(s.findings, 0), "cpe"); /* the feeds are told */
	judged = findings_figures(s.findings).judged_rows;
	findings_follow(s.findings, knowledge[0], knowledge[1]);
	work_to_the_end(&s);
	assert_int_equal(findings_figures(s.findings).judged_rows, judged);
	findings_follow(s.findings, knowledge[1], knowledge[2]);
	work_to_the_end(&s);
	assert_int_equal(findings_figures(s.findings).judged_rows, judged + 1);
	assert_findings(&s, "CVE-6 nginx network");
	end_story(&s);
	for (size_t i = 0; i < 3; i++) {
		knowledge_close(&knowledge[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_package_brings_its_findings_and_takes_them_along),
		cmocka_unit_test(what_listens_makes_its_packages_exposed),
		cmocka_unit_test(new_knowledge_reaches_what_it_touches),
		cmocka_unit_test(unstables_entries_reach_backports),
		cmocka_unit_test(many_findings_of_a_package_follow_each_feed),
		cmocka_unit_test(new_knowledge_reaches_what_this_process_never_judged),
		cmocka_unit_test(the_first_knowledge_judges_everything),
		cmocka_unit_test(an_undone_transaction_leaves_nothing_behind),
		cmocka_unit_test(a_banner_is_judged_where_no_agent_tells_the_packages),
		cmocka_unit_test(a_services_product_is_judged_and_follows_its_own_entries_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
