/* vulns.c - vulnerabilities: listed, explained, mended first, accepted. */
#include "cli/commands/vulns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/command.h"

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	{ "--asset", "A", "only this asset: its id, the first digits of it, or its name" },
	{ "--cve", "CVE",
	  "one vulnerability: what is known of it, who is affected, who was; or an advisory "
	  "(DSA-..., USN-..., RHSA-...): what it is about" },
	{ "--exploited", NULL, "only what is exploited in the wild (CISA KEV)" },
	{ "--fixable", NULL, "only what has a fix" },
	{ "--level", "L", "of this priority or a higher one: critical, high, medium, low" },
	{ "--package", "P", "only this package, or this source package" },
	{ "--status", "S", "fixable, open, no-dsa, postponed, ignored, end-of-life, ..." },
	{ "--exposure", "E", "network, local, running, installed, not-running, unknown" },
	{ "--search", "TEXT", "a part of an id, a summary or a package's name" },
	{ "--limit", "N", "at the most, most urgent first; 0 for all (default: 100)" },
	{ "--reason", "TEXT", "accept: why the risk is accepted" },
	{ "--until", "DATE", "accept: until then, such as 2026-12-31; without it for good" },
	COMMAND_OUTPUT_OPTIONS,
	{ 0 },
};

/* --- cells --- */

void vulns_priority(struct sheet *sheet, const json_t *item)
{
	char text[48];
	const char *level = json_string_value(json_object_get(item, "level"));

	snprintf(text, sizeof text, "%lld %.16s",
		 (long long)json_integer_value(json_object_get(item, "priority")),
		 level != NULL ? level : "");
	sheet_text(sheet, span_of(text));
}

/* The first columns are priority and level in one cell; the rest are members by name. CSV has the
 * members as they are. */
void vulns_print(const json_t *items, const char *const *columns, const char *const *members,
		 enum output output)
{
	struct sheet *sheet = sheet_new(columns);
	size_t i;
	json_t *item;

	json_array_foreach(items, i, item)
	{
		vulns_priority(sheet, item);
		for (size_t m = 0; members[m] != NULL; m++) {
			sheet_json(sheet, json_object_get(item, members[m]));
		}
	}
	sheet_print(sheet, output, output_width(), stdout);
	sheet_free(&sheet);
}

void vulns_line(const char *name, const json_t *value)
{
	const char *text = json_string_value(value);

	if (json_is_null(value) || value == NULL) {
		return;
	}
	printf("%-12s ", name);
	if (text != NULL) {
		output_escaped(span_of(text), stdout);
	} else if (json_is_real(value)) {
		printf("%g", json_real_value(value));
	} else if (json_is_integer(value)) {
		printf("%lld", (long long)json_integer_value(value));
	} else {
		printf("%s", json_is_true(value) ? "yes" : "no");
	}
	putchar('\n');
}

static const char *const facts[][2] = {
	{ "summary", "summary" }, { "severity", "severity" },          { "score", "score" },
	{ "cvss", "cvss" },       { "exploited", "is_exploited" },     { "act until", "kev_due" },
	{ "epss", "epss" },       { "percentile", "epss_percentile" }, { "published", "published" },
};

void vulns_facts(const json_t *item)
{
	for (size_t i = 0; i < COUNT_OF(facts); i++) {
		vulns_line(facts[i][0], json_object_get(item, facts[i][1]));
	}
}

/* Nothing found is never told apart silently from nobody looked. */
static void warn_coverage(const json_t *coverage)
{
	const char *problem = json_string_value(json_object_get(coverage, "problem"));

	if (problem != NULL) {
		fputs("not judged: ", stderr);
		output_escaped(span_of(problem), stderr);
		fputc('\n', stderr);
	}
}

/* --- lists --- */

static void add_filters(const struct args *args, struct target *target)
{
	static const char *const names[] = { "--level",    "--package", "--status",
					     "--exposure", "--search",  NULL };

	for (size_t i = 0; names[i] != NULL; i++) {
		target_param(target, names[i] + 2, args_value(args, names[i], NULL));
	}
	target_param(target, "exploited", args_has(args, "--exploited") ? "true" : NULL);
	target_param(target, "fixable", args_has(args, "--fixable") ? "true" : NULL);
}

static void print_list(const json_t *items, bool is_of_asset, enum output output)
{
	static const char *const all[] = { "priority", "id",       "packages", "fixed",
					   "assets",   "accepted", "why",      NULL };
	static const char *const all_members[] = { "id",     "packages", "fixed_version",
						   "assets", "accepted", "reason",
						   NULL };
	static const char *const one[] = { "priority", "id",         "package", "version", "fixed",
					   "status",   "confidence", "why",     "fix",     NULL };
	static const char *const one_members[] = {
		"id",     "package", "version", "fixed_version", "status", "confidence",
		"reason", "fix",     NULL
	};

	vulns_print(items, is_of_asset ? one : all, is_of_asset ? one_members : all_members,
		    output);
}

