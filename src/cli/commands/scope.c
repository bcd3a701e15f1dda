/* scope.c - what may be scanned: registered, proved, listed, taken away. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"
#include "sys/clock.h"

#define WAIT_MS  (5 * 60 * INT64_C(1000))
#define PAUSE_US 200000

static const struct arg options[] = {
	{ "--dns", NULL, "prove: by the TXT records that `scope list` shows" },
	{ "--https", NULL, "prove: by the file that `scope list` shows" },
	{ "--statement", "TEXT", "prove: by what right it may be scanned, and who allowed it" },
	{ "--no-wait", NULL, "prove: ask only; `scope list` shows what becomes of it" },
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

static const struct {
	const char *option;
	const char *name;
} methods[] = {
	{ "--dns", "dns" },
	{ "--https", "https" },
	{ "--statement", "statement" },
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

/* --- what is to be published --- */

static const char *text_of(const json_t *scope, const char *member)
{
	const char *text = json_string_value(json_object_get(scope, member));

	return text != NULL ? text : "";
}

/* The ways in which a scope is proved, step by step. */
static void print_ways(const json_t *scope, FILE *to)
{
	const json_t *names = json_object_get(scope, "dns_names");
	const char *name = text_of(scope, "name");
	size_t index;
	json_t *place;

	if (json_array_size(names) == 0) {
		fprintf(to, "  DNS: no: %s\n", text_of(scope, "dns_refusal"));
	} else {
		fprintf(to, "  DNS: publish this, then: bartizan scope prove %s --dns\n", name);
	}
	json_array_foreach(names, index, place)
	{
		fprintf(to, "    %s. TXT \"%s\"\n", json_string_value(place),
			text_of(scope, "dns_value"));
	}
	if (json_is_string(json_object_get(scope, "https_url"))) {
		fprintf(to,
			"  HTTPS: serve this line, then: bartizan scope prove %s --https\n"
			"    %s: %s\n",
			name, text_of(scope, "https_url"), text_of(scope, "token"));
	}
	fprintf(to,
		"  statement: bartizan scope prove %s --statement 'by what right; allowed by "
		"whom'\n",
		name);
}

/* The scope of this name, as the server spells it; NULL where there is none. */
static int find(struct client *client, const char *name, json_t **out, struct why *why)
{
	struct target target = target_of("/api/v1/scopes");
	json_t *answer = NULL;
	size_t index;
	json_t *scope;
	int error = client_pages(client, &target, "after", 0, &answer, why);

	*out = NULL;
	json_array_foreach(json_object_get(answer, "items"), index, scope)
	{
		if (*out == NULL && strcmp(text_of(scope, "name"), name) == 0) {
			*out = json_incref(scope);
		}
	}
	json_decref(answer);
	return error;
}

static int print_added(struct client *client, const char *name, struct why *why)
{
	json_t *scope = NULL;
	int error = find(client, name, &scope, why);

	if (error == 0 && json_is_true(json_object_get(scope, "is_proved"))) {
		printf("%s is set.\n", name);
	} else if (error == 0 && scope != NULL) {
		printf("%s is registered. Nothing of it is scanned before it is proved, in one of "
		       "these ways:\n",
		       name);
		print_ways(scope, stdout);
	}
	json_decref(scope);
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
		error = print_added(client, text_of(answer, "name"), why);
	}
	json_decref(answer);
	return error;
}

/* --- list --- */

static void print_unproved(const json_t *scopes)
{
	size_t index;
	json_t *scope;

	json_array_foreach(scopes, index, scope)
	{
		const char *failure = text_of(scope, "failure");

		if (json_is_true(json_object_get(scope, "is_proved")) && failure[0] == '\0') {
			continue;
		}
		printf("\n%s", text_of(scope, "name"));
		if (failure[0] != '\0') {
			fputs(": ", stdout);
			output_escaped(span_of(failure), stdout);
		}
		putchar('\n');
		if (!json_is_true(json_object_get(scope, "is_proved"))) {
			print_ways(scope, stdout);
		}
	}
}

