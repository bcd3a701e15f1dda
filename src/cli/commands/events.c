/* events.c - what happened on assets, listed or as it happens. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/event.h"
#include "cli/moment.h"
#include "cli/output.h"

/* Pause before the stream is opened again, after it broke. */
#define RETRY_MS 500

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	{ "--asset", "ID", "only this asset: its id, the first digits of it, or its name" },
	{ "--kind", "K", "only this kind; 'bartizan schema' lists them" },
	{ "--since", "TIME",
	  "what happened then or later: 2026-11-21T12:00:00Z, 2026-11-21, or how long ago: 2h" },
	{ "--until", "TIME", "what happened before this moment" },
	{ "--limit", "N", "events at the most, newest first; 0 for all (default: 100)" },
	{ "--follow", NULL, "what happens from now on, until Ctrl-C" },
	COMMAND_OUTPUT_OPTIONS,
	{ 0 },
};

/* --- listing --- */

static int add_time(struct target *target, const struct args *args, const char *option,
		    const char *name, struct why *why)
{
	const char *text = args_value(args, option, NULL);
	char moment[CLOCK_TEXT_SIZE];
	int error = text == NULL ? 0 : moment_read(option, text, moment, why);

	if (error == 0 && text != NULL) {
		target_param(target, name, moment);
	}
	return error;
}

static int list(struct client *client, const struct args *args, enum output output, struct why *why)
{
	struct target target = target_of("/api/v1/events");
	json_t *all = NULL;
	uint64_t limit;
	int error;

	if (text_to_u64(span_of(args_value(args, "--limit", "100")), 100000000, &limit) != 0) {
		return why_set(why, ERR_USAGE, "--limit must be a number, 0 for all");
	}
	target_param(&target, "asset", args_value(args, "--asset", NULL));
	target_param(&target, "kind", args_value(args, "--kind", NULL));
	error = add_time(&target, args, "--since", "since", why);
	error = error != 0 ? error : add_time(&target, args, "--until", "until", why);
	error = error != 0 ? error
			   : client_pages(client, &target, "before", (size_t)limit, &all, why);
	if (error == 0 && output == OUTPUT_JSON) {
		output_json(all, stdout);
	} else if (error == 0) {
		events_print(json_object_get(all, "items"), output);
	}
	json_decref(all);
	return error;
}

/* --- following --- */

struct following {
	enum output output;
	char event[32];
	json_int_t last_no; /* of what was shown */
	bool was_open;
	bool has_head;
};

static void on_opened(void *context)
{
	struct following *f = context;

	fputs(f->was_open ? "bartizan events: connected again\n"
			  : "bartizan events: connected; Ctrl-C ends it\n",
	      stderr);
	f->was_open = true;
}

static void show(struct following *f, struct span data)
{
	json_t *event = json_loadb((const char *)data.ptr, data.len, JSON_ALLOW_NUL, NULL);

	if (event != NULL && f->output == OUTPUT_JSON) {
		fwrite(data.ptr, 1, data.len, stdout);
		fputc('\n', stdout);
	} else if (event != NULL) {
		event_print_line(event, f->output, !f->has_head, stdout);
		f->has_head = true;
	}
	fflush(stdout);
	f->last_no = json_integer_value(json_object_get(event, "no"));
	json_decref(event);
}

static void show_gap(struct span data)
{
	json_t *gap = json_loadb((const char *)data.ptr, data.len, 0, NULL);

	fprintf(stderr, "bartizan events: too many to show: %lld were left out\n",
		(long long)json_integer_value(json_object_get(gap, "missed")));
	json_decref(gap);
}

/* The fields of an event (HTML standard, 9.2.6); ours have one line of data each. */
static bool on_line(void *context, struct span line)
{
	struct following *f = context;
	struct span name = span_first(line, span_find(line, ':'));
	struct span value = span_after(line, name.len + 1);

	value = span_starts_with(value, " ") ? span_after(value, 1) : value;
	if (span_is(name, "event")) {
		snprintf(f->event, sizeof f->event, "%.*s", (int)value.len,
			 (const char *)value.ptr);
	} else if (span_is(name, "data") && strcmp(f->event, "event") == 0) {
		show(f, value);
	} else if (span_is(name, "data") && strcmp(f->event, "events_gap") == 0) {
		show_gap(value);
	}
	return !ferror(stdout);
}

static struct target stream_target(const struct args *args, json_int_t last_no)
{
	struct target target = target_of("/api/v1/stream");
	char number[32];

	target_param(&target, "changes", "false");
	target_param(&target, "events", args_value(args, "--kind", "all"));
	target_param(&target, "asset", args_value(args, "--asset", NULL));
	snprintf(number, sizeof number, "%lld", (long long)last_no);
	target_param(&target, "after_event", last_no > 0 ? number : NULL);
	return target;
}

/* Streams until it is ended; a stream that breaks is taken up where it ended. */
static int follow(struct client *client, const struct args *args, enum output output,
		  struct why *why)
{
	struct client_lines lines = { .opened = on_opened, .line = on_line };
	struct following f = { .output = output };

	for (;;) {
		struct target target = stream_target(args, f.last_no);
		int error = client_stream(client, &target, &lines, &f, why);

		if (error == 0 || !f.was_open ||
		    (error != ERR_CLOSED && error != ERR_AGAIN && error != ERR_TIMEOUT)) {
			return error;
		}
		usleep(RETRY_MS * 1000);
	}
}

static int run(const struct args *args, struct why *why)
{
	struct client *client = NULL;
	enum output output;
	int error;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	if (args_has(args, "--follow") &&
	    (args_has(args, "--since") || args_has(args, "--until") || args_has(args, "--limit"))) {
		(void)why_set(why, 0,
			      "--follow shows what comes: it takes no --since, --until or "
			      "--limit");
		return EXIT_USAGE;
	}
	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	error = args_has(args, "--follow") ? follow(client, args, output, why)
					   : list(client, args, output, why);
	client_free(&client);
	return error == 0 ? EXIT_FINE : EXIT_REFUSED;
}

const struct command command_events = {
	.name = "events",
	.spec = { .usage = "bartizan events [--asset ID] [--kind K] [--since TIME] [--follow] "
			   "[options]",
		  .summary =
			  "Shows what happened on assets, newest first: programs that ran, "
			  "logins, sudo, changes of accounts, services and files. With --follow, "
			  "as it happens; with --json each is then one line.",
		  .options = options,
		  .examples = "  bartizan events --kind logins --since 1d\n"
			      "  bartizan events --asset web1 --limit 20\n"
			      "  bartizan events --kind executions --follow --json" },
	.run = run,
};
