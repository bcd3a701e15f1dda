#include "server/feeds/feed.h"

#include "base/error.h"
#include "base/mem.h"
#include "fingerprints/fingerprints.h"
#include "formats/fixture.h"
#include "server/feeds/archive.h"
#include "server/feeds/digest.h"
#include "server/feeds/limits.h"
#include "sys/alloc.h"
#include "sys/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* Inputs of the fuzz target, whose first byte is no part of the document. */
static struct span sample(const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "feeds-feeds/%s", name);
	return span_after(fixture(path), 1);
}

struct parsed {
	struct feed_report report;
	struct archive_figures figures;
	struct why why;
	int error;
	struct knowledge *knowledge;
};

struct context {
	const struct feed *feed;
	struct knowledge_builder *builder;
	struct parsed *out;
	uint8_t *room;
};

static int take(void *context, struct span name, struct span bytes)
{
	struct context *c = context;
	struct feed_input in = {
		.feed = c->feed,
		.name = "sample",
		.bytes = bytes,
		.builder = c->builder,
		.report = &c->out->report,
		.room = writer_over(c->room, FEED_TEXT_MAX),
		.why = &c->out->why,
	};

	(void)name;
	return c->feed->parse(&in);
}

/* EPSS keeps only what is known: the id given is. */
static struct parsed parse(const char *feed, struct span bytes, const char *known)
{
	struct parsed p = { .error = 0 };
	struct context c = { .feed = feed_named(span_of(feed)),
			     .builder = knowledge_builder_new(),
			     .out = &p,
			     .room = alloc_zeroed(1, FEED_TEXT_MAX) };
	struct knowledge_vulnerability facts = knowledge_no_facts(span_of(known));
	struct why why;

	assert_non_null(c.feed);
	if (known != NULL) {
		assert_int_equal(knowledge_builder_facts(c.builder, &facts), 0);
	}
	p.error = archive_each(bytes, take, &c, &p.figures, &p.why);
	assert_int_equal(knowledge_builder_open(c.builder, 1, &p.knowledge, &why), 0);
	knowledge_builder_free(&c.builder);
	free(c.room);
	return p;
}

static void done(struct parsed *p)
{
	knowledge_close(&p->knowledge);
}

static struct knowledge_entry entry(const struct parsed *p, const char *stream, const char *package,
				    const char *id)
{
	struct knowledge_entries all =
		knowledge_package(p->knowledge, span_of(stream), span_of(package));
	struct knowledge_entry e;

	while (knowledge_entries_next(&all, &e)) {
		if (span_is(e.id, id)) {
			return e;
		}
	}
	fail_msg("no %s of %s in %s", id, package, stream);
	return e;
}

static void assert_fixed(const struct parsed *p, const struct knowledge_entry *e, const char *fixed)
{
	assert_int_equal(e->range_count, 1);
	assert_string_equal(fixture_text(knowledge_range(p->knowledge, e, 0).fixed), fixed);
}

/* --- Debian --- */

