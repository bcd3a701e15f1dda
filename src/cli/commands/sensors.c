/* sensors.c - the sensors, and cutting one off. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/output.h"

static const struct arg options[] = {
	COMMAND_SERVER_OPTIONS,
	COMMAND_OUTPUT_OPTIONS,
	{ 0 },
};

static const char *const columns[] = { "id",     "name", "version",   "address",
				       "status", "note", "last_seen", NULL };

static const char *const all_columns[] = { "id",
					   "kind",
					   "asset",
					   "name",
					   "version",
					   "address",
					   "status",
					   "is_connected",
					   "is_revoked",
					   "enrolled_at",
					   "last_seen",
					   "certificate_not_after",
					   "tags",
					   "clone_of",
					   "is_duplicated",
					   "collectors_failing",
					   "collectors_off",
					   "note",
					   NULL };

static const char *text_of(const json_t *sensor, const char *name)
{
	const char *text = json_string_value(json_object_get(sensor, name));

	return text != NULL ? text : "";
}

static json_int_t number_of(const json_t *sensor, const char *name)
{
	return json_integer_value(json_object_get(sensor, name));
}

static void add_note(char *notes, size_t size, const char *format, ...) PRINTF(3, 4);

static void add_note(char *notes, size_t size, const char *format, ...)
{
	size_t used = strlen(notes);
	va_list arguments;

	if (used > 0) {
		snprintf(notes + used, size - used, "; ");
		used = strlen(notes);
	}
	va_start(arguments, format);
	vsnprintf(notes + used, size - used, format, arguments);
	va_end(arguments);
}

/* What somebody should know of it, in words. */
static void write_notes(const json_t *sensor, char *notes, size_t size)
{
	const json_t *policy = json_object_get(sensor, "policy");

	notes[0] = '\0';
	if (strcmp(text_of(sensor, "status"), "offline") == 0 &&
	    text_of(sensor, "last_seen")[0] != '\0') {
		add_note(notes, size, "offline since %.19s", text_of(sensor, "last_seen"));
	}
	if (strcmp(text_of(sensor, "status"), "silent") == 0) {
		add_note(notes, size, "reader silent for %lld s%s%s",
			 (long long)number_of(sensor, "silent_s"),
			 text_of(sensor, "busy_table")[0] != '\0' ? " while reading " : "",
			 text_of(sensor, "busy_table"));
	}
	if (number_of(sensor, "collectors_failing") > 0) {
		add_note(notes, size, "%lld collectors failing",
			 (long long)number_of(sensor, "collectors_failing"));
	}
	if (json_is_object(policy) && !json_is_true(json_object_get(policy, "is_in_force"))) {
		add_note(notes, size, "policy pending");
	}
	if (text_of(sensor, "clone_of")[0] != '\0') {
		add_note(notes, size, "enrolled as a clone of %s", text_of(sensor, "clone_of"));
	}
	if (json_is_true(json_object_get(sensor, "is_duplicated"))) {
		add_note(notes, size, "its key is used twice: %s", text_of(sensor, "duplicates"));
	}
}

static void print_items(const json_t *items, enum output output)
{
	char notes[512];
	size_t index;
	json_t *sensor;

	json_array_foreach(items, index, sensor)
	{
		write_notes(sensor, notes, sizeof notes);
		json_object_set_new(sensor, "note", json_string(notes));
	}
	output_items(items, output == OUTPUT_CSV ? all_columns : columns, output);
}

