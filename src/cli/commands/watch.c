/* watch.c - changes as they happen. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/change.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"
#include "sys/clock.h"

/* Pause before the stream is opened again, after it broke. */
#define RETRY_MS 500

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	{ "--table", "T", "only this table" },
	{ "--asset", "ID", "only this asset: its id, the first digits of it, or its name" },
	{ "--count", "N", "end with exit code 0 after N changes" },
	{ "--timeout", "S", "end after this time: with exit code 1 where --count was not reached" },
	COMMAND_OUTPUT_OPTIONS,
	{ 0 },
};

struct watching {
	enum output output;
	uint64_t count_max; /* 0: no end */
	uint64_t count;
	int64_t deadline_ms;
	char event[32];
	char id[64];      /* of the event that arrives */
	char last_id[64]; /* of the last change that was shown */
	bool was_open;
	bool has_head;
};

static void on_opened(void *context)
{
	struct watching *w = context;

	if (!w->was_open) {
		fputs("bartizan watch: connected; Ctrl-C ends it\n", stderr);
	} else {
		fputs("bartizan watch: connected again\n", stderr);
	}
	w->was_open = true;
}

static void show_change(struct watching *w, struct span data)
{
	json_t *change;

	if (w->output == OUTPUT_JSON) {
		fwrite(data.ptr, 1, data.len, stdout);
		fputc('\n', stdout);
		return;
	}
	change = json_loadb((const char *)data.ptr, data.len, JSON_ALLOW_NUL, NULL);
	if (change != NULL) {
		change_print_line(change, w->output, !w->has_head, stdout);
		w->has_head = true;
	}
	json_decref(change);
}

static void show_gap(struct span data)
{
	json_t *gap = json_loadb((const char *)data.ptr, data.len, 0, NULL);

	fprintf(stderr, "bartizan watch: too many changes to show: %lld were left out\n",
		(long long)json_integer_value(json_object_get(gap, "missed")));
	json_decref(gap);
}

static bool take_data(struct watching *w, struct span data)
{
	if (strcmp(w->event, "gap") == 0) {
		show_gap(data);
	} else if (strcmp(w->event, "change") == 0) {
		show_change(w, data);
		fflush(stdout);
		memcpy(w->last_id, w->id, sizeof w->last_id);
		w->count++;
	}
	return !ferror(stdout) && (w->count_max == 0 || w->count < w->count_max);
}

/* The fields of an event (HTML standard, 9.2.6); ours have one line of data each. */
static bool on_line(void *context, struct span line)
{
	struct watching *w = context;
	struct span name = span_first(line, span_find(line, ':'));
	struct span value = span_after(line, name.len + 1);

	value = span_starts_with(value, " ") ? span_after(value, 1) : value;
	if (span_is(name, "event")) {
		snprintf(w->event, sizeof w->event, "%.*s", (int)value.len,
			 (const char *)value.ptr);
	} else if (span_is(name, "id")) {
		snprintf(w->id, sizeof w->id, "%.*s", (int)value.len, (const char *)value.ptr);
	} else if (span_is(name, "data")) {
		return take_data(w, value);
	}
	return true;
}

/* False where another attempt would fail as well. */
static bool is_passing(int error)
{
	return error == ERR_CLOSED || error == ERR_AGAIN || error == ERR_TIMEOUT;
}

/* Streams until the count or the time is reached; a stream that breaks is taken up where it ended.
 */
static int follow(struct client *client, const struct target *target, struct watching *w,
		  struct why *why)
{
	struct client_lines lines = { .opened = on_opened,
				      .line = on_line,
				      .deadline_ms = w->deadline_ms };
	struct why why_broken = { 0 };
	bool is_broken = false;

	for (;;) {
		bool had_been_open = w->was_open;
		int error;

		lines.last_event_id = w->last_id;
		error = client_stream(client, target, &lines, w, &why_broken);
		if (error == 0) {
			return 0;
		}
		if (w->deadline_ms > 0 && clock_ms() >= w->deadline_ms) {
			return why_set(why, ERR_TIMEOUT, "%s", "");
		}
		if (!w->was_open || !is_passing(error)) {
			return why_set(why, error, "%s", why_broken.text);
		}
		if (!is_broken || had_been_open != w->was_open) {
			fprintf(stderr, "bartizan watch: %s; trying again\n", why_broken.text);
			is_broken = true;
		}
		usleep(RETRY_MS * 1000);
	}
}

static int read_options(const struct args *args, struct watching *out, struct why *why)
{
	const char *count = args_value(args, "--count", NULL);
	const char *timeout = args_value(args, "--timeout", NULL);
	int64_t timeout_ms;

	if (count != NULL && (text_to_u64(span_of(count), UINT64_MAX, &out->count_max) != 0 ||
			      out->count_max == 0)) {
		return why_set(why, ERR_USAGE, "--count must be a number, 1 or more");
	}
	if (timeout != NULL) {
		if (clock_duration_from_text(span_of(timeout), &timeout_ms) != 0 ||
		    timeout_ms <= 0) {
			return why_set(why, ERR_USAGE,
				       "--timeout must be a time, such as 30s or 5m");
		}
		out->deadline_ms = clock_ms() + timeout_ms;
	}
	return output_of(args, &out->output, why);
}

static int run(const struct args *args, struct why *why)
{
	struct target target = target_of("/api/v1/stream");
	struct watching w = { 0 };
	struct client *client = NULL;
	int error;

	if (read_options(args, &w, why) != 0) {
		return EXIT_USAGE;
	}
	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	target_param(&target, "table", args_value(args, "--table", NULL));
	target_param(&target, "asset", args_value(args, "--asset", NULL));
	error = follow(client, &target, &w, why);
	client_free(&client);
	if (error == ERR_TIMEOUT && w.count_max > 0) {
		(void)why_set(why, 0, "the time was up after %llu of %llu changes",
			      (unsigned long long)w.count, (unsigned long long)w.count_max);
		return EXIT_REFUSED;
	}
	return error == 0 || error == ERR_TIMEOUT ? EXIT_FINE : EXIT_REFUSED;
}

const struct command command_watch = {
	.name = "watch",
	.spec = { .usage = "bartizan watch [--table T] [--asset ID] [--count N] [--timeout S] "
			   "[options]",
		  .summary = "Shows changes as they happen, until Ctrl-C. With --json each is one "
			     "line of "
			     "JSON. A connection that breaks is taken up where it ended.",
		  .options = options,
		  .examples = "  bartizan watch --data var\n"
			      "  bartizan watch --table users --asset web1\n"
			      "  bartizan watch --table packages --count 1 --timeout 30s --json" },
	.run = run,
};