static void debian_tells_what_is_fixed_open_and_not_affected(void **state)
{
	static const char text[] =
		"{\"p\":{\"CVE-2024-0001\":{\"description\":\"bad\\nthing\",\"debianbug\":7,"
		"\"releases\":{\"bookworm\":{\"status\":\"resolved\",\"fixed_version\":\"1-2\","
		"\"repositories\":{\"bookworm\":\"1-1\"},\"urgency\":\"low\"},"
		"\"bullseye\":{\"status\":\"resolved\",\"fixed_version\":\"0\",\"urgency\":\"low\"}"
		","
		"\"sid\":{\"status\":\"open\",\"urgency\":\"unimportant\"},"
		"\"trixie\":{\"status\":\"open\",\"nodsa\":\"Minor\",\"nodsa_reason\":\"ignored\","
		"\"urgency\":\"not yet assigned\"},"
		"\"buster\":{\"status\":\"undetermined\",\"urgency\":\"end-of-life\"},"
		"\"unheard\":{\"status\":\"open\"}}}}}";
	struct parsed p = parse("debian", span_of(text), NULL);
	struct knowledge_entry e = entry(&p, "debian:12", "p", "CVE-2024-0001");
	struct knowledge_vulnerability v;

	(void)state;
	assert_int_equal(p.error, 0);
	assert_int_equal(e.status, KNOWLEDGE_AFFECTED);
	assert_fixed(&p, &e, "1-2");
	assert_string_equal(
		fixture_text(e.quote),
		"{\"status\":\"resolved\",\"fixed_version\":\"1-2\",\"urgency\":\"low\"}");
	e = entry(&p, "debian:11", "p", "CVE-2024-0001");
	assert_int_equal(e.status, KNOWLEDGE_NOT_AFFECTED);
	e = entry(&p, "debian:sid", "p", "CVE-2024-0001");
	assert_int_equal(e.flags, KNOWLEDGE_UNIMPORTANT);
	assert_fixed(&p, &e, "");
	e = entry(&p, "debian:13", "p", "CVE-2024-0001");
	assert_int_equal(e.flags, KNOWLEDGE_NO_DSA | KNOWLEDGE_IGNORED);
	e = entry(&p, "debian:10", "p", "CVE-2024-0001");
	assert_int_equal(e.status, KNOWLEDGE_UNDETERMINED);
	assert_int_equal(e.flags, KNOWLEDGE_END_OF_LIFE);
	assert_true(knowledge_vulnerability(p.knowledge, span_of("CVE-2024-0001"), &v));
	assert_string_equal(fixture_text(v.summary), "bad thing");
	assert_string_equal(fixture_text(v.references), "https://bugs.debian.org/7");
	assert_int_equal(p.report.passed_over, 1);
	done(&p);
}

static bool is_raw(void *context, struct span stream, struct span package)
{
	(void)stream;
	*(bool *)context = package.len == 6 && package.ptr[1] == 0 && package.ptr[2] == 0x1b;
	return true;
}

static void debian_counts_wrong_types_and_keeps_the_rest(void **state)
{
	struct parsed p = parse("debian", sample("debian-hostile"), NULL);
	bool is_kept = false;

	(void)state;
	assert_int_equal(p.error, 0);
	assert_true(p.report.odd >= 4);
	/* control characters are kept as they are: escaping is for whoever prints */
	knowledge_places(p.knowledge, span_of("CVE-2024-1"), is_raw, &is_kept);
	assert_true(is_kept);
	done(&p);
}

/* --- KEV, EPSS --- */

static void kev_tells_what_is_exploited_and_until_when_to_act(void **state)
{
	struct parsed p = parse("kev", sample("kev"), NULL);
	struct knowledge_vulnerability v;

	(void)state;
	assert_int_equal(p.error, 0);
	assert_string_equal(p.report.snapshot, "2025-08-25T17:04:19.9796Z");
	assert_true(knowledge_vulnerability(p.knowledge, span_of("CVE-2025-48384"), &v));
	assert_true(v.is_exploited);
	assert_false(v.is_ransomware);
	assert_true(span_is(v.kev_added, "2025-08-25"));
	assert_true(span_is(v.kev_due, "2025-09-15"));
	assert_true(span_starts_with(v.summary, "Git contains"));
	done(&p);
}

static void epss_keeps_scores_of_known_vulnerabilities(void **state)
{
	struct parsed p = parse("epss", sample("epss-gz"), "CVE-1999-0005");
	struct knowledge_vulnerability v;

	(void)state;
	assert_int_equal(p.error, 0);
	assert_int_equal(p.report.records, 5);
	assert_int_equal(knowledge_figures(p.knowledge).vulnerabilities, 1);
	assert_true(knowledge_vulnerability(p.knowledge, span_of("CVE-1999-0005"), &v));
	assert_int_equal(v.epss_millionths, 919630);
	assert_int_equal(v.epss_percentile_millionths, 992140);
	assert_string_equal(p.report.snapshot, "2025-02-20T00:00:00+0000");
	done(&p);
}

