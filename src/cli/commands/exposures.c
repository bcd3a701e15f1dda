/* exposures.c - what is open, weak or about to expire; and what appeared. */
#include <stdio.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct arg exposure_options[] = {
	{ "--level", "L", "at least critical, high, medium or low" },
	{ "--family", "F", "services, tls, certificates, web or ports" },
	{ "--rule", "R", "of this rule alone: database-open, telnet, ..." },
	{ "--asset", "A", "of this asset alone: id or name" },
	{ "--search", "TEXT", "in the asset, the subject, the finding or its evidence" },
	COMMAND_SERVER_OPTIONS,
	COMMAND_OUTPUT_OPTIONS,
	{ NULL, NULL, NULL },
};

static const struct arg alert_options[] = {
	{ "--alert", "A", "new-host, new-port, host-key-changed or certificate-replaced" },
	{ "--asset", "A", "of this asset alone: id or name" },
	{ "--scope", "S", "of this scope alone" },
	COMMAND_SERVER_OPTIONS,
	COMMAND_OUTPUT_OPTIONS,
	{ NULL, NULL, NULL },
};

#define ITEMS_MAX 10000

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
		bool is_filter = o->value != NULL && !span_is(span_of(o->name), "--data") &&
				 !span_is(span_of(o->name), "--tenant");

		if (is_filter) {
			target_param(&target, o->name + 2, args_value(args, o->name, NULL));
		}
	}
	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	error = client_pages(client, &target, "after", ITEMS_MAX, &answer, why);
	if (error == 0 && output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else if (error == 0) {
		output_items(json_object_get(answer, "items"), columns, output);
	}
	json_decref(answer);
	client_free(&client);
	return error == 0 ? EXIT_FINE : EXIT_REFUSED;
}

static int run_exposures(const struct args *args, struct why *why)
{
	static const char *const columns[] = { "level", "asset_name", "id",     "subject",
					       "what",  "evidence",   "advice", NULL };

	return list(args, "/api/v1/exposures", columns, why);
}

static int run_alerts(const struct args *args, struct why *why)
{
	static const char *const columns[] = { "at",   "level",  "alert", "asset_name",
					       "what", "before", "after", NULL };

	return list(args, "/api/v1/alerts", columns, why);
}

const struct command command_exposures = {
	.name = "exposures",
	.spec = { .usage = "bartizan exposures [options]",
		  .summary = "Lists what is open, weak or about to expire, most urgent first, with "
			     "advice. It is judged from what scanners find and agents tell.",
		  .options = exposure_options,
		  .examples = "  bartizan exposures --level high\n"
			      "  bartizan exposures --family certificates --json" },
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