/* The first page says whether anybody looked. */
static int check_coverage(struct client *client, const char *asset, struct why *why)
{
	struct target target = target_of("/api/v1/assets");
	json_t *answer = NULL;
	int error;

	target_segment(&target, asset);
	target_segment(&target, "vulnerabilities");
	target_param(&target, "limit", "1");
	error = client_call(client, "GET", &target, NULL, &answer, why);
	if (error == 0) {
		warn_coverage(json_object_get(answer, "coverage"));
	}
	json_decref(answer);
	return error;
}

static int list(const struct args *args, struct client *client, enum output output, struct why *why)
{
	const char *asset = args_value(args, "--asset", NULL);
	struct target target =
		target_of(asset != NULL ? "/api/v1/assets" : "/api/v1/vulnerabilities");
	json_t *all = NULL;
	uint64_t limit;
	int error = 0;

	if (text_to_u64(span_of(args_value(args, "--limit", "100")), 100000000, &limit) != 0) {
		return why_set(why, ERR_USAGE, "--limit must be a number, 0 for all");
	}

	if (asset != NULL) {
		target_segment(&target, asset);
		target_segment(&target, "vulnerabilities");
		error = check_coverage(client, asset, why);
	}
	if (error != 0) {
		return error;
	}
	add_filters(args, &target);
	error = client_pages(client, &target, "after", (size_t)limit, &all, why);
	if (error == 0 && output == OUTPUT_JSON) {
		output_json(all, stdout);
	} else if (error == 0) {
		print_list(json_object_get(all, "items"), asset != NULL, output);
	}
	if (error == 0 && output == OUTPUT_TABLE &&
	    json_array_size(json_object_get(all, "items")) == 0) {
		fputs("nothing found; 'bartizan vulns summary' says what was looked at\n", stderr);
	}
	json_decref(all);
	return error;
}

/* --- one --- */

static void print_one(const json_t *answer)
{
	static const char *const columns[] = { "priority", "asset", "package", "version", "fixed",
					       "status",   "since", "why",     NULL };
	static const char *const members[] = { "name",   "package",    "version", "fixed_version",
					       "status", "first_seen", "reason",  NULL };
	static const char *const past[] = { "name", "fixed_at", NULL };

	vulns_line("id", json_object_get(answer, "id"));
	vulns_facts(answer);
	printf("%-12s %lld %s\n", "priority",
	       (long long)json_integer_value(json_object_get(answer, "priority")),
	       json_string_value(json_object_get(answer, "level")));
	vulns_line("why", json_object_get(answer, "reason"));
	printf("\naffected: %lld\n",
	       (long long)json_integer_value(json_object_get(answer, "total")));
	if (json_array_size(json_object_get(answer, "affected")) > 0) {
		vulns_print(json_object_get(answer, "affected"), columns, members, OUTPUT_TABLE);
	}
	if (json_array_size(json_object_get(answer, "past")) > 0) {
		puts("\nwere affected:");
		output_items(json_object_get(answer, "past"), past, OUTPUT_TABLE);
	}
	if (json_is_string(json_object_get(answer, "next"))) {
		puts("\nmore are affected: use --json, or --limit (1000 at the most)");
	}
}