static void epss_counts_numbers_that_are_none(void **state)
{
	struct parsed p = parse("epss", sample("epss-hostile"), "CVE-1999-0001");
	struct knowledge_vulnerability v;

	(void)state;
	assert_int_equal(p.error, 0);
	assert_int_equal(p.report.odd, 4);
	assert_true(knowledge_vulnerability(p.knowledge, span_of("CVE-1999-0001"), &v));
	assert_int_equal(v.epss_millionths, 90);
	done(&p);
}

/* --- OSV --- */

static void osv_names_the_one_cve_and_sorts_events(void **state)
{
	struct parsed p = parse("osv-npm", sample("osv-npm"), NULL);
	struct knowledge_entry e = entry(&p, "npm", "lodash", "CVE-2021-23337");
	struct knowledge_vulnerability v;

	(void)state;
	assert_string_equal(fixture_text(e.advisory), "GHSA-35jh-r3h4-6jhm");
	assert_int_equal(e.range_count, 2);
	assert_true(span_is(knowledge_range(p.knowledge, &e, 0).fixed, "4.17.21"));
	assert_true(span_is(knowledge_range(p.knowledge, &e, 1).introduced, "5.0.0"));
	assert_true(span_is(knowledge_range(p.knowledge, &e, 1).fixed, "5.1.0"));
	assert_true(knowledge_range(p.knowledge, &e, 1).is_last_affected);
	assert_int_equal(e.version_count, 1); /* the other one is in the ranges */
	assert_true(span_is(knowledge_version(p.knowledge, &e, 0), "9.9.9-odd"));
	assert_true(span_is(e.urgency, "medium"));
	e = entry(&p, "npm", "lodash-es", "CVE-2021-23337");
	assert_int_equal(e.range_count, 0);
	assert_int_equal(e.version_count, 1);
	assert_true(knowledge_vulnerability(p.knowledge, span_of("CVE-2021-23337"), &v));
	assert_int_equal(v.score_tenths, 86); /* by version 4, before version 3 */
	assert_true(span_is(v.aliases, "CVE-2021-23337 GHSA-35jh-r3h4-6jhm"));
	done(&p);
}

static void osv_keeps_its_own_id_where_several_cves_are_aliases(void **state)
{
	struct parsed p = parse("osv-pypi", sample("osv-pypi"), NULL);
	struct knowledge_entry e = entry(&p, "PyPI", "zope-interface", "PYSEC-2024-1");

	(void)state;
	assert_true(span_is(knowledge_range(p.knowledge, &e, 0).introduced, "1.0"));
	done(&p);
}

static void osv_drops_what_was_withdrawn(void **state)
{
	struct parsed p = parse("osv-npm", sample("osv-withdrawn"), NULL);

	(void)state;
	assert_int_equal(p.error, 0);
	assert_int_equal(knowledge_figures(p.knowledge).entries, 0);
	done(&p);
}

static void osv_keeps_ubuntu_and_ubuntu_pro_apart(void **state)
{
	struct parsed p = parse("osv-ubuntu", sample("osv-ubuntu"), NULL);
	struct knowledge_entry e = entry(&p, "ubuntu-pro:16.04", "wayland", "CVE-2021-3782");

	(void)state;
	assert_fixed(&p, &e, "1.12.0-1~ubuntu16.04.3+esm1");
	assert_int_equal(e.version_count, 0); /* a distribution's ranges say it all */
	e = entry(&p, "ubuntu:18.04", "wayland", "CVE-2021-3782");
	assert_fixed(&p, &e, "1.16.0-1ubuntu1.1~18.04.4");
	assert_true(span_is(e.urgency, "medium"));
	done(&p);
}

