/* dump.c - one walk, or the event sources until somebody has seen enough. */
#include "agent/dump.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/collector.h"
#include "agent/event_path.h"
#include "agent/health.h"
#include "agent/rows_text.h"
#include "agent/watched_files.h"
#include "base/error.h"
#include "schema/schema.h"
#include "sys/clock.h"
#include "sys/loop.h"

static int fail(const char *reason)
{
	fprintf(stderr, "bartizan-agent: %s\n", reason);
	return SENSOR_FAILED;
}

static bool is_readable(const struct collector *collector, const struct machine *machine)
{
	return machine->is_live || !schema_by_number(collector->table)->is_live_only;
}

static void ignore_row(void *context, struct span row)
{
	(void)context;
	(void)row;
}

/* What sensor_health tells of is the others. */
static void walk_all_others(struct machine *machine)
{
	for (size_t i = 0; collectors[i] != NULL; i++) {
		if (collectors[i]->table != TABLE_SENSOR_HEALTH &&
		    is_readable(collectors[i], machine)) {
			(void)!collector_run(collectors[i], machine, ignore_row, NULL);
		}
	}
}

/* Why a table has no rows goes to stderr: stdout is for programs. */
static void explain(const struct collector *collector, const struct machine *machine, int error)
{
	const char *reason;
	size_t count;
	enum health_state state = health_of(machine->health, collector->table, &reason, &count);

	if (error != 0 || state == HEALTH_OFF) {
		fprintf(stderr, "bartizan-agent: %s cannot be read: %s\n", collector->name,
			reason != NULL ? reason : error_text(error));
	}
}

static int dump_table(const struct dump_request *request, const struct collector *collector,
		      struct machine *machine)
{
	struct rows_text rows;
	int error;

	rows_text_init(&rows, schema_by_number(collector->table));
	error = collector_run(collector, machine, rows_text_take, &rows);
	rows_text_sort(&rows);
	if (request->is_json) {
		rows_text_json(&rows, stdout);
	} else {
		rows_text_aligned(&rows, stdout);
	}
	explain(collector, machine, error);
	rows_text_done(&rows);
	return error != 0 ? SENSOR_FAILED : SENSOR_DONE;
}

/* A table that cannot be read leaves the others alone. */
static int dump_all(const struct dump_request *request, struct machine *machine)
{
	const char *before = request->is_json ? "{\n" : "";

	for (size_t i = 0; collectors[i] != NULL; i++) {
		if (!is_readable(collectors[i], machine)) {
			continue;
		}
		if (request->is_json) {
			printf("%s\"%s\":", before, collectors[i]->name);
			before = ",\n";
		} else {
			printf("%s%s\n", before, collectors[i]->name);
			before = "\n";
		}
		(void)dump_table(request, collectors[i], machine);
	}
	if (request->is_json) {
		puts("\n}");
	}
	return SENSOR_DONE;
}

static const struct collector *find(const char *name)
{
	for (size_t i = 0; collectors[i] != NULL; i++) {
		if (strcmp(collectors[i]->name, name) == 0) {
			return collectors[i];
		}
	}
	return NULL;
}

static int list_names(const char *name)
{
	fprintf(stderr, "bartizan-agent: there is no table \"%s\"; there are:\n  all events", name);
	for (size_t i = 0; collectors[i] != NULL; i++) {
		fprintf(stderr, "%s%s", i % 8 == 6 ? "\n  " : " ", collectors[i]->name);
	}
	fputs("\n", stderr);
	return SENSOR_USAGE;
}

/* --- events --- */

static void print_event(void *context, int64_t at_ms, const struct row *row)
{
	char time[CLOCK_TEXT_SIZE];
	uint8_t bytes[ROW_BYTES_MAX];
	struct writer w = writer_over(bytes, sizeof bytes);
	struct row encoded;

	(void)context;
	if (row_encode(row, &w) != 0 || row_decode(row->table, writer_span(&w), &encoded) != 0) {
		return;
	}
	clock_to_text(at_ms, time);
	printf("{\"time\":\"%s\",\"event\":\"%s\",", time, row->table->name);
	row_text_json(&encoded, stdout);
	puts("}");
}

