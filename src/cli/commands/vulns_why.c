/* vulns_why.c - the whole chain of reasoning, from the asset's release to the priority. */
#include "cli/commands/vulns.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

static const char *text_in(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

/* Pieces one after the other; what comes from strangers is escaped. */
static void say(const char *const *pieces)
{
	for (size_t i = 0; pieces[i] != NULL; i++) {
		output_escaped(span_of(pieces[i]), stdout);
	}
	putchar('\n');
}

#define SAY(...) say((const char *const[]){ __VA_ARGS__, NULL })

static void print_priority(const json_t *priority)
{
	const json_t *probability = json_object_get(priority, "probability");

	printf("      priority %lld %s: severity %lld %%",
	       (long long)json_integer_value(json_object_get(priority, "value")),
	       text_in(priority, "level"),
	       (long long)json_integer_value(json_object_get(priority, "severity")));
	if (json_is_null(probability)) {
		printf(" x exploited");
	} else {
		printf(" x probability %g %%", json_number_value(probability));
	}
	printf(" x exposure %lld %% x decision %lld %% x confidence %lld %%\n",
	       (long long)json_integer_value(json_object_get(priority, "exposure")),
	       (long long)json_integer_value(json_object_get(priority, "decision")),
	       (long long)json_integer_value(json_object_get(priority, "confidence")));
	SAY("      that is: ", text_in(priority, "reason"));
}

static void print_entry(const json_t *entry)
{
	SAY("    ", text_in(entry, "feed"), " ", text_in(entry, "advisory"), " on ",
	    text_in(entry, "feed_package"), " in ", text_in(entry, "stream"));
	SAY("      compared: ", text_in(entry, "installed"), " (", text_in(entry, "subject_rule"),
	    ": ", text_in(entry, "subject_rule_says"), ")");
	if (text_in(entry, "fixed_version")[0] != '\0') {
		SAY("      fixed in: ", text_in(entry, "fixed_version"));
	}
	SAY("      so: ", text_in(entry, "status"), " (", text_in(entry, "rule"), ": ",
	    text_in(entry, "rule_says"), ")");
	if (text_in(entry, "quote")[0] != '\0') {
		SAY("      it says: ", text_in(entry, "quote"));
	}
	if (json_is_true(json_object_get(entry, "is_finding"))) {
		print_priority(json_object_get(entry, "priority"));
	}
}

/* A process that uses several files of a package is told once. */
static bool is_told(const json_t *uses, size_t index)
{
	const json_t *use = json_array_get(uses, index);

	for (size_t i = 0; i < index; i++) {
		const json_t *other = json_array_get(uses, i);

		if (strcmp(text_in(other, "process"), text_in(use, "process")) == 0 &&
		    strcmp(text_in(other, "executable"), text_in(use, "executable")) == 0) {
			return true;
		}
	}
	return false;
}

static void print_exposure(const json_t *package)
{
	const json_t *uses = json_object_get(package, "uses");
	size_t i;
	json_t *item;

	SAY("    exposure: ", text_in(package, "exposure"));
	json_array_foreach(uses, i, item)
	{
		if (!is_told(uses, i)) {
			SAY("      used by ", text_in(item, "process"), " ",
			    text_in(item, "executable"));
		}
	}
	json_array_foreach(json_object_get(package, "listeners"), i, item)
	{
		char port[24];

		snprintf(port, sizeof port, "%lld",
			 (long long)json_integer_value(json_object_get(item, "port")));
		SAY("      listens on ", text_in(item, "protocol"), " ", text_in(item, "address"),
		    " ", port, " (", text_in(item, "executable"), ")");
	}
}

static void print_package(const json_t *package)
{
	size_t i;
	json_t *entry;

	putchar('\n');
	SAY("  ", text_in(package, "manager"), " ", text_in(package, "package"), " ",
	    text_in(package, "version"), " ", text_in(package, "architecture"), " ",
	    text_in(package, "path"));
	SAY("    judged by ", text_in(package, "source"), " ", text_in(package, "source_version"));
	if (text_in(package, "evidence")[0] != '\0') {
		SAY("    ", text_in(package, "confidence"), ": ", text_in(package, "evidence"));
	}
	print_exposure(package);
	json_array_foreach(json_object_get(package, "entries"), i, entry)
	{
		print_entry(entry);
	}
}

static void print(const json_t *answer)
{
	const json_t *coverage = json_object_get(answer, "coverage");
	size_t i;
	json_t *package;

	SAY(text_in(answer, "id"), " on ", text_in(answer, "name"), ": ",
	    text_in(answer, "conclusion"));
	vulns_facts(json_object_get(answer, "facts"));
	vulns_line("system", json_object_get(coverage, "system"));
	vulns_line("judged as", json_object_get(coverage, "release"));
	vulns_line("not judged", json_object_get(coverage, "problem"));
	vulns_line("accepted", json_object_get(answer, "accepted"));
	json_array_foreach(json_object_get(answer, "packages"), i, package)
	{
		print_package(package);
	}
}

int vulns_explain(const char *asset, const char *cve, struct client *client, enum output output,
		  struct why *why)
{
	struct target target = target_of("/api/v1/assets");
	json_t *answer = NULL;
	int error;

	target_segment(&target, asset);
	target_segment(&target, "vulnerabilities");
	target_segment(&target, cve);
	target_segment(&target, "why");
	error = client_call(client, "GET", &target, NULL, &answer, why);
	if (error == 0 && output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else if (error == 0) {
		print(answer);
	}
	json_decref(answer);
	return error;
}