static void osv_reads_zips_and_passes_over_paths_that_lead_elsewhere(void **state)
{
	struct parsed p = parse("osv-ubuntu", sample("osv-zip"), NULL);

	(void)state;
	assert_int_equal(p.error, 0);
	assert_int_equal(p.figures.members, 3);
	assert_int_equal(p.figures.bad_names, 1);
	assert_int_equal(p.report.records, (1 + 2) + (1 + 1));
	done(&p);
}

/* --- Alpine, Red Hat --- */

static void alpine_tells_fixes_and_what_never_was_affected(void **state)
{
	struct parsed p = parse("alpine", sample("alpine-unaffected"), NULL);
	struct knowledge_entry e = entry(&p, "alpine:3.19", "busybox", "CVE-2021-42373");

	(void)state;
	assert_int_equal(e.status, KNOWLEDGE_NOT_AFFECTED);
	e = entry(&p, "alpine:3.19", "busybox", "CVE-2023-42366");
	assert_fixed(&p, &e, "1.36.1-r16");
	done(&p);
}

static void redhat_takes_the_source_package_once(void **state)
{
	struct parsed p = parse("redhat", sample("redhat"), NULL);
	struct knowledge_entry e = entry(&p, "redhat:9", "python3.9", "CVE-2024-8088");
	struct knowledge_vulnerability v;

	(void)state;
	assert_int_equal(p.error, 0);
	assert_int_equal(knowledge_figures(p.knowledge).entries, 1);
	assert_fixed(&p, &e, "3.9.19-8.el9");
	assert_true(span_is(e.advisory, "RHSA-2024:9371"));
	assert_true(span_is(e.urgency, "Moderate"));
	assert_true(knowledge_vulnerability(p.knowledge, span_of("CVE-2024-8088"), &v));
	assert_int_equal(v.score_tenths, 53);
	done(&p);
}

static void redhat_vex_tells_what_will_not_be_fixed_and_what_is_not_affected(void **state)
{
	struct parsed p = parse("redhat", sample("redhat-vex"), NULL);
	struct knowledge_entry e = entry(&p, "redhat:8", "python3", "CVE-2024-8088");

	(void)state;
	assert_int_equal(e.flags, KNOWLEDGE_WILL_NOT_FIX);
	assert_fixed(&p, &e, "");
	e = entry(&p, "redhat:8", "gcc", "CVE-2024-8088");
	assert_int_equal(e.status, KNOWLEDGE_NOT_AFFECTED);
	e = entry(&p, "redhat:9", "python3.9", "CVE-2024-8088");
	assert_true(span_is(e.advisory, "RHSA-2024:9371"));             /* of its remediation */
	e = entry(&p, "redhat:8", "nodejs:18/nodejs", "CVE-2024-8088"); /* of a module's stream */
	assert_fixed(&p, &e, "");
	assert_int_equal(p.report.passed_over, 0);
	assert_int_equal(knowledge_figures(p.knowledge).entries, 4);
	done(&p);
}

/* A module is written in three ways: as a qualifier of its package, as a product between package
 * and platform, and in front of a package of which no version is named. */
static void redhat_tells_each_stream_of_a_module(void **state)
{
	struct parsed p = parse("redhat", sample("redhat-modules"), NULL);
	struct knowledge_entry e = entry(&p, "redhat:9", "nodejs:20/nodejs", "CVE-2024-22020");

	(void)state;
	assert_int_equal(p.error, 0);
	assert_fixed(&p, &e, "1:20.16.0-1.module+el9.4.0+22197+9e60f127");
	assert_true(span_is(e.advisory, "RHSA-2024:5815"));
	e = entry(&p, "redhat:9", "nodejs:18/nodejs", "CVE-2024-22020");
	assert_fixed(&p, &e, "1:18.20.4-1.module+el9.4.0+22195+c221878e");
	e = entry(&p, "redhat:9", "nodejs:18/nodejs-nodemon", "CVE-2024-22020");
	assert_fixed(&p, &e, "3.0.1-1.module+el9.2.0.z+20476+54d36f48");
	e = entry(&p, "redhat:8", "nodejs:16/nodejs", "CVE-2024-22020");
	assert_fixed(&p, &e, "");
	assert_int_equal(e.flags, KNOWLEDGE_END_OF_LIFE);
	assert_int_equal(p.report.passed_over, 1); /* a module whose stream is not named */
	assert_int_equal(knowledge_figures(p.knowledge).entries, 4);
	done(&p);
}

