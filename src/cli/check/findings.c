/* findings.c - each row judged, each judgement a finding with all that is known of it. */
#include "cli/check/findings.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "sys/alloc.h"

#define REASON_SIZE  1024
#define COMMAND_SIZE 2048
#define TOGETHER_MAX 32 /* packages of one source in a command */
#define PACKAGE_ROOM 512
#define MILLION      1000000.0

static const char *const levels[] = { "none", "low", "medium", "high", "critical" };

int findings_level(const char *word)
{
	for (size_t i = 0; i < COUNT_OF(levels); i++) {
		if (strcmp(word, levels[i]) == 0) {
			return (int)i;
		}
	}
	return strcmp(word, "any") == 0 ? 0 : -1;
}

struct judging {
	const struct inventory *inventory;
	const struct knowledge *knowledge;
	const struct row *package;
	char **sources; /* of each row of packages, what it is judged by */
	json_t *list;
};

/* --- JSON --- */

static json_t *json_of(struct span text)
{
	size_t size = 3 * text.len + 1;
	uint8_t *room;
	struct writer w;
	json_t *value;

	if (text_is_utf8(text)) {
		value = json_stringn((const char *)text.ptr, text.len);
		return value != NULL ? value : json_string("");
	}
	room = alloc_zeroed(size, 1);
	w = writer_over(room, size);
	text_write_utf8(&w, text, size);
	value = json_stringn((const char *)room, writer_used(&w));
	free(room);
	return value;
}

/* Null where it is empty. */
static void put(json_t *object, const char *name, struct span text)
{
	json_object_set_new(object, name, text.len > 0 ? json_of(text) : json_null());
}

static void put_column(json_t *object, const char *name, const struct row *row, int column)
{
	const struct value *value = column >= 0 ? &row->values[column] : NULL;

	put(object, name, value != NULL && value->kind == VALUE_TEXT ? value->text : span_of(NULL));
}

/* "a b" as ["a", "b"]. */
static void put_words(json_t *object, const char *name, struct span text)
{
	struct reader r = reader_over(text);
	json_t *list = json_array();

	while (reader_left(&r) > 0) {
		json_array_append_new(list, json_of(reader_until(&r, ' ')));
	}
	json_object_set_new(object, name, list);
}

static void put_number(json_t *object, const char *name, int number, double divisor)
{
	json_object_set_new(object, name, number >= 0 ? json_real(number / divisor) : json_null());
}

/* --- one finding --- */

static void put_facts(json_t *finding, const struct knowledge_vulnerability *facts)
{
	put(finding, "summary", facts->summary);
	put(finding, "severity", facts->severity);
	put(finding, "cvss", facts->cvss);
	put_number(finding, "score", facts->score_tenths, 10);
	put_number(finding, "epss", facts->epss_millionths, MILLION);
	put_number(finding, "epss_percentile", facts->epss_percentile_millionths, MILLION);
	json_object_set_new(finding, "is_exploited", json_boolean(facts->is_exploited));
	json_object_set_new(finding, "is_ransomware", json_boolean(facts->is_ransomware));
	put(finding, "exploited_since", facts->kev_added);
	put(finding, "due", facts->kev_due);
	put(finding, "published", facts->published);
	put_words(finding, "aliases", facts->aliases);
	put_words(finding, "references", facts->references);
}

static void put_package(json_t *finding, const struct row *package)
{
	bool is_language = package->table->number == TABLE_LANGUAGE_PACKAGES;

	if (is_language) {
		put(finding, "manager", vulnerability_stream_of(package));
	} else {
		put_column(finding, "manager", package, PACKAGES_MANAGER);
	}
	put_column(finding, "package", package,
		   is_language ? LANGUAGE_PACKAGES_NAME : PACKAGES_NAME);
	put_column(finding, "version", package,
		   is_language ? LANGUAGE_PACKAGES_VERSION : PACKAGES_VERSION);
	put_column(finding, "architecture", package, is_language ? -1 : PACKAGES_ARCHITECTURE);
	put_column(finding, "path", package, is_language ? LANGUAGE_PACKAGES_PATH : -1);
}

static void put_priority(json_t *finding, const struct knowledge_vulnerability *facts,
			 const struct judgement *j, struct reach reach)
{
	uint8_t reason[REASON_SIZE];
	struct writer w = writer_over(reason, sizeof reason);
	struct priority priority =
		vulnerability_priority(facts, j->status, reach, j->entry.urgency, &w);

	json_object_set_new(finding, "priority", json_integer(priority.value));
	json_object_set_new(finding, "level", json_string(priority.level));
	put(finding, "reason", writer_span(&w));
	json_object_set_new(finding, "exposure", json_string(exposure_name(reach.exposure)));
}

