/* feed.c - vulnerability feeds: what is in force, fetching now, importing files. */
#include "cli/client.h"
#include "cli/command.h"
#include "cli/feed_inbox.h"
#include "cli/output.h"
#include "server/feeds/digest.h"
#include "sys/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS  (30 * 60 * INT64_C(1000))
#define PAUSE_US 200000

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	{ "--force", NULL, "import even what is much smaller or older than what is in force" },
	{ "--no-wait", NULL, "ask only; `bartizan feed status` shows what becomes of it" },
	COMMAND_OUTPUT_OPTIONS,
	{ 0 },
};

/* --- list and status --- */

static int show(const struct args *args, struct client *client, bool is_status, struct why *why)
{
	static const char *const list_columns[] = { "name",     "is_automatic", "records",
						    "snapshot", "summary",      NULL };
	static const char *const status_columns[] = { "name",       "records",    "snapshot",
						      "updated_at", "checked_at", "next_at",
						      "failures",   "error",      NULL };
	struct target target = target_of("/api/v1/feeds");
	json_t *answer = NULL;
	enum output output;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	if (client_call(client, "GET", &target, NULL, &answer, why) != 0) {
		return EXIT_REFUSED;
	}
	output_answer(answer, is_status ? status_columns : list_columns, output);
	if (output == OUTPUT_TABLE && is_status) {
		const json_t *k = json_object_get(answer, "knowledge");

		printf("\nindex: generation %lld, %lld entries of %lld packages, %lld "
		       "vulnerabilities, %lld bytes%s\n",
		       (long long)json_integer_value(json_object_get(k, "generation")),
		       (long long)json_integer_value(json_object_get(k, "entries")),
		       (long long)json_integer_value(json_object_get(k, "packages")),
		       (long long)json_integer_value(json_object_get(k, "vulnerabilities")),
		       (long long)json_integer_value(json_object_get(k, "bytes")),
		       json_is_true(json_object_get(answer, "is_offline"))
			       ? "; this server is offline"
			       : "");
	}
	json_decref(answer);
	return EXIT_FINE;
}

/* --- asking, and waiting until it is done --- */

static const json_t *item_of(const json_t *answer, const char *feed)
{
	const json_t *items = json_object_get(answer, "items");

	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *item = json_array_get(items, i);
		const char *name = json_string_value(json_object_get(item, "name"));

		if (name != NULL && strcmp(name, feed) == 0) {
			return item;
		}
	}
	return NULL;
}

/* True where the attempt is over; *ok says how it ended. */
static bool is_over(const json_t *answer, const char *feed, int64_t requested_ms, bool *ok,
		    struct why *why)
{
	const json_t *item = item_of(answer, feed);
	const char *error = json_string_value(json_object_get(item, "error"));

	if (item == NULL || output_time_of(item, "tried_at") < requested_ms ||
	    json_is_true(json_object_get(item, "is_running"))) {
		return false;
	}
	*ok = error == NULL;
	if (*ok) {
		printf("%s: %lld records in force%s%s\n", feed,
		       (long long)json_integer_value(json_object_get(item, "records")),
		       json_is_null(json_object_get(item, "snapshot")) ? "" : ", of ",
		       json_is_null(json_object_get(item, "snapshot"))
			       ? ""
			       : json_string_value(json_object_get(item, "snapshot")));
	} else {
		(void)why_set(why, 0, "%s: %.400s", feed, error);
	}
	return true;
}

static int wait_for(struct client *client, const char *feed, int64_t requested_ms, struct why *why)
{
	struct target target = target_of("/api/v1/feeds");
	int64_t deadline_ms = clock_ms() + WAIT_MS;
	bool ok = false;

	while (clock_ms() < deadline_ms) {
		json_t *answer = NULL;
		bool is_done;

		if (client_call(client, "GET", &target, NULL, &answer, why) != 0) {
			return EXIT_REFUSED;
		}
		is_done = is_over(answer, feed, requested_ms, &ok, why);
		json_decref(answer);
		if (is_done) {
			return ok ? EXIT_FINE : EXIT_REFUSED;
		}
		(void)usleep(PAUSE_US);
	}
	(void)why_set(why, 0, "%s is still under way; see `bartizan feed status`", feed);
	return EXIT_REFUSED;
}