/* --- all of them --- */

static const struct {
	const char *file;
	const char *feed;
} kinds[] = {
	{ "debian", "debian" },
	{ "kev", "kev" },
	{ "epss", "epss" },
	{ "epss-gz", "epss" },
	{ "alpine", "alpine" },
	{ "osv-ubuntu", "osv-ubuntu" },
	{ "osv-zip", "osv-ubuntu" },
	{ "osv-tar", "osv-ubuntu" },
	{ "osv-npm", "osv-npm" },
	{ "osv-pypi", "osv-pypi" },
	{ "redhat", "redhat" },
	{ "redhat-vex", "redhat" },
	{ "redhat-zst", "redhat" },
	{ "osv-tar-zst", "osv-ubuntu" },
	{ "redhat-modules", "redhat" },
	{ "nvd", "nvd" },
	{ "nvd-edges", "nvd" },
};

static void recognises_each_feed_by_its_content(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		const struct feed *found = feed_recognise(sample(kinds[i].file));

		assert_non_null(found);
		assert_string_equal(found->name, kinds[i].feed);
	}
	assert_null(feed_recognise(span_of("{\"a\": 1}")));
	assert_null(feed_recognise(span_of("")));
}

static const char *truncated_feed;

static void refuse_part(struct span part)
{
	struct parsed p = parse(truncated_feed, part, NULL);

	/* a CSV that ends between two lines cannot be told from a shorter one */
	if (part.len > 0 && part.ptr[part.len - 1] != '\n') {
		assert_int_equal(p.error, ERR_MALFORMED);
		assert_true(strlen(p.why.text) > 10);
	}
	done(&p);
}

static void refuses_every_truncation(void **state)
{
	static const char *const files[] = { "kev",     "epss",     "alpine-unaffected",
					     "osv-npm", "osv-pypi", "debian",
					     "nvd-one" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		const struct feed *feed = feed_recognise(sample(files[i]));

		truncated_feed = feed->name;
		fixture_truncate(sample(files[i]), refuse_part);
	}
}

static void refuses_a_truncated_archive_at_every_block(void **state)
{
	struct span zip = sample("osv-zip");

	(void)state;
	for (size_t len = 64; len < zip.len; len += 64) {
		struct parsed p = parse("osv-ubuntu", span_first(zip, len), NULL);

		assert_int_equal(p.error, ERR_MALFORMED);
		done(&p);
	}
}

static void zstd_says_what_its_content_says(void **state)
{
	static const char *const pairs[][3] = { { "osv-ubuntu", "osv-tar", "osv-tar-zst" },
						{ "redhat", "redhat-vex", "redhat-zst" } };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		struct parsed plain = parse(pairs[i][0], sample(pairs[i][1]), NULL);
		struct parsed packed = parse(pairs[i][0], sample(pairs[i][2]), NULL);

		assert_int_equal(packed.error, 0);
		assert_true(packed.report.records > 0);
		assert_int_equal(packed.report.records, plain.report.records);
		assert_int_equal(knowledge_figures(packed.knowledge).entries,
				 knowledge_figures(plain.knowledge).entries);
		done(&plain);
		done(&packed);
	}
}