/* The other binaries of the same source are upgraded along with it. */
static void put_fix(json_t *finding, const struct judging *g, const struct judgement *j)
{
	uint8_t command[COMMAND_SIZE];
	struct writer w = writer_over(command, sizeof command);
	struct span names[TOGETHER_MAX];
	size_t count = 0;

	for (size_t i = 0; i < g->inventory->packages.count && count < TOGETHER_MAX &&
			   g->package->table->number == TABLE_PACKAGES;
	     i++) {
		const struct row *other = &g->inventory->packages.rows[i];
		struct span status = other->values[PACKAGES_STATUS].text;

		if (g->sources[i] != NULL && span_is(j->package, g->sources[i]) &&
		    !span_is(status, "config-files")) {
			names[count++] = other->values[PACKAGES_NAME].text;
		}
	}
	vulnerability_fix_together(g->package, j, names, count, &w);
	put(finding, "fix", writer_ok(&w) ? writer_span(&w) : span_of(NULL));
}

static bool take(void *context, const struct judgement *j)
{
	struct judging *g = context;
	uint8_t room[INVENTORY_LISTENERS_ROOM];
	struct reach reach = { .exposure = inventory_exposure(g->inventory, g->package) };
	struct knowledge_vulnerability facts = { .score_tenths = -1,
						 .epss_millionths = -1,
						 .epss_percentile_millionths = -1 };
	json_t *finding = json_object();

	reach.at = inventory_listeners(g->inventory, g->package, reach.exposure, room);
	(void)knowledge_vulnerability(g->knowledge, j->entry.id, &facts);
	put(finding, "id", j->entry.id);
	put_priority(finding, &facts, j, reach);
	put_package(finding, g->package);
	put(finding, "source", j->package);
	put(finding, "source_version", j->installed);
	json_object_set_new(finding, "status", json_string(judgement_status_name(j->status)));
	put(finding, "fixed_version", j->fixed_version);
	put_fix(finding, g, j);
	put(finding, "urgency", j->entry.urgency);
	put(finding, "advisory", j->entry.advisory);
	put(finding, "release", j->stream);
	put(finding, "feed", j->entry.feed);
	json_object_set_new(finding, "rule", json_string(j->rule));
	json_object_set_new(finding, "subject_rule", json_string(j->subject_rule));
	put_facts(finding, &facts);
	json_array_append_new(g->list, finding);
	return true;
}

/* --- order --- */

static double number_in(const json_t *finding, const char *name)
{
	return json_number_value(json_object_get(finding, name));
}

static const char *text_in(const json_t *finding, const char *name)
{
	const char *text = json_string_value(json_object_get(finding, name));

	return text != NULL ? text : "";
}

/* By priority, then probability and score, then by name, so that it is the same every time. */
static int compare(const void *a, const void *b)
{
	static const char *const numbers[] = { "priority", "epss", "score" };
	static const char *const texts[] = { "id", "package", "architecture", "path", "version" };
	const json_t *x = *(json_t *const *)a;
	const json_t *y = *(json_t *const *)b;
	int order = 0;

	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		double nx = number_in(x, numbers[i]);
		double ny = number_in(y, numbers[i]);

		if (nx != ny) {
			return nx > ny ? -1 : 1;
		}
	}
	for (size_t i = 0; order == 0 && i < COUNT_OF(texts); i++) {
		order = strcmp(text_in(x, texts[i]), text_in(y, texts[i]));
	}
	return order;
}

static json_t *sorted(json_t *list)
{
	size_t count = json_array_size(list);
	json_t **items = alloc_zeroed(count + 1, sizeof *items);
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++) {
		items[i] = json_array_get(list, i);
	}
	qsort(items, count, sizeof *items, compare);
	for (size_t i = 0; i < count; i++) {
		json_array_append(out, items[i]);
	}
	free(items);
	json_decref(list);
	return out;
}

/* --- what nobody speaks of --- */

static void count_unjudged(json_t *list, struct span stream)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		const char *its = json_string_value(json_object_get(item, "stream"));

		if (its != NULL && span_is(stream, its)) {
			json_int_t count = json_integer_value(json_object_get(item, "packages"));

			json_object_set_new(item, "packages", json_integer(count + 1));
			return;
		}
	}
	item = json_object();
	json_object_set_new(item, "stream", json_of(stream));
	json_object_set_new(item, "packages", json_integer(1));
	json_array_append_new(list, item);
}

static const char *advice(const char *stream)
{
	static const struct {
		const char *prefix;
		const char *advice;
	} all[] = {
		{ "debian:", "the tracker's data/json "
			     "(https://security-tracker.debian.org/tracker/data/json)" },
		{ "ubuntu:",
		  "OSV's Ubuntu "
		  "(https://osv-vulnerabilities.storage.googleapis.com/Ubuntu/all.zip)" },
		{ "alpine:", "that release's secdb (https://secdb.alpinelinux.org/)" },
		{ "redhat:", "Red Hat's CSAF or VEX documents "
			     "(https://security.access.redhat.com/data/csaf/v2/)" },
	};

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		if (strncmp(stream, all[i].prefix, strlen(all[i].prefix)) == 0) {
			return all[i].advice;
		}
	}
	return "one that does";
}

