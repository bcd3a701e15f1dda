/* nvd_test.c - what is kept of NVD's configurations, and which of two files' words counts. */
#include "server/feeds/feed.h"

#include "base/error.h"
#include "formats/fixture.h"
#include "server/feeds/digest.h"
#include "server/feeds/nvd_configurations.h"
#include "sys/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder of files, and what came of it. */
struct nvd {
	char folder[64];
	struct feed_report report;
	struct knowledge *knowledge;
	struct why why;
	int error;
};

static struct nvd nvd_new(void)
{
	struct nvd n = { .folder = "/tmp/bartizan-nvd-XXXXXX" };

	assert_non_null(mkdtemp(n.folder));
	return n;
}

static void nvd_add(struct nvd *n, const char *name, struct span text)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", n->folder, name);
	assert_int_equal(file_replace(path, text, 0600, &n->why), 0);
}

/* known: what another feed speaks of. */
static void nvd_digest(struct nvd *n, const char *known)
{
	struct knowledge_builder *b = knowledge_builder_new();
	struct knowledge_vulnerability facts = knowledge_no_facts(span_of(known));

	if (known != NULL) {
		assert_int_equal(knowledge_builder_facts(b, &facts), 0);
	}
	n->error = digest_path(feed_named(span_of("nvd")), n->folder, b, &n->report, &n->why);
	assert_int_equal(knowledge_builder_open(b, 1, &n->knowledge, &n->why), 0);
	knowledge_builder_free(&b);
}

static void nvd_done(struct nvd *n, const char *const *names, size_t count)
{
	char path[128];

	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof path, "%s/%s", n->folder, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(n->folder);
	knowledge_close(&n->knowledge);
}

static const char *const one_file[] = { "2020.json" };

static struct nvd nvd_of_sample(const char *sample, const char *known)
{
	struct nvd n = nvd_new();
	char path[64];

	snprintf(path, sizeof path, "feeds-feeds/%s", sample);
	nvd_add(&n, one_file[0], span_after(fixture(path), 1));
	nvd_digest(&n, known);
	return n;
}

/* The nth entry of a product. */
static bool entry_at(const struct nvd *n, const char *package, size_t which,
		     struct knowledge_entry *out)
{
	struct knowledge_entries all =
		knowledge_package(n->knowledge, span_of(NVD_STREAM), span_of(package));
	bool is_there = true;

	for (size_t i = 0; i <= which && is_there; i++) {
		is_there = knowledge_entries_next(&all, out);
	}
	return is_there;
}

static struct knowledge_entry entry(const struct nvd *n, const char *package)
{
	struct knowledge_entry e;

	if (!entry_at(n, package, 0, &e)) {
		fail_msg("no entry of %s", package);
	}
	return e;
}

static bool is_range(const struct nvd *n, const struct knowledge_entry *e, uint32_t which,
		     const char *introduced, const char *fixed)
{
	struct knowledge_range range = knowledge_range(n->knowledge, e, which);

	return span_is(range.introduced, introduced) && span_is(range.fixed, fixed);
}

static bool is_version(const struct nvd *n, const struct knowledge_entry *e, uint32_t which,
		       const char *version)
{
	return which < e->version_count &&
	       span_is(knowledge_version(n->knowledge, e, which), version);
}

static void ranges_and_single_versions_are_kept_by_product(void **state)
{
	struct nvd n = nvd_of_sample("nvd", NULL);
	struct knowledge_entry e = entry(&n, "a:f5:nginx");

	(void)state;
	assert_int_equal(n.error, 0);
	assert_int_equal(n.report.odd, 0);
	assert_string_equal(n.report.snapshot, "2026-11-20T00:00:01.000");
	assert_true(span_is(e.id, "CVE-2021-23017"));
	assert_true(span_is(e.feed, "nvd"));
	assert_int_equal(e.range_count, 1);
	assert_true(is_range(&n, &e, 0, "0.6.18", "1.20.1"));
	assert_int_equal(e.flags, 0);
	assert_true(entry_at(&n, "a:openbsd:openssh", 1, &e));
	assert_true(span_is(e.id, "CVE-2024-6387"));
	assert_int_equal(e.range_count, 2);
	assert_true(is_range(&n, &e, 0, "", "4.4"));
	assert_true(is_range(&n, &e, 1, "8.6", "9.8"));
	assert_true(is_version(&n, &e, 0, "4.4:-"));
	assert_true(is_version(&n, &e, 1, "8.5:p1"));
	e = entry(&n, "a:vsftpd_project:vsftpd");
	assert_true(is_version(&n, &e, 0, "2.3.4"));
	assert_false(entry_at(&n, "o:fedoraproject:fedora", 0, &e));
	nvd_done(&n, one_file, 1);
}

