/* tag.c - an asset's tags: shown, added, removed. */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	{ "--set", "TAGS", "these tags instead of all that there are, separated by commas" },
	{ "--json", NULL, "print one JSON document" },
	{ 0 },
};

/* +TAG and -TAG, which may come after a "--"; or --set. NULL where a word is neither. */
static json_t *body_of(const struct args *args, struct why *why)
{
	json_t *add = json_array();
	json_t *remove = json_array();

	for (unsigned i = 1; i < args->positional_count; i++) {
		const char *word = args->positionals[i];

		if (word[0] != '+' && word[0] != '-') {
			(void)why_set(why, 0, "'%s' must be +TAG or -TAG; the usage is: %s", word,
				      args->spec->usage);
			json_decref(add);
			json_decref(remove);
			return NULL;
		}
		json_array_append_new(word[0] == '+' ? add : remove, json_string(word + 1));
	}
	return json_pack("{s:o, s:o}", "add", add, "remove", remove);
}

static json_t *body_of_set(const char *tags)
{
	json_t *list = json_array();

	while (*tags != '\0') {
		size_t len = strcspn(tags, ",");

		json_array_append_new(list, json_stringn(tags, len));
		tags += len + (tags[len] == ',');
	}
	return json_pack("{s:o}", "tags", list);
}

static void print(const json_t *answer, bool is_json)
{
	size_t index;
	json_t *tag;

	if (is_json) {
		output_json(answer, stdout);
		return;
	}
	json_array_foreach(json_object_get(answer, "tags"), index, tag)
	{
		puts(json_string_value(tag));
	}
}

static int run(const struct args *args, struct why *why)
{
	const char *set = args_value(args, "--set", NULL);
	bool is_change = args->positional_count > 1 || set != NULL;
	struct target target = target_of("/api/v1/assets");
	struct client *client = NULL;
	json_t *body = NULL;
	json_t *answer = NULL;
	int error;

	if (set != NULL && args->positional_count > 1) {
		(void)why_set(why, 0, "give either --set, or +TAG and -TAG");
		return EXIT_USAGE;
	}
	if (is_change) {
		body = set != NULL ? body_of_set(set) : body_of(args, why);
		if (body == NULL) {
			return EXIT_USAGE;
		}
	}
	if (client_open(args, &client, why) != 0) {
		json_decref(body);
		return EXIT_REFUSED;
	}
	target_segment(&target, args->positionals[0]);
	target_segment(&target, "tags");
	error = client_call(client, is_change ? "PUT" : "GET", &target, body, &answer, why);
	if (error == 0) {
		print(answer, args_has(args, "--json"));
	}
	json_decref(answer);
	client_free(&client);
	return error == 0 ? EXIT_FINE : EXIT_REFUSED;
}

const struct command command_tag = {
	.name = "tag",
	.spec = { .usage = "bartizan tag ID [+TAG ...] [options] [-- -TAG ...]",
		  .summary = "Shows an asset's tags, or changes them: policies are set for tags. "
			     "Removing needs a -- in front, so that -TAG is no option.",
		  .options = options,
		  .examples = "  bartizan tag web1\n"
			      "  bartizan tag web1 +web +frankfurt\n"
			      "  bartizan tag web1 -- +db -web\n"
			      "  bartizan tag web1 --set web,db",
		  .positionals_min = 1,
		  .positionals_max = 33 },
	.run = run,
};
