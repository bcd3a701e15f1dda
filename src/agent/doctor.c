/* doctor.c - every table, every event, then what lies below them. */
#include "agent/doctor.h"

#include <linux/capability.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/collector.h"
#include "agent/diagnosis.h"
#include "agent/event_path.h"
#include "agent/health.h"
#include "agent/integrity/file_watch.h"
#include "agent/watched_files.h"
#include "schema/schema.h"
#include "sys/loop.h"
#include "sys/sandbox.h"

#define TABLES "tables"
#define EVENTS "events"

/* Bytes: that files can be read is known without reading them all. */
#define LISTED_ONLY 1

static void ignore_row(void *context, struct span row)
{
	(void)context;
	(void)row;
}

static void check_table(struct diagnosis *d, const struct collector *collector,
			struct machine *machine, bool is_firewall_read)
{
	const struct table *table = schema_by_number(collector->table);
	const char *reason = NULL;
	size_t rows = 0;
	enum health_state state;

	if (!machine->is_live && table->is_live_only) {
		return;
	}
	(void)!collector_run(collector, machine, ignore_row, NULL);
	state = health_of(machine->health, collector->table, &reason, &rows);
	if (state == HEALTH_FAILING) {
		diagnosis_add(d, TABLES, collector->name, DIAGNOSIS_BAD, "cannot be read: %s",
			      reason);
	} else if (state == HEALTH_OFF) {
		bool is_chosen = collector->table == TABLE_FIREWALL && !is_firewall_read;

		diagnosis_add(d, TABLES, collector->name,
			      is_chosen || rows > 0 ? DIAGNOSIS_NOTE : DIAGNOSIS_BAD,
			      "cannot be seen: %s", reason);
	} else {
		diagnosis_add(d, TABLES, collector->name, DIAGNOSIS_OK, "%zu row%s, seen by %s",
			      rows, rows == 1 ? "" : "s", table->signal);
	}
}

/* With table files, not by a source of its own. */
static void check_file_changes(struct diagnosis *d, const char *name)
{
	struct why why;
	int fd = file_watch_open_group(&why);

	if (fd < 0) {
		diagnosis_add(d, EVENTS, name, DIAGNOSIS_NOTE,
			      "seen by inotify, which does not tell who did it: %s", why.text);
	} else if (!sandbox_has(CAP_SYS_ADMIN)) {
		diagnosis_add(d, EVENTS, name, DIAGNOSIS_NOTE,
			      "seen by fanotify; who did it is told with CAP_SYS_ADMIN only");
	} else {
		diagnosis_add(d, EVENTS, name, DIAGNOSIS_OK, "seen by fanotify, with who did it");
	}
	if (fd >= 0) {
		close(fd);
	}
}

/* Opened, so that it is known whether they can be, and closed again before the sandbox: what they
 * would see is not asked for. */
static void check_events(struct diagnosis *d, struct machine *machine)
{
	struct loop *loop = loop_new();
	struct event_path path;

	event_path_open(&path, NULL, machine, loop, true);
	for (size_t i = 0; schema_events[i] != NULL; i++) {
		const char *reason;
		const struct event_source *source =
			source_set_of(path.sources, schema_events[i]->number, &reason);

		if (schema_events[i]->number == EVENT_GAPS || schema_events[i]->is_derived) {
			continue;
		}
		if (schema_events[i]->number == EVENT_FILE_CHANGES) {
			check_file_changes(d, schema_events[i]->name);
		} else if (source != NULL) {
			diagnosis_add(d, EVENTS, schema_events[i]->name, DIAGNOSIS_OK, "seen by %s",
				      source->name);
		} else {
			diagnosis_add(d, EVENTS, schema_events[i]->name, DIAGNOSIS_BAD,
				      "cannot be seen: %s", reason);
		}
	}
	event_path_close(&path);
	loop_free(&loop);
}

static int examine(struct diagnosis *d, const struct doctor_request *request,
		   struct machine *machine, struct why *why)
{
	struct watched_files *files;
	int error;

	if (machine->is_live) {
		diagnosis_kernel(d);
		check_events(d, machine);
	}
	if (request->state != NULL) {
		diagnosis_state_folder(d, request->state);
	}
	files = watched_files_open(machine, LISTED_ONLY);
	error = collector_confine(request->is_firewall_read, why);
	if (error == 0) {
		watched_files_learn(files);
	}
	for (size_t i = 0; error == 0 && collectors[i] != NULL; i++) {
		if (collectors[i]->table != TABLE_SENSOR_HEALTH) {
			check_table(d, collectors[i], machine, request->is_firewall_read);
		}
	}
	watched_files_close(&files);
	return error;
}

int doctor_run(const struct doctor_request *request)
{
	struct diagnosis d = { .count = 0 };
	struct machine machine;
	struct why why;
	int status = SENSOR_FAILED;

	if (machine_open(request->root, &machine, &why) != 0) {
		fprintf(stderr, "bartizan-agent: %s\n", why.text);
		return SENSOR_FAILED;
	}
	machine.health = health_new();
	if (examine(&d, request, &machine, &why) != 0) {
		fprintf(stderr, "bartizan-agent: %s\n", why.text);
	} else {
		diagnosis_print(&d, request->is_json, stdout);
		status = diagnosis_is_bad(&d) ? SENSOR_FAILED : SENSOR_DONE;
	}
	diagnosis_done(&d);
	health_free(&machine.health);
	machine_close(&machine);
	return fflush(stdout) != 0 ? SENSOR_FAILED : status;
}
