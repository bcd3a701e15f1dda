/*
 * cases_test.c - every rule of docs/vulnerability-matching.md on hand-written cases: a row, its
 * release and what a feed says give a judgement (tests/fixtures/vulnerabilities).
 */
#include <dirent.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/services/fake_knowledge.h"
#include "server/services/inferred.h"
#include "server/services/vulnerability.h"

#define NESTED_MAX 16

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

static struct span span_in(const json_t *object, const char *name)
{
	return span_of(text_of(object, name));
}

static void fill_row(const json_t *columns, const char *table, struct row *out)
{
	const char *name;
	json_t *value;

	row_init(out, schema_find(span_of(table)));
	json_object_foreach((json_t *)(uintptr_t)columns, name, value)
	{
		int column = schema_column(out->table, span_of(name));

		assert_true(column >= 0);
		if (json_is_integer(value)) {
			row_set_integer(out, (unsigned)column, json_integer_value(value));
		} else {
			row_set_text(out, (unsigned)column, span_of(json_string_value(value)));
		}
	}
}

static unsigned flags_of(const json_t *list)
{
	static const struct {
		const char *name;
		unsigned flag;
	} names[] = {
		{ "no-dsa", KNOWLEDGE_NO_DSA },
		{ "ignored", KNOWLEDGE_IGNORED | KNOWLEDGE_NO_DSA },
		{ "postponed", KNOWLEDGE_POSTPONED | KNOWLEDGE_NO_DSA },
		{ "unimportant", KNOWLEDGE_UNIMPORTANT },
		{ "end-of-life", KNOWLEDGE_END_OF_LIFE },
		{ "will-not-fix", KNOWLEDGE_WILL_NOT_FIX },
		{ "conditional", KNOWLEDGE_IS_CONDITIONAL },
		{ "on-windows", KNOWLEDGE_IS_CONDITIONAL | KNOWLEDGE_ON_WINDOWS },
	};
	unsigned flags = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		for (size_t n = 0; n < COUNT_OF(names); n++) {
			if (strcmp(json_string_value(json_array_get(list, i)), names[n].name) ==
			    0) {
				flags |= names[n].flag;
			}
		}
	}
	return flags;
}

static void add_entry(struct knowledge *knowledge, const json_t *said)
{
	const json_t *ranges = json_object_get(said, "ranges");
	const json_t *versions = json_object_get(said, "versions");
	const char *status = text_of(said, "status");
	struct knowledge_range its_ranges[NESTED_MAX];
	struct span its_versions[NESTED_MAX];
	struct fake_entry e = { .stream = span_in(said, "stream"),
				.package = span_in(said, "package"),
				.ranges = its_ranges,
				.range_count = json_array_size(ranges),
				.versions = its_versions,
				.version_count = json_array_size(versions) };

	assert_true(e.range_count <= NESTED_MAX && e.version_count <= NESTED_MAX);
	for (size_t i = 0; i < e.range_count; i++) {
		const json_t *range = json_array_get(ranges, i);

		its_ranges[i] = (struct knowledge_range){
			.introduced = span_in(range, "introduced"),
			.fixed = span_in(range, "fixed"),
		};
		if (json_object_get(range, "last_affected") != NULL) {
			its_ranges[i].fixed = span_in(range, "last_affected");
			its_ranges[i].is_last_affected = true;
		}
		if (json_object_get(range, "introduced_after") != NULL) {
			its_ranges[i].introduced = span_in(range, "introduced_after");
			its_ranges[i].is_introduced_after = true;
		}
	}
	for (size_t i = 0; i < e.version_count; i++) {
		its_versions[i] = span_of(json_string_value(json_array_get(versions, i)));
	}
	e.entry.id = span_in(said, "id");
	e.entry.feed = span_in(said, "feed");
	e.entry.urgency = span_in(said, "urgency");
	e.entry.advisory = span_in(said, "advisory");
	e.entry.flags = flags_of(json_object_get(said, "flags"));
	e.entry.status = strcmp(status, "not-affected") == 0   ? KNOWLEDGE_NOT_AFFECTED
			 : strcmp(status, "undetermined") == 0 ? KNOWLEDGE_UNDETERMINED
							       : KNOWLEDGE_AFFECTED;
	assert_true(fake_knowledge_add(knowledge, &e));
}

struct taken {
	const json_t *expected; /* a list */
	size_t next;
	bool is_explaining;
};

static bool is_finding(const json_t *expected)
{
	const char *status = text_of(expected, "status");

	return strcmp(status, "fixed") != 0 && strcmp(status, "not-affected") != 0 &&
	       strcmp(status, "not-installed") != 0 && strcmp(status, "not-judged") != 0;
}

/* What is not stated in a case may be anything. */
static void same_text(const json_t *expected, const char *name, struct span got)
{
	struct span wanted = span_in(expected, name);

	if (json_object_get(expected, name) != NULL && !span_equal(wanted, got)) {
		print_message("%s is %.*s, expected %s\n", name, (int)got.len,
			      got.ptr != NULL ? (const char *)got.ptr : "",
			      text_of(expected, name));
		fail();
	}
}