static void what_needs_another_product_is_marked_and_quoted(void **state)
{
	struct nvd n = nvd_of_sample("nvd", NULL);
	struct knowledge_entry e;

	(void)state;
	assert_true(entry_at(&n, "a:apache:http_server", 1, &e));
	assert_true(span_is(e.id, "CVE-2024-38472"));
	assert_int_equal(e.flags, KNOWLEDGE_IS_CONDITIONAL | KNOWLEDGE_ON_WINDOWS);
	assert_true(
		span_is(e.quote, "{\"with\":[\"cpe:2.3:o:microsoft:windows:-:*:*:*:*:*:*:*\"]}"));
	/* old and new names are one product */
	e = entry(&n, "a:microsoft:internet_information_services");
	assert_true(is_version(&n, &e, 0, "6.0"));
	assert_int_equal(e.flags, KNOWLEDGE_IS_CONDITIONAL | KNOWLEDGE_ON_WINDOWS);
	/* without a version there is nothing to compare */
	assert_true(entry_at(&n, "a:redis:redis", 0, &e));
	assert_true(span_is(e.id, "CVE-2023-41056"));
	assert_false(entry_at(&n, "a:redis:redis", 1, &e));
	nvd_done(&n, one_file, 1);
}

static void an_edition_is_a_condition(void **state)
{
	struct nvd n = nvd_of_sample("nvd", NULL);
	struct knowledge_entry e;

	(void)state;
	assert_true(entry_at(&n, "a:jenkins:jenkins", 0, &e));
	assert_int_equal(e.flags, 0);
	assert_true(is_range(&n, &e, 0, "", "2.442"));
	assert_true(entry_at(&n, "a:jenkins:jenkins", 1, &e));
	assert_int_equal(e.flags, KNOWLEDGE_IS_CONDITIONAL);
	assert_true(span_is(e.quote, "{\"edition\":\"lts\"}"));
	assert_true(is_range(&n, &e, 0, "", "2.426.3"));
	nvd_done(&n, one_file, 1);
}

static void ends_of_ranges_are_told_as_they_are_meant(void **state)
{
	struct nvd n = nvd_of_sample("nvd-edges", NULL);
	struct knowledge_entry e = entry(&n, "a:x:after");
	struct knowledge_range range = knowledge_range(n.knowledge, &e, 0);

	(void)state;
	assert_true(is_range(&n, &e, 0, "1.0", "2.0"));
	assert_true(range.is_introduced_after);
	assert_true(range.is_last_affected);
	nvd_done(&n, one_file, 1);
}

static void what_cannot_be_judged_is_left_out_and_counted(void **state)
{
	static const char *const gone[] = { "a:x:negated",  "a:x:every", "o:x:firmware",
					    "a:x:rejected", "a:x:colon", "h:x:router" };
	struct nvd n = nvd_of_sample("nvd-edges", NULL);
	struct knowledge_vulnerability v;
	struct knowledge_entry e;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(gone); i++) {
		if (entry_at(&n, gone[i], 0, &e)) {
			fail_msg("%s is there", gone[i]);
		}
	}
	/* negated, every version, firmware, rejected, not analysed */
	assert_int_equal(n.report.passed_over, 5);
	assert_false(knowledge_vulnerability(n.knowledge, span_of("CVE-2020-99910"), &v));
	assert_false(knowledge_vulnerability(n.knowledge, span_of("CVE-2026-99911"), &v));
	nvd_done(&n, one_file, 1);
}

static void a_node_with_and_needs_all_of_it(void **state)
{
	struct nvd n = nvd_of_sample("nvd-edges", NULL);
	struct knowledge_entry e = entry(&n, "a:x:one");

	(void)state;
	assert_int_equal(e.flags, KNOWLEDGE_IS_CONDITIONAL);
	e = entry(&n, "a:x:other");
	assert_int_equal(e.flags, KNOWLEDGE_IS_CONDITIONAL);
	nvd_done(&n, one_file, 1);
}

static void what_holds_anyway_is_told_before_what_is_conditional(void **state)
{
	struct nvd n = nvd_of_sample("nvd-edges", NULL);
	struct knowledge_entry e;

	(void)state;
	assert_true(entry_at(&n, "a:x:both", 0, &e));
	assert_int_equal(e.flags, 0);
	assert_true(is_range(&n, &e, 0, "", "1.0"));
	assert_true(entry_at(&n, "a:x:both", 1, &e));
	assert_int_equal(e.flags, KNOWLEDGE_IS_CONDITIONAL | KNOWLEDGE_ON_WINDOWS);
	e = entry(&n, "a:x:windows");
	assert_int_equal(e.flags, KNOWLEDGE_IS_CONDITIONAL | KNOWLEDGE_ON_WINDOWS);
	nvd_done(&n, one_file, 1);
}

