/* scope.c - what may be scanned: registered, proved, listed, taken away. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct arg options[] = {
	{ "--statement", "TEXT", "prove: by what right it may be scanned, and who allowed it" },
	{ "--every", "SECONDS", "add: all of it once in so long" },
	{ "--between", "HH:MM-HH:MM", "add: at these hours alone (UTC); over midnight too" },
	{ "--rate", "PPS", "add: packets per second at the most" },
	{ "--ports", "LIST", "add: such as 22,80,8000-8100" },
	{ "--scanner", "ID", "add: this sensor scans it, no other" },
	{ "--off", NULL, "add: not now" },
	{ "--on", NULL, "add: again" },
	COMMAND_SERVER_OPTIONS,
	COMMAND_OUTPUT_OPTIONS,
	{ NULL, NULL, NULL },
};

/* --- add --- */

static int set_number(const struct args *args, const char *option, const char *member, json_t *body,
		      struct why *why)
{
	const char *text = args_value(args, option, NULL);
	uint64_t number;

	if (text == NULL) {
		return 0;
	}
	if (text_to_u64(span_of(text), INT32_MAX, &number) != 0) {
		return why_set(why, ERR_USAGE, "%s must be a number", option);
	}
	json_object_set_new(body, member, json_integer((json_int_t)number));
	return 0;
}

/* "22:30" in minutes; -1 where it is none. */
static int minute_of(struct span text)
{
	size_t colon = span_find(text, ':');
	uint64_t hour;
	uint64_t minute;

	if (colon == text.len || text_to_u64(span_first(text, colon), 23, &hour) != 0 ||
	    text_to_u64(span_after(text, colon + 1), 59, &minute) != 0) {
		return -1;
	}
	return (int)(hour * 60 + minute);
}

static int set_hours(const struct args *args, json_t *body, struct why *why)
{
	const char *text = args_value(args, "--between", NULL);
	size_t dash;
	int from;
	int to;

	if (text == NULL) {
		return 0;
	}
	dash = span_find(span_of(text), '-');
	from = minute_of(span_first(span_of(text), dash));
	to = minute_of(span_after(span_of(text), dash + 1));
	if (from < 0 || to < 0) {
		return why_set(why, ERR_USAGE, "--between must be such as 22:00-06:00");
	}
	json_object_set_new(body, "from_minute", json_integer(from));
	json_object_set_new(body, "to_minute", json_integer(to));
	return 0;
}

static int body_of(const struct args *args, json_t *body, struct why *why)
{
	const char *ports = args_value(args, "--ports", NULL);
	const char *scanner = args_value(args, "--scanner", NULL);
	int error = set_number(args, "--every", "period_s", body, why);

	json_object_set_new(body, "name", json_string(args->positionals[1]));
	error = error != 0 ? error : set_number(args, "--rate", "rate", body, why);
	error = error != 0 ? error : set_hours(args, body, why);
	if (ports != NULL) {
		json_object_set_new(body, "ports", json_string(ports));
	}
	if (scanner != NULL) {
		json_object_set_new(body, "scanner", json_string(scanner));
	}
	if (args_has(args, "--off") || args_has(args, "--on")) {
		json_object_set_new(body, "is_on", json_boolean(!args_has(args, "--off")));
	}
	return error;
}

static int add(const struct args *args, struct client *client, enum output output, struct why *why)
{
	struct target target = target_of("/api/v1/scopes");
	json_t *body = json_object();
	json_t *answer = NULL;
	int error = body_of(args, body, why);

	if (error != 0) {
		json_decref(body);
		return error;
	}
	error = client_call(client, "PUT", &target, body, &answer, why);
	if (error == 0 && output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else if (error == 0) {
		printf("%s is registered. It is scanned when it is proved: bartizan scope prove %s "
		       "--statement TEXT\n",
		       json_string_value(json_object_get(answer, "name")),
		       json_string_value(json_object_get(answer, "name")));
	}
	json_decref(answer);
	return error;
}

/* --- the others --- */

static int list(const struct args *args, struct client *client, enum output output, struct why *why)
{
	static const char *const columns[] = { "name",        "is_proved", "method", "is_on",
					       "state",       "runs",      "hosts",  "open_ports",
					       "finished_at", NULL };
	struct target target = target_of("/api/v1/scopes");
	json_t *answer = NULL;
	int error = client_pages(client, &target, "after", 0, &answer, why);

	(void)args;
	if (error == 0 && output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else if (error == 0) {
		output_items(json_object_get(answer, "items"), columns, output);
	}
	json_decref(answer);
	return error;
}

static int drop(const struct args *args, struct client *client, enum output output, struct why *why)
{
	(void)output;
	return client_delete(client, "/api/v1/scopes", args->positionals[1], why);
}

static int prove(const struct args *args, struct client *client, enum output output,
		 struct why *why)
{
	struct target target = target_of("/api/v1/scopes/proof");
	const char *statement = args_value(args, "--statement", NULL);
	json_t *answer = NULL;
	int error;

	(void)output;
	if (statement == NULL) {
		return why_set(why, ERR_USAGE,
			       "--statement is missing: by what right may it be scanned, and who "
			       "allowed it?");
	}
	error = client_call(
		client, "POST", &target,
		json_pack("{s:s, s:s}", "name", args->positionals[1], "statement", statement),
		&answer, why);
	json_decref(answer);
	return error;
}

static const struct action {
	const char *name;
	unsigned positionals;
	int (*run)(const struct args *args, struct client *client, enum output output,
		   struct why *why);
} actions[] = {
	{ "add", 2, add },
	{ "list", 1, list },
	{ "remove", 2, drop },
	{ "prove", 2, prove },
};

static int run(const struct args *args, struct why *why)
{
	struct client *client = NULL;
	enum output output;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < COUNT_OF(actions); i++) {
		int error;

		if (strcmp(args->positionals[0], actions[i].name) != 0 ||
		    args->positional_count != actions[i].positionals) {
			continue;
		}
		if (client_open(args, &client, why) != 0) {
			return EXIT_REFUSED;
		}
		error = actions[i].run(args, client, output, why);
		client_free(&client);
		return error == 0 ? EXIT_FINE : error == ERR_USAGE ? EXIT_USAGE : EXIT_REFUSED;
	}
	(void)why_set(why, 0, "the usage is: %s", args->spec->usage);
	return EXIT_USAGE;
}

const struct command command_scope = {
	.name = "scope",
	.spec = { .usage = "bartizan scope add SCOPE | list | remove SCOPE | prove SCOPE "
			   "--statement TEXT [options]",
		  .summary = "Says what scanners may scan: prefixes and DNS names, how often, when "
			     "and how fast. Nothing is scanned that is not registered and proved.",
		  .options = options,
		  .examples =
			  "  bartizan scope add 192.0.2.0/24 --every 86400 --between 22:00-06:00\n"
			  "  bartizan scope prove 192.0.2.0/24 --statement 'ours: AS64496, ordered "
			  "by J. Doe'\n"
			  "  bartizan scope list",
		  .positionals_min = 1,
		  .positionals_max = 2 },
	.run = run,
};