static bool take(void *context, const struct judgement *j)
{
	struct taken *taken = context;
	const json_t *expected;

	while (!taken->is_explaining && taken->next < json_array_size(taken->expected) &&
	       !is_finding(json_array_get(taken->expected, taken->next))) {
		taken->next++;
	}
	expected = json_array_get(taken->expected, taken->next++);
	if (expected == NULL) {
		print_message("one too many: %.*s\n", (int)j->entry.id.len, j->entry.id.ptr);
		fail();
	}
	same_text(expected, "id", j->entry.id);
	same_text(expected, "status", span_of(judgement_status_name(j->status)));
	same_text(expected, "rule", span_of(j->rule));
	same_text(expected, "subject", span_of(j->subject_rule));
	same_text(expected, "package", j->package);
	same_text(expected, "stream", j->stream);
	same_text(expected, "installed", j->installed);
	same_text(expected, "fixed_version", j->fixed_version);
	same_text(expected, "feed", j->entry.feed);
	same_text(expected, "confidence", span_of(confidence_name(j->confidence)));
	return true;
}

struct explained {
	struct taken *taken;
	const struct inferred *inferred;
};

/* The sentence that a finding's row has, too. */
static bool take_service(void *context, const struct judgement *j)
{
	const struct explained *e = context;
	struct inferred_words words;
	struct row row;
	const json_t *expected;

	(void)take(e->taken, j);
	expected = json_array_get(e->taken->expected, e->taken->next - 1);
	inferred_explain(e->inferred, j, &words);
	same_text(expected, "evidence", (struct span){ words.evidence, words.evidence_len });
	inferred_row(e->inferred, j, &words, &row);
	same_text(expected, "confidence",
		  j->confidence == CONFIDENCE_CERTAIN
			  ? span_of("")
			  : row.values[VULNERABILITIES_CONFIDENCE].text);
	assert_true(span_starts_with(row.values[VULNERABILITIES_PATH].text,
				     "inferred from the banner at "));
	return true;
}

/* The first service is judged; all of them, and the host, tell of the system. */
static void judge_services(const json_t *one, const struct knowledge *knowledge, bool is_explaining,
			   struct taken *taken)
{
	const json_t *services = json_object_get(one, "services");
	const json_t *guess = json_object_get(one, "host");
	struct inferred_host host = { .distribution = NULL };
	struct inferred inferred;
	struct explained e = { taken, &inferred };
	struct row row;

	if (guess != NULL) {
		fill_row(guess, "scanned_hosts", &row);
		inferred_note(&row, &host);
	}
	for (size_t i = json_array_size(services); i-- > 0;) {
		fill_row(json_array_get(services, i), "network_services", &row);
		inferred_note(&row, &host);
	}
	if (inferred_of(&row, &host, &inferred)) {
		inferred_judge(knowledge, &inferred, is_explaining, take_service, &e);
	}
}

static void judge(const json_t *one, const struct knowledge *knowledge, bool is_explaining)
{
	struct taken taken = { .expected = json_object_get(one, "expect"),
			       .is_explaining = is_explaining };
	const json_t *language = json_object_get(one, "language_package");
	struct release release;
	struct row row;

	if (json_object_get(one, "services") != NULL) {
		judge_services(one, knowledge, is_explaining, &taken);
	} else if (language != NULL) {
		fill_row(language, "language_packages", &row);
		vulnerability_judge_language(knowledge, &row, is_explaining, take, &taken);
	} else {
		fill_row(json_object_get(one, "os"), "os", &row);
		(void)release_of_os(&row, &release);
		fill_row(json_object_get(one, "package"), "packages", &row);
		vulnerability_judge_package(knowledge, &release, &row, is_explaining, take, &taken);
	}
	while (!is_explaining && taken.next < json_array_size(taken.expected) &&
	       !is_finding(json_array_get(taken.expected, taken.next))) {
		taken.next++;
	}
	assert_int_equal(taken.next, json_array_size(taken.expected));
}

static size_t run_file(const char *name)
{
	char path[4096];
	json_error_t error;
	json_t *file;
	json_t *cases;
	size_t count;

	snprintf(path, sizeof path, CASES "/%s", name);
	file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (file == NULL) {
		print_message("%s: %s in line %d\n", name, error.text, error.line);
		fail();
	}
	cases = json_object_get(file, "cases");
	for (size_t i = 0; i < json_array_size(cases); i++) {
		struct knowledge *knowledge = calloc(1, sizeof *knowledge);
		const json_t *one = json_array_get(cases, i);
		const json_t *entries = json_object_get(one, "entries");

		assert_non_null(knowledge);
		print_message("# %s: %s\n", name, text_of(one, "name"));
		for (size_t e = 0; e < json_array_size(entries); e++) {
			add_entry(knowledge, json_array_get(entries, e));
		}
		judge(one, knowledge, true);
		judge(one, knowledge, false);
		free(knowledge);
	}
	count = json_array_size(cases);
	json_decref(file);
	return count;
}

static void every_hand_written_case_gets_the_judgement_it_states(void **state)
{
	DIR *folder = opendir(CASES);
	struct dirent *entry;
	size_t count = 0;

	(void)state;
	assert_non_null(folder);
	while ((entry = readdir(folder)) != NULL) {
		if (strstr(entry->d_name, ".json") != NULL) {
			count += run_file(entry->d_name);
		}
	}
	closedir(folder);
	assert_true(count >= 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_hand_written_case_gets_the_judgement_it_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