static void updates_patterns_and_quotes_are_told_apart(void **state)
{
	struct nvd n = nvd_of_sample("nvd-edges", NULL);
	struct knowledge_entry e = entry(&n, "a:x:pattern");

	(void)state;
	assert_true(is_version(&n, &e, 0, "1.2*"));
	assert_true(is_version(&n, &e, 1, "3.0:rc1"));
	assert_true(is_version(&n, &e, 2, "4.0:-"));
	e = entry(&n, "a:x:c\\+\\+");
	assert_true(is_version(&n, &e, 0, "1.0+2"));
	nvd_done(&n, one_file, 1);
}

static void the_newest_version_of_a_score_and_nvds_own_count(void **state)
{
	struct nvd n = nvd_of_sample("nvd-edges", NULL);
	struct knowledge_vulnerability v;

	(void)state;
	assert_true(knowledge_vulnerability(n.knowledge, span_of("CVE-2020-99912"), &v));
	assert_int_equal(v.score_tenths, 98);
	assert_true(span_is(v.published, "2021-06-01"));
	assert_true(span_is(v.summary, "Scores."));
	nvd_done(&n, one_file, 1);
}

static void facts_of_what_others_speak_of_are_kept(void **state)
{
	struct nvd n = nvd_of_sample("nvd", "CVE-2022-0543");
	struct knowledge_vulnerability v;

	(void)state;
	assert_true(knowledge_vulnerability(n.knowledge, span_of("CVE-2022-0543"), &v));
	assert_int_equal(v.score_tenths, 98);
	nvd_done(&n, one_file, 1);
}

static void hostile_records_are_counted_and_the_rest_is_kept(void **state)
{
	struct nvd n = nvd_of_sample("nvd-hostile", NULL);
	struct knowledge_entry e;

	(void)state;
	assert_int_equal(n.error, ERR_MALFORMED); /* more than a tenth of it */
	assert_true(n.report.odd >= 5);
	assert_true(entry_at(&n, "a:x:fine", 2, &e));
	assert_false(entry_at(&n, "a:x:y", 0, &e));
	nvd_done(&n, one_file, 1);
}

#define CVE(version)                                                                               \
	"{\"format\":\"NVD_CVE\",\"timestamp\":\"2026-01-01\",\"vulnerabilities\":[{\"cve\":{"     \
	"\"id\":\"CVE-2020-1000\",\"configurations\":[{\"nodes\":[{\"cpeMatch\":[{"                \
	"\"vulnerable\":true,\"criteria\":\"cpe:2.3:a:x:y:" version ":*:*:*:*:*:*:*\"}]}]}]}}]}"

static void what_changed_lately_replaces_an_older_files_word(void **state)
{
	static const char *const names[] = { "2020.json", "modified.json" };
	struct nvd n = nvd_new();
	struct knowledge_entry e;

	(void)state;
	nvd_add(&n, names[0], span_of(CVE("1.0")));
	nvd_add(&n, names[1], span_of(CVE("2.0")));
	nvd_digest(&n, NULL);
	assert_int_equal(n.error, 0);
	e = entry(&n, "a:x:y");
	assert_int_equal(e.version_count, 1);
	assert_true(is_version(&n, &e, 0, "2.0"));
	assert_false(entry_at(&n, "a:x:y", 1, &e));
	nvd_done(&n, names, 2);
}

static void a_broken_year_refuses_the_whole(void **state)
{
	static const char *const names[] = { "2020.json", "2021.json" };
	struct nvd n = nvd_new();

	(void)state;
	nvd_add(&n, names[0], span_of(CVE("1.0")));
	nvd_add(&n, names[1], span_first(span_of(CVE("2.0")), 120));
	nvd_digest(&n, NULL);
	assert_int_equal(n.error, ERR_MALFORMED);
	nvd_done(&n, names, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_and_single_versions_are_kept_by_product),
		cmocka_unit_test(what_needs_another_product_is_marked_and_quoted),
		cmocka_unit_test(an_edition_is_a_condition),
		cmocka_unit_test(ends_of_ranges_are_told_as_they_are_meant),
		cmocka_unit_test(what_cannot_be_judged_is_left_out_and_counted),
		cmocka_unit_test(a_node_with_and_needs_all_of_it),
		cmocka_unit_test(what_holds_anyway_is_told_before_what_is_conditional),
		cmocka_unit_test(updates_patterns_and_quotes_are_told_apart),
		cmocka_unit_test(the_newest_version_of_a_score_and_nvds_own_count),
		cmocka_unit_test(facts_of_what_others_speak_of_are_kept),
		cmocka_unit_test(hostile_records_are_counted_and_the_rest_is_kept),
		cmocka_unit_test(what_changed_lately_replaces_an_older_files_word),
		cmocka_unit_test(a_broken_year_refuses_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
