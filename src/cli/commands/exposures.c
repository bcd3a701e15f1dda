/* exposures.c - what is open, weak or about to expire; and what appeared. */
#include <stdio.h>

#include "base/error.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct arg exposure_options[] = {
	{ "--level", "L", "at least critical, high, medium or low" },
	{ "--family", "F", "services, tls, certificates, web or ports" },
	{ "--rule", "R", "of this rule alone: database-open, telnet, ..." },
	{ "--asset", "A", "of this asset alone: id or name" },
	{ "--search", "TEXT", "in the asset, the subject, the finding or its evidence" },
	{ "--accepted", "BOOL", "true: those that somebody accepted alone; false: the others" },
	{ "--reason", "TEXT", "accept: why it is accepted" },
	{ "--until", "DATE", "accept: until then, such as 2026-12-31; without it for good" },
	{ "--ended", NULL, "acceptances: also those that have ended" },
	COMMAND_SERVER_OPTIONS,
	COMMAND_OUTPUT_OPTIONS,
	{ NULL, NULL, NULL },
};

static const struct arg alert_options[] = {
	{ "--alert", "A",
	  "new-host, host-gone, new-port, host-key-changed or certificate-replaced" },
	{ "--asset", "A", "of this asset alone: id or name" },
	{ "--scope", "S", "of this scope alone" },
	COMMAND_SERVER_OPTIONS,
	COMMAND_OUTPUT_OPTIONS,
	{ NULL, NULL, NULL },
};

#define ITEMS_MAX 10000

/* Options that are not the query parameter of their name. */
static bool is_filter(const struct arg *option)
{
	static const char *const others[] = { "--data", "--tenant", "--reason", "--until" };

	for (size_t i = 0; i < COUNT_OF(others); i++) {
		if (span_is(span_of(option->name), others[i])) {
			return false;
		}
	}
	return option->value != NULL;
}

/* Lists a resource: each option is the query parameter of its name. */
static int list(const struct args *args, const char *path, const char *const *columns,
		struct why *why)
{
	struct target target = target_of(path);
	struct client *client = NULL;
	json_t *answer = NULL;
	enum output output;
	int error;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	for (const struct arg *o = args->spec->options; o->name != NULL; o++) {
		if (is_filter(o)) {
			target_param(&target, o->name + 2, args_value(args, o->name, NULL));
		}
	}
	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	error = client_pages(client, &target, "after", ITEMS_MAX, &answer, why);
	if (error == 0) {
		output_answer(answer, columns, output);
	}
	json_decref(answer);
	client_free(&client);
	return error == 0 ? EXIT_FINE : EXIT_REFUSED;
}

/* --- accepting --- */

/* exposures accept ASSET RULE SUBJECT */
static int accept(const struct args *args, struct client *client, enum output output,
		  struct why *why)
{
	static const char *const names[] = { NULL, "asset", "rule", "subject" };
	struct target target = target_of("/api/v1/exposures/acceptances");
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
	for (unsigned i = 1; i < COUNT_OF(names); i++) {
		json_object_set_new(body, names[i], json_string(args->positionals[i]));
	}
	json_object_set_new(body, "reason", json_string(reason));
	if (until != NULL) {
		json_object_set_new(body, "until", json_string(until));
	}
	error = client_call(client, "POST", &target, body, &answer, why);
	if (error == 0 && output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else if (error == 0) {
		printf("accepted as number %lld; 'bartizan exposures unaccept %lld' takes it "
		       "back\n",
		       (long long)json_integer_value(json_object_get(answer, "no")),
		       (long long)json_integer_value(json_object_get(answer, "no")));
	}
	json_decref(answer);
	return error;
}

static int acceptances(const struct args *args, struct client *client, enum output output,
		       struct why *why)
{
	static const char *const columns[] = { "no",    "rule",     "asset_name", "subject",
					       "until", "by",       "at",         "reason",
					       "cause", "ended_at", NULL };
	struct target target = target_of("/api/v1/exposures/acceptances");
	json_t *answer = NULL;
	int error;

	target_param(&target, "ended", args_has(args, "--ended") ? "true" : NULL);
	error = client_pages(client, &target, "after", ITEMS_MAX, &answer, why);
	if (error == 0 && output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else if (error == 0) {
		output_items(json_object_get(answer, "items"), columns, output);
	}
	json_decref(answer);
	return error;
}

static int unaccept(const struct args *args, struct client *client, enum output output,
		    struct why *why)
{
	(void)output;
	return client_delete(client, "/api/v1/exposures/acceptances", args->positionals[1], why);
}

static const struct action {
	const char *name;
	unsigned positionals;
	int (*run)(const struct args *args, struct client *client, enum output output,
		   struct why *why);
} actions[] = { { "accept", 4, accept },
		{ "acceptances", 1, acceptances },
		{ "unaccept", 2, unaccept } };

static int act(const struct args *args, const struct action *action, struct why *why)
{
	struct client *client = NULL;
	enum output output;
	int error;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	error = action->run(args, client, output, why);
	client_free(&client);
	return error == 0 ? EXIT_FINE : error == ERR_USAGE ? EXIT_USAGE : EXIT_REFUSED;
}

static int run_exposures(const struct args *args, struct why *why)
{
	static const char *const columns[] = { "level", "asset_name", "id",     "subject",
					       "what",  "evidence",   "advice", NULL };

	if (args->positional_count == 0) {
		return list(args, "/api/v1/exposures", columns, why);
	}
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		if (span_is(span_of(args->positionals[0]), actions[i].name) &&
		    args->positional_count == actions[i].positionals) {
			return act(args, &actions[i], why);
		}
	}
	(void)why_set(why, 0, "the usage is: %s", args->spec->usage);
	return EXIT_USAGE;
}

static int run_alerts(const struct args *args, struct why *why)
{
	static const char *const columns[] = { "at",   "level",  "alert", "asset_name",
					       "what", "before", "after", NULL };

	return list(args, "/api/v1/alerts", columns, why);
}

const struct command command_exposures = {
	.name = "exposures",
	.spec = { .usage = "bartizan exposures [options] | accept ASSET RULE SUBJECT --reason TEXT "
			   "[--until DATE] | acceptances [--ended] | unaccept N",
		  .summary =
			  "Lists what is open, weak or about to expire, most urgent first, with "
			  "advice. It is judged from what scanners find and agents tell. One that "
			  "is accepted stays listed, and counts again when its time has come, or "
			  "when it went and is there again, or something else is found there.",
		  .options = exposure_options,
		  .examples = "  bartizan exposures --level high\n"
			      "  bartizan exposures --family certificates --json\n"
			      "  bartizan exposures accept web1 new-port 'tcp 192.0.2.1:8080' "
			      "\\\n    --reason 'the new proxy'",
		  .positionals_min = 0,
		  .positionals_max = 4 },
	.run = run_exposures,
};

const struct command command_alerts = {
	.name = "alerts",
	.spec = { .usage = "bartizan alerts [options]",
		  .summary =
			  "Lists what appeared or was exchanged since a scope was scanned "
			  "before: hosts, ports, host keys, certificates. Live: 'bartizan watch'.",
		  .options = alert_options,
		  .examples = "  bartizan alerts\n"
			      "  bartizan alerts --alert host-key-changed" },
	.run = run_alerts,
};
