#include "server/feeds/knowledge.h"

#include "base/error.h"
#include "base/mem.h"
#include "server/feeds/knowledge_builder.h"
#include "server/feeds/knowledge_map.h"
#include "sys/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/* --- building --- */

static void add(struct knowledge_builder *b, const char *stream, const char *package,
		const char *id, const char *fixed)
{
	struct knowledge_range range = { .fixed = span_of(fixed) };
	struct knowledge_record r = {
		.stream = span_of(stream),
		.package = span_of(package),
		.id = span_of(id),
		.feed = span_of("test"),
		.quote = span_of("{}"),
		.ranges = &range,
		.range_count = 1,
	};

	assert_int_equal(knowledge_builder_entry(b, &r), 0);
}

static struct knowledge_builder *sample(void)
{
	struct knowledge_builder *b = knowledge_builder_new();
	struct knowledge_vulnerability facts = knowledge_no_facts(span_of("CVE-2024-0002"));

	add(b, "debian:12", "openssl", "CVE-2024-0002", "3.0.2-1");
	add(b, "debian:12", "openssl", "CVE-2024-0001", "3.0.1-1");
	add(b, "debian:12", "bash", "CVE-2024-0002", "");
	add(b, "debian:11", "openssl", "CVE-2024-0002", "1.1.1-2");
	add(b, "npm", "lodash", "GHSA-1", "4.17.21");
	facts.score_tenths = 98;
	facts.cvss = span_of("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
	facts.summary = span_of("bad");
	assert_int_equal(knowledge_builder_facts(b, &facts), 0);
	return b;
}

static struct knowledge *open_built(struct knowledge_builder *b, uint64_t generation)
{
	struct knowledge *k = NULL;
	struct why why;

	assert_int_equal(knowledge_builder_open(b, generation, &k, &why), 0);
	knowledge_builder_free(&b);
	return k;
}

/* The file's bytes; freed by the caller. */
static struct span bytes_of(struct knowledge_builder *b)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	uint8_t *bytes;
	off_t size;
	struct why why;

	assert_int_equal(knowledge_builder_write(b, 7, fd, &why), 0);
	knowledge_builder_free(&b);
	size = lseek(fd, 0, SEEK_END);
	bytes = alloc_zeroed(1, (size_t)size);
	assert_int_equal(pread(fd, bytes, (size_t)size, 0), size);
	close(fd);
	return (struct span){ bytes, (size_t)size };
}

static void release(struct span bytes)
{
	free((void *)(uintptr_t)bytes.ptr);
}

/* --- tests --- */

static void finds_the_entries_of_a_package_by_rising_id(void **state)
{
	struct knowledge *k = open_built(sample(), 1);
	struct knowledge_entries all =
		knowledge_package(k, span_of("debian:12"), span_of("openssl"));
	struct knowledge_entry e;

	(void)state;
	assert_true(knowledge_entries_next(&all, &e));
	assert_true(span_is(e.id, "CVE-2024-0001"));
	assert_int_equal(e.range_count, 1);
	assert_true(span_is(knowledge_range(k, &e, 0).fixed, "3.0.1-1"));
	assert_int_equal(knowledge_range(k, &e, 0).introduced.len, 0);
	assert_true(span_is(e.feed, "test"));
	assert_true(knowledge_entries_next(&all, &e));
	assert_true(span_is(e.id, "CVE-2024-0002"));
	assert_false(knowledge_entries_next(&all, &e));
	knowledge_close(&k);
}

static void finds_nothing_where_nothing_is(void **state)
{
	struct knowledge *k = open_built(sample(), 1);
	struct knowledge_entries all = knowledge_package(k, span_of("debian:12"), span_of("zsh"));
	struct knowledge_entry e;
	struct knowledge_vulnerability v;

	(void)state;
	assert_false(knowledge_entries_next(&all, &e));
	all = knowledge_package(k, span_of("debian:13"), span_of("openssl"));
	assert_false(knowledge_entries_next(&all, &e));
	assert_true(knowledge_has_stream(k, span_of("npm")));
	assert_false(knowledge_has_stream(k, span_of("debian:1")));
	assert_false(knowledge_vulnerability(k, span_of("CVE-2024-0003"), &v));
	knowledge_close(&k);
}