static int one(const struct args *args, struct client *client, enum output output, struct why *why)
{
	struct target target = target_of("/api/v1/vulnerabilities");
	json_t *answer = NULL;
	int error;

	target_segment(&target, args_value(args, "--cve", ""));
	target_param(&target, "limit", args_value(args, "--limit", NULL));
	error = client_call(client, "GET", &target, NULL, &answer, why);
	if (error == 0 && output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else if (error == 0 && output == OUTPUT_CSV) {
		static const char *const columns[] = {
			"asset",         "name",       "package",  "version",
			"fixed_version", "status",     "exposure", "priority",
			"level",         "first_seen", NULL
		};

		output_items(json_object_get(answer, "affected"), columns, output);
	} else if (error == 0) {
		print_one(answer);
	}
	json_decref(answer);
	return error;
}

static int show(const struct args *args, struct client *client, enum output output, struct why *why)
{
	bool is_one = args_has(args, "--cve") && !args_has(args, "--asset");
	bool is_shown = false;
	int error = 0;

	if (args_has(args, "--cve") && args_has(args, "--asset")) {
		return vulns_explain(args_value(args, "--asset", ""), args_value(args, "--cve", ""),
				     client, output, why);
	}
	if (!is_one) {
		return list(args, client, output, why);
	}
	if (strncmp(args_value(args, "--cve", ""), "CVE-", 4) != 0) {
		error = vulns_advisory(args_value(args, "--cve", ""), client, output, &is_shown,
				       why);
	}
	return error != 0 || is_shown ? error : one(args, client, output, why);
}

static int why_of(const struct args *args, struct client *client, enum output output,
		  struct why *why)
{
	return vulns_explain(args->positionals[1], args->positionals[2], client, output, why);
}

/* --- upgrades and the summary --- */

static void print_upgrades(const json_t *answer)
{
	static const char *const columns[] = { "risk",   "so far", "source",  "release", "to",
					       "closes", "assets", "command", NULL };
	static const char *const members[] = { "source", "release", "to_version", "closes",
					       "assets", "command", NULL };
	struct sheet *sheet = sheet_new(columns);
	char share[16];
	size_t i;
	json_t *item;

	json_array_foreach(json_object_get(answer, "items"), i, item)
	{
		snprintf(share, sizeof share, "%.1f %%",
			 100 * json_number_value(json_object_get(item, "share")));
		sheet_text(sheet, span_of(share));
		snprintf(share, sizeof share, "%.1f %%",
			 100 * json_number_value(json_object_get(item, "cumulative_share")));
		sheet_text(sheet, span_of(share));
		for (size_t m = 0; members[m] != NULL; m++) {
			sheet_json(sheet, json_object_get(item, members[m]));
		}
	}
	sheet_print(sheet, OUTPUT_TABLE, output_width(), stdout);
	printf("\n%zu of %lld upgrades; all of them close %lld findings\n", sheet_rows(sheet),
	       (long long)json_integer_value(json_object_get(answer, "total")),
	       (long long)json_integer_value(json_object_get(answer, "findings")));
	sheet_free(&sheet);
}

static int upgrades(const struct args *args, struct client *client, enum output output,
		    struct why *why)
{
	static const char *const columns[] = { "source", "release",          "to_version",
					       "closes", "assets",           "risk",
					       "share",  "cumulative_share", "command",
					       NULL };
	struct target target = target_of("/api/v1/vulnerabilities/upgrades");
	json_t *answer = NULL;
	int error;

	target_param(&target, "limit", args_value(args, "--limit", "20"));
	error = client_call(client, "GET", &target, NULL, &answer, why);
	if (error == 0) {
		output_answer(answer, columns, output);
	} else if (error == 0) {
		print_upgrades(answer);
	}
	json_decref(answer);
	return error;
}

static void print_levels(json_t *levels)
{
	const char *name;
	json_t *count;

	json_object_foreach(levels, name, count)
	{
		printf("  %-9s %lld\n", name, (long long)json_integer_value(count));
	}
}

static void print_gaps(const json_t *answer)
{
	static const char *const columns[] = { "name", "system", "problem", NULL };
	const json_t *gaps = json_object_get(answer, "not_judged");
	const json_t *languages = json_object_get(answer, "languages_not_judged");
	size_t i;
	json_t *name;

	if (json_integer_value(json_object_get(gaps, "assets")) > 0) {
		printf("\nnot judged: %lld assets; that nothing is found there means nothing\n",
		       (long long)json_integer_value(json_object_get(gaps, "assets")));
		output_items(json_object_get(gaps, "items"), columns, OUTPUT_TABLE);
	}
	json_array_foreach(languages, i, name)
	{
		fputs(i == 0 ? "\nnot judged: packages of " : ", ", stdout);
		output_escaped(span_of(json_string_value(name)), stdout);
	}
	if (i > 0) {
		puts(": no feed speaks of them");
	}
}

static int summary(const struct args *args, struct client *client, enum output output,
		   struct why *why)
{
	static const char *const numbers[] = { "exploited", "fixable",         "accepted",
					       "assets",    "vulnerabilities", "risk" };
	struct target target = target_of("/api/v1/vulnerabilities/summary");
	const json_t *knowledge;
	json_t *answer = NULL;
	int error = client_call(client, "GET", &target, NULL, &answer, why);

	(void)args;
	if (error == 0 && output != OUTPUT_TABLE) {
		output_json(answer, stdout);
	} else if (error == 0) {
		puts("findings");
		print_levels(json_object_get(answer, "findings"));
		for (size_t i = 0; i < COUNT_OF(numbers); i++) {
			printf("%-16s", numbers[i]);
			printf("%lld\n",
			       (long long)json_integer_value(json_object_get(answer, numbers[i])));
		}
		knowledge = json_object_get(answer, "knowledge");
		printf("%-16s%lld%s%s\n", "knowledge",
		       (long long)json_integer_value(json_object_get(knowledge, "generation")),
		       json_is_string(json_object_get(knowledge, "built_at")) ? ", built " : "",
		       json_is_string(json_object_get(knowledge, "built_at"))
			       ? json_string_value(json_object_get(knowledge, "built_at"))
			       : "");
		print_gaps(answer);
	}
	json_decref(answer);
	return error;
}

/* --- accepted risks --- */

static int accept(const struct args *args, struct client *client, enum output output,
		  struct why *why)
{
	struct target target = target_of("/api/v1/acceptances");
	const char *asset = args_value(args, "--asset", NULL);
	const char *until = args_value(args, "--until", NULL);
	const char *reason = args_value(args, "--reason", NULL);
	json_t *answer = NULL;
	json_t *body;
	int error;

	if (reason == NULL) {
		return why_set(why, ERR_USAGE,
			       "--reason is missing: who reads it later wants to know why");
	}
	body = json_object();
	json_object_set_new(body, "vulnerability", json_string(args->positionals[1]));
	json_object_set_new(body, "reason", json_string(reason));
	if (asset != NULL) {
		json_object_set_new(body, "asset", json_string(asset));
	}
	if (until != NULL) {
		json_object_set_new(body, "until", json_string(until));
	}
	error = client_call(client, "POST", &target, body, &answer, why);
	if (error == 0 && output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else if (error == 0) {
		printf("accepted as number %lld; 'bartizan vulns unaccept %lld' takes it back\n",
		       (long long)json_integer_value(json_object_get(answer, "no")),
		       (long long)json_integer_value(json_object_get(answer, "no")));
	}
	json_decref(answer);
	return error;
}

static int acceptances(const struct args *args, struct client *client, enum output output,
		       struct why *why)
{
	static const char *const columns[] = { "no",    "vulnerability", "asset_name",
					       "until", "is_expired",    "by",
					       "at",    "reason",        NULL };
	struct target target = target_of("/api/v1/acceptances");
	json_t *answer = NULL;
	int error = client_call(client, "GET", &target, NULL, &answer, why);

	(void)args;
	if (error == 0) {
		output_answer(answer, columns, output);
	}
	json_decref(answer);
	return error;
}

static int unaccept(const struct args *args, struct client *client, enum output output,
		    struct why *why)
{
	(void)output;
	return client_delete(client, "/api/v1/acceptances", args->positionals[1], why);
}

/* --- the command --- */

static const struct action {
	const char *name; /* NULL: without a word */
	unsigned positionals;
	int (*run)(const struct args *args, struct client *client, enum output output,
		   struct why *why);
} actions[] = {
	{ NULL, 0, show },           { "why", 3, why_of },    { "upgrades", 1, upgrades },
	{ "summary", 1, summary },   { "accept", 2, accept }, { "acceptances", 1, acceptances },
	{ "unaccept", 2, unaccept },
};

static const struct action *find(const struct args *args)
{
	const char *word = args->positional_count > 0 ? args->positionals[0] : NULL;

	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		const struct action *a = &actions[i];
		bool is_meant = word == NULL || a->name == NULL ? word == a->name
								: strcmp(word, a->name) == 0;

		if (is_meant && a->positionals == args->positional_count) {
			return a;
		}
	}
	return NULL;
}

static int run(const struct args *args, struct why *why)
{
	const struct action *action = find(args);
	struct client *client = NULL;
	enum output output;
	int error;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	if (action == NULL) {
		(void)why_set(why, 0, "the usage is: %s", args->spec->usage);
		return EXIT_USAGE;
	}
	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	error = action->run(args, client, output, why);
	client_free(&client);
	return error == 0 ? EXIT_FINE : EXIT_REFUSED;
}

const struct command command_vulns = {
	.name = "vulns",
	.spec = { .usage = "bartizan vulns [--asset A] [--cve CVE] [filters] | why ASSET CVE | "
			   "upgrades | summary | accept CVE [--asset A] --reason TEXT [--until "
			   "DATE] | acceptances | unaccept N [options]",
		  .summary =
			  "What assets are exposed to, most urgent first: the priority is made of "
			  "severity, exploitation in the wild and its probability, and of what is "
			  "in reach on the asset. 'why' tells every step that led to a finding, or "
			  "to none; 'upgrades' what closes the most risk; 'summary' also what "
			  "nobody looked at. An accepted risk stays listed and is not counted.",
		  .options = options,
		  .examples =
			  "  bartizan vulns --exploited --fixable\n"
			  "  bartizan vulns --asset web1 --level high\n"
			  "  bartizan vulns --cve CVE-2024-3094\n"
			  "  bartizan vulns why web1 CVE-2024-3094\n"
			  "  bartizan vulns upgrades --limit 5\n"
			  "  bartizan vulns accept CVE-2024-3094 --asset web1 --until 2026-12-31 "
			  "\\\n    --reason 'not reachable from outside'",
		  .positionals_min = 0,
		  .positionals_max = 3 },
	.run = run,
};