static void tell_sources(const struct source_set *sources)
{
	for (size_t i = 0; schema_events[i] != NULL; i++) {
		const char *reason;
		const struct event_source *source =
			source_set_of(sources, schema_events[i]->number, &reason);

		if (schema_events[i]->number != EVENT_GAPS && !schema_events[i]->is_derived) {
			fprintf(stderr, "bartizan-agent: %s: %s%s\n", schema_events[i]->name,
				source != NULL ? "by " : "not seen: ",
				source != NULL ? source->name : reason);
		}
	}
}

struct following {
	struct loop *loop;
	struct event_path path;
	struct loop_timer *timer;
};

static void on_stop(void *context)
{
	struct following *f = context;

	loop_stop(f->loop);
}

static void turn(void *context)
{
	struct following *f = context;
	int64_t now_ms = clock_ms();
	int64_t next_ms = event_path_turn(&f->path, now_ms);

	if (next_ms != INT64_MAX) {
		loop_timer_arm(f->timer, next_ms > now_ms ? next_ms - now_ms : 0);
	}
	if (fflush(stdout) != 0) {
		loop_stop(f->loop); /* nobody reads it any more */
	}
}

static void wake(void *context)
{
	(void)context; /* the turn follows */
}

static int follow_events(const struct dump_request *request, struct machine *machine)
{
	struct following f = { .loop = loop_new() };
	struct why why;
	int status = SENSOR_DONE;

	loop_on_signal(f.loop, SIGTERM, on_stop, &f);
	loop_on_signal(f.loop, SIGINT, on_stop, &f);
	f.timer = loop_timer(f.loop, wake, &f);
	event_path_open(&f.path, NULL, machine, f.loop, true);
	event_sink_tap(f.path.sink, print_event, &f);
	tell_sources(f.path.sources);
	if (collector_confine(request->is_firewall_read, &why) != 0) {
		status = fail(why.text);
	} else {
		loop_on_idle(f.loop, turn, &f);
		loop_run(f.loop);
		loop_on_idle(f.loop, NULL, NULL);
	}
	event_path_close(&f.path);
	loop_timer_free(&f.timer);
	loop_free(&f.loop);
	return status;
}

static int dump_confined(const struct dump_request *request, const struct collector *collector,
			 struct machine *machine)
{
	int status;

	if (collector == NULL) {
		return dump_all(request, machine);
	}
	if (collector->table == TABLE_SENSOR_HEALTH) {
		walk_all_others(machine);
	}
	status = dump_table(request, collector, machine);
	if (request->is_json) {
		puts("");
	}
	return status;
}

static int dump(const struct dump_request *request, struct machine *machine)
{
	const struct collector *collector = find(request->name);
	struct watched_files *files = NULL;
	struct why why;
	int status;

	if (collector == NULL && strcmp(request->name, "all") != 0) {
		return list_names(request->name);
	}
	if (collector != NULL && !is_readable(collector, machine)) {
		return fail("this table says nothing of a file tree (--root), only of a running "
			    "machine");
	}
	if (collector == NULL || collector->table == TABLE_FILES) {
		files = watched_files_open(machine, 0);
	}
	if (collector_confine(request->is_firewall_read, &why) != 0) {
		status = fail(why.text);
	} else {
		if (files != NULL) {
			watched_files_learn(files);
		}
		status = dump_confined(request, collector, machine);
	}
	watched_files_close(&files);
	return status;
}

int dump_run(const struct dump_request *request)
{
	struct machine machine;
	struct why why;
	int status;

	if (machine_open(request->root, &machine, &why) != 0) {
		return fail(why.text);
	}
	machine.health = health_new();
	if (strcmp(request->name, "events") != 0) {
		status = dump(request, &machine);
	} else if (!machine.is_live) {
		status = fail("nothing happens in a file tree (--root)");
	} else {
		status = follow_events(request, &machine);
	}
	health_free(&machine.health);
	machine_close(&machine);
	return fflush(stdout) != 0 ? SENSOR_FAILED : status;
}