static int ask(const struct args *args, struct client *client, const char *feed, const char *what,
	       json_t *body, struct why *why)
{
	struct target target = target_of("/api/v1/feeds");
	json_t *answer = NULL;
	int64_t requested_ms;

	target_segment(&target, feed);
	target_segment(&target, what);
	if (client_call(client, "POST", &target, body, &answer, why) != 0) {
		return EXIT_REFUSED;
	}
	requested_ms = output_time_of(answer, "requested_at");
	json_decref(answer);
	return args_has(args, "--no-wait") ? EXIT_FINE : wait_for(client, feed, requested_ms, why);
}

/* --- updating --- */

/* What is not fetched by itself is said, and how to have it. */
static void tell_left_out(const json_t *feeds_now)
{
	const char *between =
		"bartizan: left out, fetched by name only (or once an asset needs it): ";

	for (size_t i = 0; feeds[i] != NULL; i++) {
		if (!json_is_true(
			    json_object_get(item_of(feeds_now, feeds[i]->name), "is_automatic"))) {
			fprintf(stderr, "%s%s", between, feeds[i]->name);
			between = ", ";
		}
	}
	fputs("\n", stderr);
}

static int update_all(const struct args *args, struct client *client, struct why *why)
{
	struct target target = target_of("/api/v1/feeds");
	json_t *now = NULL;
	int status = EXIT_FINE;

	if (client_call(client, "GET", &target, NULL, &now, why) != 0) {
		return EXIT_REFUSED;
	}
	for (size_t i = 0; feeds[i] != NULL; i++) {
		const json_t *item = item_of(now, feeds[i]->name);
		struct why reason = { "" };

		if (json_is_true(json_object_get(item, "is_automatic")) &&
		    ask(args, client, feeds[i]->name, "update", NULL, &reason) != EXIT_FINE) {
			fprintf(stderr, "bartizan: %s\n", reason.text);
			status = EXIT_REFUSED;
			*why = (struct why){ "" };
		}
	}
	tell_left_out(now);
	json_decref(now);
	return status;
}

/* --- importing --- */

static int import(const struct args *args, struct client *client, struct why *why)
{
	const char *name = args->positionals[1];
	const char *path = args->positionals[2];
	const struct feed *feed = feed_named(span_of(name));
	char inbox[FEED_INBOX_SIZE];
	int error = 0;

	if (strcmp(name, "auto") == 0) {
		error = digest_recognise(path, &feed, why);
	} else if (feed == NULL) {
		(void)why_set(why, 0, "there is no feed %.60s; `bartizan feed list` shows them",
			      name);
		return EXIT_REFUSED;
	}
	error = error != 0 ? error : feed_inbox_fill(args, path, inbox, why);
	if (error != 0) {
		return EXIT_REFUSED;
	}
	return ask(args, client, feed->name, "import",
		   json_pack("{s:s,s:b}", "inbox", inbox, "force", (int)args_has(args, "--force")),
		   why);
}

/* --- the command --- */

static int usage(const struct args *args, struct why *why)
{
	(void)why_set(why, 0, "the usage is: %s", args->spec->usage);
	return EXIT_USAGE;
}

static int run(const struct args *args, struct why *why)
{
	const char *verb = args->positionals[0];
	unsigned count = args->positional_count;
	struct client *client = NULL;
	int status;

	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	if ((strcmp(verb, "list") == 0 || strcmp(verb, "status") == 0) && count == 1) {
		status = show(args, client, strcmp(verb, "status") == 0, why);
	} else if (strcmp(verb, "update") == 0 && count <= 2) {
		status = count == 1 ? update_all(args, client, why)
				    : ask(args, client, args->positionals[1], "update", NULL, why);
	} else if (strcmp(verb, "import") == 0 && count == 3) {
		status = import(args, client, why);
	} else {
		status = usage(args, why);
	}
	client_free(&client);
	return status;
}

const struct command command_feed = {
	.name = "feed",
	.spec = { .usage = "bartizan feed list|status|update [NAME]|import NAME PATH [options]",
		  .summary = "Vulnerability feeds: which there are, what is in force and what went "
			     "wrong last; fetches one now (or all that are fetched by themselves), "
			     "or imports a file or folder "
			     "as published, on the server's own machine. NAME may be 'auto'.",
		  .options = options,
		  .examples = "  bartizan feed status\n"
			      "  bartizan feed update kev\n"
			      "  bartizan feed import auto ./known_exploited_vulnerabilities.json\n"
			      "  bartizan feed import redhat ./csaf/",
		  .positionals_min = 1,
		  .positionals_max = 3 },
	.run = run,
};