static int list(struct client *client, enum output output, struct why *why)
{
	struct target target = target_of("/api/v1/sensors");
	json_t *answer = NULL;
	int error = client_pages(client, &target, "after", 0, &answer, why);

	if (error == 0 && output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else if (error == 0) {
		print_items(json_object_get(answer, "items"), output);
	}
	json_decref(answer);
	return error;
}

/* A sensor's facts, one a line, and its collectors that are not well. */
static void print_whole(const json_t *sensor)
{
	static const char *const health[] = { "collector", "state", "error", NULL };
	static const char *const facts[] = { "fact", "value", NULL };
	const json_t *policy = json_object_get(sensor, "policy");
	struct sheet *sheet = sheet_new(facts);
	char notes[512];

	for (size_t i = 0; all_columns[i + 1] != NULL; i++) {
		sheet_text(sheet, span_of(all_columns[i]));
		sheet_json(sheet, json_object_get(sensor, all_columns[i]));
	}
	sheet_text(sheet, span_of("policy"));
	sheet_text(sheet, span_of(!json_is_object(policy) ? "it knows none"
				  : json_is_true(json_object_get(policy, "is_in_force"))
					  ? "in force"
					  : "pending: another one is in force"));
	write_notes(sensor, notes, sizeof notes);
	sheet_text(sheet, span_of("note"));
	sheet_text(sheet, span_of(notes));
	sheet_print(sheet, OUTPUT_TABLE, output_width(), stdout);
	sheet_free(&sheet);
	if (json_array_size(json_object_get(sensor, "health")) > 0) {
		fputc('\n', stdout);
		output_items(json_object_get(sensor, "health"), health, OUTPUT_TABLE);
	}
	if (json_is_true(json_object_get(sensor, "is_duplicated"))) {
		puts("\nTwo machines use one state folder. On the copy: stop bartizan-agent, "
		     "delete its\n"
		     "state folder and start it with a new token. Where you do not know the copy, "
		     "revoke\n"
		     "this sensor ('bartizan sensors revoke ID') and enrol the machine anew.");
	}
}

static int show(struct client *client, const char *id, enum output output, struct why *why)
{
	struct target target = target_of("/api/v1/sensors");
	json_t *answer = NULL;
	int error;

	target_segment(&target, id);
	error = client_call(client, "GET", &target, NULL, &answer, why);
	if (error == 0 && output != OUTPUT_TABLE) {
		output_json(answer, stdout);
	} else if (error == 0) {
		print_whole(answer);
	}
	json_decref(answer);
	return error;
}

static int revoke(struct client *client, const char *id, enum output output, struct why *why)
{
	struct target target = target_of("/api/v1/sensors");
	json_t *answer = NULL;
	json_t *items;
	int error;

	target_segment(&target, id);
	target_segment(&target, "revoke");
	error = client_call(client, "POST", &target, NULL, &answer, why);
	if (error == 0 && output == OUTPUT_JSON) {
		output_json(answer, stdout);
	} else if (error == 0) {
		items = json_pack("[O]", answer);
		print_items(items, output);
		json_decref(items);
	}
	json_decref(answer);
	return error;
}

static int run(const struct args *args, struct why *why)
{
	bool is_revoke = args->positional_count > 0 && strcmp(args->positionals[0], "revoke") == 0;
	bool is_show = args->positional_count > 0 && strcmp(args->positionals[0], "show") == 0;
	struct client *client = NULL;
	enum output output;
	int error;

	if (output_of(args, &output, why) != 0) {
		return EXIT_USAGE;
	}
	if (args->positional_count > 0 &&
	    ((!is_revoke && !is_show) || args->positional_count != 2)) {
		(void)why_set(why, 0, "the usage is: %s", args->spec->usage);
		return EXIT_USAGE;
	}
	if (client_open(args, &client, why) != 0) {
		return EXIT_REFUSED;
	}
	error = is_revoke ? revoke(client, args->positionals[1], output, why)
		: is_show ? show(client, args->positionals[1], output, why)
			  : list(client, output, why);
	client_free(&client);
	return error == 0 ? EXIT_FINE : EXIT_REFUSED;
}

const struct command command_sensors = {
	.name = "sensors",
	.spec = { .usage = "bartizan sensors [show ID | revoke ID] [options]",
		  .summary = "Lists sensors and how they are. 'show ID' tells all of one, with the "
			     "collectors that are not well; 'revoke ID' cuts one off at "
			     "once and "
			     "for good; its asset and history stay.",
		  .options = options,
		  .examples = "  bartizan sensors --data var\n"
			      "  bartizan sensors show web1\n"
			      "  bartizan sensors revoke 3f9c",
		  .positionals_max = 2 },
	.run = run,
};