static int check_covered(const struct inventory *inventory, const struct knowledge *knowledge,
			 struct why *why)
{
	struct span name = span_first(inventory_system(inventory), 100);
	const char *stream = inventory->release.stream;
	uint8_t escaped[512];
	struct writer w = writer_over(escaped, sizeof escaped - 1);

	if (inventory->packages.count == 0 && inventory->languages.count == 0) {
		return why_set(why, ERR_NOT_FOUND,
			       "no package is installed there: neither a database of dpkg, rpm or "
			       "apk nor a package of a language was found");
	}
	if (inventory->packages.count == 0) {
		return 0;
	}
	text_write_escaped(&w, name);
	escaped[writer_used(&w)] = '\0';
	if (stream[0] == '\0') {
		return why_set(
			why, ERR_UNSUPPORTED,
			"no feed speaks of %s; Debian, Ubuntu, Alpine, Red Hat Enterprise "
			"Linux and its rebuilds can be judged (docs/vulnerability-matching.md)",
			(const char *)escaped);
	}
	if (!knowledge_has_stream(knowledge, span_of(stream))) {
		return why_set(why, ERR_UNSUPPORTED,
			       "none of the feeds speaks of %s (%s): give --feed FILE with %s",
			       stream, (const char *)escaped, advice(stream));
	}
	return 0;
}

static int check_languages(const struct inventory *inventory, const json_t *unjudged, size_t judged,
			   struct why *why)
{
	if (inventory->packages.count == 0 && judged == 0) {
		const json_t *first = json_array_get(unjudged, 0);

		return why_set(
			why, ERR_UNSUPPORTED,
			"none of the feeds speaks of %s: give --feed FILE with OSV's all.zip of "
			"that ecosystem (https://osv-vulnerabilities.storage.googleapis.com/)",
			first != NULL ? text_in(first, "stream") : "what is installed");
	}
	return 0;
}

/* --- all of them --- */

static char **sources_of(const struct inventory *inventory)
{
	char **sources = alloc_zeroed(inventory->packages.count + 1, sizeof *sources);
	char room[PACKAGE_ROOM];

	for (size_t i = 0; i < inventory->packages.count; i++) {
		struct span source =
			vulnerability_package_of(&inventory->packages.rows[i], room, sizeof room);

		sources[i] = source.len > 0 ? alloc_span(source) : NULL;
	}
	return sources;
}

static size_t judge_languages(struct judging *g, json_t *unjudged)
{
	size_t judged = 0;

	for (size_t i = 0; i < g->inventory->languages.count; i++) {
		struct span stream;

		g->package = &g->inventory->languages.rows[i];
		stream = vulnerability_stream_of(g->package);
		if (knowledge_has_stream(g->knowledge, stream)) {
			vulnerability_judge_language(g->knowledge, g->package, false, take, g);
			judged++;
		} else if (stream.len > 0) {
			count_unjudged(unjudged, stream);
		}
	}
	return judged;
}

int findings_of(const struct inventory *inventory, const struct knowledge *knowledge,
		struct findings *out, struct why *why)
{
	struct judging g = { .inventory = inventory, .knowledge = knowledge };
	json_t *unjudged;
	size_t judged;
	int error = check_covered(inventory, knowledge, why);

	if (error != 0) {
		return error;
	}
	g.list = json_array();
	g.sources = sources_of(inventory);
	for (size_t i = 0; i < inventory->packages.count; i++) {
		g.package = &inventory->packages.rows[i];
		vulnerability_judge_package(knowledge, &inventory->release, g.package, false, take,
					    &g);
	}
	unjudged = json_array();
	judged = judge_languages(&g, unjudged);
	for (size_t i = 0; i < inventory->packages.count; i++) {
		free(g.sources[i]);
	}
	free(g.sources);
	error = check_languages(inventory, unjudged, judged, why);
	*out = (struct findings){ sorted(g.list), unjudged };
	if (error != 0) {
		findings_done(out);
	}
	return error;
}

void findings_done(struct findings *findings)
{
	json_decref(findings->list);
	json_decref(findings->unjudged);
	*findings = (struct findings){ 0 };
}

size_t findings_count(const struct findings *findings, int level)
{
	size_t count = 0;
	size_t i;
	json_t *finding;

	json_array_foreach(findings->list, i, finding)
	{
		count += findings_level(text_in(finding, "level")) >= level;
	}
	return count;
}