static void refuses_zstd_that_is_cut_off_or_a_bomb(void **state)
{
	static const char *const files[][2] = { { "osv-ubuntu", "osv-tar-zst" },
						{ "redhat", "redhat-zst" } };
	struct parsed p = parse("osv-npm", sample("zstd-bomb"), NULL);

	(void)state;
	assert_int_equal(p.error, ERR_LIMIT);
	assert_non_null(strstr(p.why.text, "more than"));
	done(&p);
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		struct span whole = sample(files[i][1]);

		for (size_t len = 4; len < whole.len; len++) {
			p = parse(files[i][0], span_first(whole, len), NULL);
			assert_int_equal(p.error, ERR_MALFORMED);
			done(&p);
		}
	}
}

static void refuses_a_zip_bomb_before_it_inflates(void **state)
{
	struct parsed p = parse("osv-npm", sample("zip-bomb"), NULL);

	(void)state;
	assert_int_equal(p.error, ERR_LIMIT);
	assert_non_null(strstr(p.why.text, "more than"));
	done(&p);
}

static void reads_a_zip_with_64_bit_sizes(void **state)
{
	struct parsed p = parse("osv-npm", sample("osv-zip64"), NULL);

	(void)state;
	assert_int_equal(p.error, 0);
	(void)entry(&p, "npm", "lodash", "CVE-2021-23337");
	done(&p);
}

static void refuses_members_that_share_their_bytes(void **state)
{
	struct parsed p = parse("osv-npm", sample("zip-overlap"), NULL);

	(void)state;
	assert_true(p.error < 0);
	assert_true(p.figures.members < 3);
	done(&p);
}

static void refuses_nesting_without_end(void **state)
{
	struct parsed p = parse("debian", sample("deep"), NULL);

	(void)state;
	assert_int_equal(p.error, ERR_MALFORMED);
	done(&p);
}

static void an_error_names_the_place_and_what_was_expected(void **state)
{
	struct parsed p = parse("kev", span_of("{\"title\": \"x\", \"vulnerabilities\": 5}"), NULL);

	(void)state;
	assert_int_equal(p.error, ERR_MALFORMED);
	assert_string_equal(p.why.text, "sample, byte 35: \"vulnerabilities\" is no array");
	done(&p);
}

static void fixes_of_several_minor_releases_are_all_told_and_stand_for_those_without(void **state)
{
	struct knowledge_builder *b = knowledge_builder_new();
	static const char *const fixes[] = { "3.9.19-8.el9", "3.9.18-3.el9_4.5", "" };
	struct parsed p = { .error = 0 };
	struct knowledge_entries all;
	struct knowledge_entry e;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(fixes); i++) {
		struct knowledge_range range = { .fixed = span_of(fixes[i]) };
		struct knowledge_record r = { .stream = span_of("redhat:9"),
					      .package = span_of("python3.9"),
					      .id = span_of("CVE-2024-8088"),
					      .advisory = span_of(fixes[i]),
					      .feed = span_of("redhat"),
					      .ranges = &range,
					      .range_count = 1,
					      .is_alternative = true };

		assert_int_equal(knowledge_builder_entry(b, &r), 0);
	}
	assert_int_equal(knowledge_builder_open(b, 1, &p.knowledge, &p.why), 0);
	assert_int_equal(knowledge_figures(p.knowledge).entries, 2);
	all = knowledge_package(p.knowledge, span_of("redhat:9"), span_of("python3.9"));
	while (knowledge_entries_next(&all, &e)) {
		assert_true(knowledge_range(p.knowledge, &e, 0).fixed.len > 0);
	}
	knowledge_builder_free(&b);
	done(&p);
}

/* --- Recog --- */

static struct feed_report digest_recog(const char *path, struct fingerprints **out, int wanted)
{
	struct knowledge_builder *b = knowledge_builder_new();
	struct feed_report report;
	struct buffer product;
	struct why why = { "" };

	buffer_init(&product, 0);
	assert_int_equal(
		digest_product(feed_named(span_of("recog")), path, b, &report, &product, &why),
		wanted);
	if (wanted == 0) {
		assert_int_equal(fingerprints_open_bytes(span_of("product"), buffer_span(&product),
							 out, &why),
				 0);
	}
	buffer_done(&product);
	knowledge_builder_free(&b);
	return report;
}

