/* policy.c - what sensors are asked to watch: listed, shown, set, deleted, and what applies. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	{ "--file", "F", "the policy to set, as JSON; - is the standard input" },
	COMMAND_OUTPUT_OPTIONS,
	{ 0 },
};

/* A policy for people and for `set`: indented JSON. */
static void print_policy(const json_t *policy)
{
	json_dumpf(policy, stdout, JSON_INDENT(2));
	putchar('\n');
}

static int list(struct client *client, const struct args *args, enum output output, struct why *why)
{
	static const char *const columns[] = { "name", "changed_at", "changed_by", NULL };
	struct target target = target_of("/api/v1/policies");
	json_t *answer = NULL;
	int error = client_call(client, "GET", &target, NULL, &answer, why);

	(void)args;
	if (error == 0) {
		output_answer(answer, columns, output);
	}
	json_decref(answer);
	return error;
}

static int show(struct client *client, const struct args *args, enum output output, struct why *why)
{
	struct target target = target_of("/api/v1/policies");
	json_t *answer = NULL;
	int error;

	target_segment(&target, args->positionals[1]);
	error = client_call(client, "GET", &target, NULL, &answer, why);
	if (error == 0 && output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else if (error == 0) {
		print_policy(json_object_get(answer, "policy"));
	}
	json_decref(answer);
	return error;
}

static json_t *read_file(const char *path, struct why *why)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	json_error_t error;
	json_t *policy;

	if (file == NULL) {
		(void)why_set(why, ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
		return NULL;
	}
	policy = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	if (policy == NULL) {
		(void)why_set(why, ERR_USAGE, "%s is not JSON: %s (line %d, column %d)", path,
			      error.text, error.line, error.column);
	}
	if (file != stdin) {
		(void)fclose(file);
	}
	return policy;
}

static int set(struct client *client, const struct args *args, enum output output, struct why *why)
{
	struct target target = target_of("/api/v1/policies");
	const char *path = args_value(args, "--file", NULL);
	json_t *policy = path != NULL ? read_file(path, why) : NULL;
	json_t *answer = NULL;
	int error;

	if (path == NULL) {
		return why_set(why, ERR_USAGE, "--file is missing: the policy to set, as JSON");
	}
	if (policy == NULL) {
		return ERR_USAGE;
	}
	target_segment(&target, args->positionals[1]);
	error = client_call(client, "PUT", &target, policy, &answer, why);
	if (error == 0 && output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else if (error == 0) {
		printf("%s is set; sensors that are connected have it within a second\n",
		       args->positionals[1]);
	}
	json_decref(answer);
	return error;
}

static int delete (struct client *client, const struct args *args, enum output output,
		   struct why *why)
{
	(void)output;
	return client_delete(client, "/api/v1/policies", args->positionals[1], why);
}

static int effective(struct client *client, const struct args *args, enum output output,
		     struct why *why)
{
	struct target target = target_of("/api/v1/assets");
	json_t *answer = NULL;
	size_t index;
	json_t *name;
	int error;

	target_segment(&target, args->positionals[1]);
	target_segment(&target, "policy");
	error = client_call(client, "GET", &target, NULL, &answer, why);
	if (error == 0 && output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else if (error == 0) {
		print_policy(json_object_get(answer, "policy"));
		json_array_foreach(json_object_get(answer, "made_of"), index, name)
		{
			fprintf(stderr, "%s%s", index == 0 ? "made of: " : ", ",
				json_string_value(name));
		}
		fputs(index == 0 ? "nothing is set: the sensor's own defaults apply\n" : "\n",
		      stderr);
	}
	json_decref(answer);
	return error;
}

static const struct {
	const char *name;
	bool has_argument;
	int (*run)(struct client *client, const struct args *args, enum output output,
		   struct why *why);
} actions[] = {
	{ "list", false, list },    { "show", true, show },           { "set", true, set },
	{ "delete", true, delete }, { "effective", true, effective },
};

static int run(const struct args *args, struct why *why)
{
	struct client *client = NULL;
	enum output output;
	int error = ERR_USAGE;
	size_t i = 0;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	while (i < COUNT_OF(actions) && strcmp(actions[i].name, args->positionals[0]) != 0) {
		i++;
	}
	if (i == COUNT_OF(actions) ||
	    args->positional_count != 1 + (unsigned)actions[i].has_argument) {
		(void)why_set(why, 0, "the usage is: %s", args->spec->usage);
		return EXIT_USAGE;
	}
	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	error = actions[i].run(client, args, output, why);
	client_free(&client);
	return error == 0 ? EXIT_FINE : EXIT_REFUSED;
}

const struct command command_policy = {
	.name = "policy",
	.spec = { .usage = "bartizan policy list | show NAME | set NAME --file F | delete NAME | "
			   "effective ID [options]",
		  .summary =
			  "What sensors are asked to watch, and at what cost. NAME is 'default', "
			  "for every asset of the tenant, or 'tag:TAG'; 'effective' shows what "
			  "applies to one asset. Nothing else can be asked of a sensor.",
		  .options = options,
		  .examples = "  bartizan policy list\n"
			      "  bartizan policy set tag:web --file web.json\n"
			      "  echo '{\"events\": {\"executions\": {\"enabled\": true}}}' | "
			      "bartizan policy set default --file -\n"
			      "  bartizan policy effective web1",
		  .positionals_min = 1,
		  .positionals_max = 2 },
	.run = run,
};