static void says_the_severity_of_the_score(void **state)
{
	struct knowledge *k = open_built(sample(), 1);
	struct knowledge_vulnerability v;

	(void)state;
	assert_true(knowledge_vulnerability(k, span_of("CVE-2024-0002"), &v));
	assert_int_equal(v.score_tenths, 98);
	assert_true(span_is(v.severity, "critical"));
	assert_int_equal(v.epss_millionths, -1);
	assert_true(knowledge_vulnerability(k, span_of("CVE-2024-0001"), &v));
	assert_int_equal(v.score_tenths, -1);
	assert_int_equal(v.severity.len, 0);
	knowledge_close(&k);
}

static bool collect(void *context, struct span stream, struct span package)
{
	char *list = context;
	size_t used = strlen(list);

	snprintf(list + used, 400 - used, "%.*s/%.*s ", (int)stream.len, stream.ptr,
		 (int)package.len, package.ptr);
	return true;
}

static void names_every_place_of_a_vulnerability(void **state)
{
	struct knowledge *k = open_built(sample(), 1);
	char list[400] = "";

	(void)state;
	knowledge_places(k, span_of("CVE-2024-0002"), collect, list);
	assert_string_equal(list, "debian:11/openssl debian:12/bash debian:12/openssl ");
	knowledge_close(&k);
}

static void names_only_the_places_that_changed(void **state)
{
	struct knowledge *older = open_built(sample(), 1);
	struct knowledge_builder *b = sample();
	struct knowledge *newer;
	char list[400] = "";

	(void)state;
	add(b, "debian:12", "zsh", "CVE-2024-0009", "");
	add(b, "npm", "lodash", "GHSA-2", "");
	newer = open_built(b, 2);
	knowledge_changed_places(older, newer, collect, list);
	assert_string_equal(list, "debian:12/zsh npm/lodash ");
	list[0] = '\0';
	knowledge_changed_places(newer, older, collect, list);
	assert_string_equal(list, "debian:12/zsh npm/lodash ");
	list[0] = '\0';
	knowledge_changed_places(NULL, older, collect, list);
	assert_string_equal(list, "debian:11/openssl debian:12/bash debian:12/openssl npm/lodash ");
	knowledge_close(&older);
	knowledge_close(&newer);
}

static bool collect_id(void *context, struct span id)
{
	return collect(context, span_of("id"), id);
}

static void names_only_the_vulnerabilities_whose_facts_changed(void **state)
{
	struct knowledge *older = open_built(sample(), 1);
	struct knowledge_builder *b = sample();
	struct knowledge_vulnerability facts = knowledge_no_facts(span_of("CVE-2024-0001"));
	struct knowledge *newer;
	char list[400] = "";

	(void)state;
	facts.is_exploited = true;
	assert_int_equal(knowledge_builder_facts(b, &facts), 0);
	add(b, "debian:12", "zsh", "CVE-2024-0002", ""); /* another place, the same facts */
	newer = open_built(b, 2);
	knowledge_changed_vulnerabilities(older, newer, collect_id, list);
	assert_string_equal(list, "id/CVE-2024-0001 ");
	knowledge_close(&older);
	knowledge_close(&newer);
}

static void merges_what_several_feeds_say(void **state)
{
	struct knowledge_builder *b = sample();
	struct knowledge_vulnerability facts = knowledge_no_facts(span_of("CVE-2024-0002"));
	struct knowledge_vulnerability v;
	struct knowledge *k;
	struct span id;

	(void)state;
	facts.summary = span_of("another word");
	facts.cvss = span_of("AV:N/AC:L/Au:N/C:N/I:N/A:C");
	facts.score_tenths = 78;
	facts.aliases = span_of("GHSA-1 GHSA-1 GHSA-2");
	assert_int_equal(knowledge_builder_facts(b, &facts), 0);
	facts.aliases = span_of("GHSA-2 GHSA-3");
	facts.epss_millionths = 0;
	facts.epss_percentile_millionths = 10;
	assert_int_equal(knowledge_builder_facts(b, &facts), 0);
	k = open_built(b, 1);
	assert_true(knowledge_vulnerability(k, span_of("CVE-2024-0002"), &v));
	assert_true(span_is(v.summary, "bad"));
	assert_int_equal(v.score_tenths, 98);
	assert_true(span_is(v.aliases, "GHSA-1 GHSA-2 GHSA-3"));
	assert_true(knowledge_alias(k, span_of("GHSA-2"), &id));
	assert_true(span_is(id, "CVE-2024-0002"));
	assert_false(knowledge_alias(k, span_of("GHSA-"), &id));
	assert_false(knowledge_alias(k, span_of(""), &id));
	assert_int_equal(v.epss_millionths, 0);
	assert_int_equal(v.epss_percentile_millionths, 10);
	knowledge_close(&k);
}