static void recog_is_checked_and_made_one_file(void **state)
{
	char folder[] = "/tmp/bartizan-recog-XXXXXX";
	char path[64];
	struct fingerprints *f = NULL;
	struct feed_report report;
	struct why why = { "" };

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/zip", folder);
	assert_int_equal(file_replace(path, sample("recog-zip"), 0600, &why), 0);
	report = digest_recog(path, &f, 0);
	assert_int_equal(report.records, 9);
	assert_int_equal(report.odd, 0);
	assert_int_equal(report.passed_over, 3); /* a licence, a schema, a file made to be wrong */
	assert_true(fingerprints_knows(f, span_of("demo.banner")));
	fingerprints_free(&f);
	unlink(path);
	rmdir(folder);
}

static void a_folder_of_recog_that_was_imported_keeps_its_kinds(void **state)
{
	static const char text[] = "<fingerprints><fingerprint pattern='x'>"
				   "<description>d</description></fingerprint></fingerprints>";
	char folder[] = "/tmp/bartizan-recog-XXXXXX";
	char path[64];
	struct fingerprints *f = NULL;
	struct why why = { "" };

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/000012-telnet_banners.xml", folder);
	assert_int_equal(file_replace(path, span_of(text), 0600, &why), 0);
	(void)digest_recog(folder, &f, 0);
	assert_true(fingerprints_knows(f, span_of("telnet_banners")));
	fingerprints_free(&f);
	assert_int_equal(file_replace(path, span_of("<fingerprints>"), 0600, &why), 0);
	(void)digest_recog(folder, &f, ERR_MALFORMED);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(debian_tells_what_is_fixed_open_and_not_affected),
		cmocka_unit_test(debian_counts_wrong_types_and_keeps_the_rest),
		cmocka_unit_test(kev_tells_what_is_exploited_and_until_when_to_act),
		cmocka_unit_test(epss_keeps_scores_of_known_vulnerabilities),
		cmocka_unit_test(epss_counts_numbers_that_are_none),
		cmocka_unit_test(osv_names_the_one_cve_and_sorts_events),
		cmocka_unit_test(osv_keeps_its_own_id_where_several_cves_are_aliases),
		cmocka_unit_test(osv_drops_what_was_withdrawn),
		cmocka_unit_test(osv_keeps_ubuntu_and_ubuntu_pro_apart),
		cmocka_unit_test(osv_reads_zips_and_passes_over_paths_that_lead_elsewhere),
		cmocka_unit_test(alpine_tells_fixes_and_what_never_was_affected),
		cmocka_unit_test(redhat_takes_the_source_package_once),
		cmocka_unit_test(redhat_vex_tells_what_will_not_be_fixed_and_what_is_not_affected),
		cmocka_unit_test(redhat_tells_each_stream_of_a_module),
		cmocka_unit_test(recognises_each_feed_by_its_content),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_a_truncated_archive_at_every_block),
		cmocka_unit_test(refuses_a_zip_bomb_before_it_inflates),
		cmocka_unit_test(zstd_says_what_its_content_says),
		cmocka_unit_test(refuses_zstd_that_is_cut_off_or_a_bomb),
		cmocka_unit_test(reads_a_zip_with_64_bit_sizes),
		cmocka_unit_test(refuses_members_that_share_their_bytes),
		cmocka_unit_test(refuses_nesting_without_end),
		cmocka_unit_test(an_error_names_the_place_and_what_was_expected),
		cmocka_unit_test(
			fixes_of_several_minor_releases_are_all_told_and_stand_for_those_without),
		cmocka_unit_test(recog_is_checked_and_made_one_file),
		cmocka_unit_test(a_folder_of_recog_that_was_imported_keeps_its_kinds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