static int list(const struct args *args, struct client *client, enum output output, struct why *why)
{
	static const char *const columns[] = { "name",        "is_proved", "method", "is_on",
					       "state",       "runs",      "hosts",  "open_ports",
					       "finished_at", NULL };
	static const char *const all[] = {
		"name",       "is_proved", "method",        "proved_at",   "proved_by",
		"checked_at", "tried_at",  "failing_since", "failure",     "dns_names",
		"dns_value",  "https_url", "token",         "is_on",       "state",
		"runs",       "hosts",     "open_ports",    "finished_at", NULL
	};
	struct target target = target_of("/api/v1/scopes");
	json_t *answer = NULL;
	int error = client_pages(client, &target, "after", 0, &answer, why);

	(void)args;
	if (error == 0) {
		output_answer(answer, output == OUTPUT_CSV ? all : columns, output);
	}
	if (error == 0 && output == OUTPUT_TABLE) {
		print_unproved(json_object_get(answer, "items"));
	}
	json_decref(answer);
	return error;
}

static int drop(const struct args *args, struct client *client, enum output output, struct why *why)
{
	(void)output;
	return client_delete(client, "/api/v1/scopes", args->positionals[1], why);
}

/* --- prove --- */

/* One of the three; NULL where it is not one. */
static const char *method_of(const struct args *args)
{
	const char *method = NULL;
	unsigned count = 0;

	for (size_t i = 0; i < COUNT_OF(methods); i++) {
		if (args_has(args, methods[i].option)) {
			method = methods[i].name;
			count++;
		}
	}
	return count == 1 ? method : NULL;
}

/* Until the look that was asked for at requested_ms is over. */
static int wait_for(struct client *client, const json_t *asked, const char *method,
		    enum output output, struct why *why)
{
	int64_t requested_ms = output_time_of(asked, "requested_at");
	int64_t deadline_ms = clock_ms() + WAIT_MS;
	const char *name = text_of(asked, "name");

	while (clock_ms() < deadline_ms) {
		json_t *scope = NULL;
		int error = find(client, name, &scope, why);
		bool is_over = output_time_of(scope, "tried_at") >= requested_ms;
		bool is_proved = json_is_true(json_object_get(scope, "is_proved")) &&
				 strcmp(text_of(scope, "method"), method) == 0 &&
				 text_of(scope, "failure")[0] == '\0';

		if (error == 0 && scope == NULL) {
			error = why_set(why, ERR_NOT_FOUND, "%s was taken away meanwhile", name);
		} else if (error == 0 && is_over && !is_proved) {
			error = why_set(why, ERR_DENIED, "%s is not proved by %s: %.400s", name,
					method, text_of(scope, "failure"));
		} else if (error == 0 && is_over && output == OUTPUT_JSON) {
			output_json(scope, stdout);
		} else if (error == 0 && is_over) {
			printf("%s is proved by %s\n", name, method);
		}
		json_decref(scope);
		if (error != 0 || is_over) {
			return error;
		}
		(void)usleep(PAUSE_US);
	}
	return why_set(why, ERR_TIMEOUT, "%s is still being checked; see `bartizan scope list`",
		       name);
}

static int prove(const struct args *args, struct client *client, enum output output,
		 struct why *why)
{
	struct target target = target_of("/api/v1/scopes/proof");
	const char *statement = args_value(args, "--statement", NULL);
	const char *method = method_of(args);
	json_t *answer = NULL;
	json_t *body;
	int error;

	if (method == NULL) {
		return why_set(why, ERR_USAGE,
			       "say one of --dns, --https and --statement TEXT (by what right may "
			       "it be scanned, and who allowed it?)");
	}
	body = json_pack("{s:s, s:s}", "name", args->positionals[1], "method", method);
	if (statement != NULL) {
		json_object_set_new(body, "statement", json_string(statement));
	}
	error = client_call(client, "POST", &target, body, &answer, why);
	if (error == 0 && statement == NULL && !args_has(args, "--no-wait")) {
		error = wait_for(client, answer, method, output, why);
	}
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
			   "--dns | --https | --statement TEXT [options]",
		  .summary = "Says what scanners may scan: prefixes and DNS names, how often, when "
			     "and how fast. Nothing is scanned that is not registered and proved.",
		  .options = options,
		  .examples =
			  "  bartizan scope add 192.0.2.0/24 --every 86400 --between 22:00-06:00\n"
			  "  bartizan scope prove example.org --dns\n"
			  "  bartizan scope prove 192.0.2.0/24 --statement 'ours: AS64496, ordered "
			  "by J. Doe'\n"
			  "  bartizan scope list",
		  .positionals_min = 1,
		  .positionals_max = 2 },
	.run = run,
};