static void same_input_gives_same_bytes(void **state)
{
	struct span one = bytes_of(sample());
	struct span other = bytes_of(sample());

	(void)state;
	assert_true(span_equal(one, other));
	release(one);
	release(other);
}

static void refuses_records_without_names_or_with_endless_ones(void **state)
{
	struct knowledge_builder *b = knowledge_builder_new();
	char endless[2000];
	struct knowledge_record r = { .stream = span_of("npm"), .package = span_of("p") };

	(void)state;
	memset(endless, 'x', sizeof endless);
	assert_int_equal(knowledge_builder_entry(b, &r), ERR_MALFORMED);
	r.id = (struct span){ (const uint8_t *)endless, sizeof endless };
	assert_int_equal(knowledge_builder_entry(b, &r), ERR_MALFORMED);
	r.id = span_of("CVE-2024-0001");
	r.quote = (struct span){ (const uint8_t *)endless, sizeof endless };
	assert_int_equal(knowledge_builder_entry(b, &r), 0); /* cut */
	assert_int_equal(knowledge_builder_entries(b), 1);
	knowledge_builder_free(&b);
}

static void an_empty_index_is_fine(void **state)
{
	struct knowledge *k = open_built(knowledge_builder_new(), 3);

	(void)state;
	assert_int_equal(knowledge_generation(k), 3);
	assert_int_equal(knowledge_figures(k).entries, 0);
	assert_false(knowledge_has_stream(k, span_of("debian:12")));
	knowledge_close(&k);
}

static void refuses_every_truncation_and_every_changed_byte(void **state)
{
	struct span good = bytes_of(sample());
	struct why why;

	(void)state;
	for (size_t len = 0; len < good.len; len++) {
		struct knowledge *k = NULL;
		uint8_t *part = alloc_zeroed(1, len + 1);

		mem_copy(part, good.ptr, len);
		assert_int_equal(knowledge_open_bytes((struct span){ part, len }, &k, &why),
				 ERR_MALFORMED);
		free(part);
	}
	for (size_t at = 0; at < good.len; at++) {
		struct knowledge *k = NULL;
		uint8_t *changed = alloc_zeroed(1, good.len);

		mem_copy(changed, good.ptr, good.len);
		changed[at] ^= 0x40;
		assert_true(knowledge_open_bytes((struct span){ changed, good.len }, &k, &why) < 0);
		free(changed);
	}
	release(good);
}

static void a_file_is_put_in_place_whole(void **state)
{
	char folder[] = "/tmp/knowledge-test-XXXXXX";
	char path[64];
	struct knowledge_builder *b = sample();
	struct knowledge *k = NULL;
	struct why why;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/knowledge", folder);
	assert_int_equal(knowledge_open(path, &k, &why), ERR_NOT_FOUND);
	assert_int_equal(knowledge_builder_save(b, 42, path, &why), 0);
	knowledge_builder_free(&b);
	assert_int_equal(knowledge_open(path, &k, &why), 0);
	assert_int_equal(knowledge_generation(k), 42);
	assert_int_equal(knowledge_figures(k).entries, 5);
	knowledge_close(&k);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_entries_of_a_package_by_rising_id),
		cmocka_unit_test(finds_nothing_where_nothing_is),
		cmocka_unit_test(says_the_severity_of_the_score),
		cmocka_unit_test(names_every_place_of_a_vulnerability),
		cmocka_unit_test(names_only_the_places_that_changed),
		cmocka_unit_test(names_only_the_vulnerabilities_whose_facts_changed),
		cmocka_unit_test(merges_what_several_feeds_say),
		cmocka_unit_test(same_input_gives_same_bytes),
		cmocka_unit_test(refuses_records_without_names_or_with_endless_ones),
		cmocka_unit_test(an_empty_index_is_fine),
		cmocka_unit_test(refuses_every_truncation_and_every_changed_byte),
		cmocka_unit_test(a_file_is_put_in_place_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
