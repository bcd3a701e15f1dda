/*
 * timers.c - timer units of systemd: what starts when. When they last ran is not said: that would
 * be a change at each run.
 */
#include <string.h>

#include "agent/collectors/table.h"
#include "agent/collectors/unit_read.h"
#include "base/error.h"
#include "schema/schema.h"
#include "sys/alloc.h"

/* Times of one timer; more are not reported. */
#define TIMES_MAX   32
#define TIMES_BYTES 8192

static const char *const time_keys[] = { "OnCalendar",   "OnActiveSec",     "OnBootSec",
					 "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec" };

struct timer_facts {
	struct unit_install install;
	struct unit_text unit;
	struct span times[TIMES_MAX]; /* "OnCalendar=daily", within bytes */
	size_t time_count;
	uint8_t bytes[TIMES_BYTES];
	size_t used;
};

static bool is_time(struct span key)
{
	for (size_t i = 0; i < COUNT_OF(time_keys); i++) {
		if (span_is(key, time_keys[i])) {
			return true;
		}
	}
	return false;
}

/* An empty value clears all times, of the other kinds too (systemd.timer(5)). */
static void add_time(struct timer_facts *facts, const struct systemd_unit_entry *entry)
{
	struct writer w =
		writer_over(facts->bytes + facts->used, sizeof facts->bytes - facts->used);

	if (span_trim(entry->raw).len == 0) {
		facts->time_count = 0;
		facts->used = 0;
		return;
	}
	writer_bytes(&w, entry->key);
	writer_text(&w, "=");
	if (systemd_unit_write(entry->raw, &w) == 0 && writer_ok(&w) &&
	    facts->time_count < TIMES_MAX) {
		facts->times[facts->time_count++] = writer_span(&w);
		facts->used += writer_used(&w);
	}
}

static void take_entry(void *context, const struct systemd_unit_entry *entry)
{
	struct timer_facts *facts = context;

	if (span_is(entry->section, "Install")) {
		unit_install_take(&facts->install, entry);
	} else if (span_is(entry->section, "Timer") && span_is(entry->key, "Unit")) {
		unit_text_set(&facts->unit, entry->raw);
	} else if (span_is(entry->section, "Timer") && is_time(entry->key)) {
		add_time(facts, entry);
	}
}

/* Without Unit= it is the service of the same name. */
static void set_unit(struct row *row, const struct unit_file *unit, const struct timer_facts *facts,
		     struct writer *w)
{
	struct span name = span_of(unit->name);

	if (facts->unit.len > 0) {
		row_set_text(row, TIMERS_UNIT, unit_text_span(&facts->unit));
		return;
	}
	writer_bytes(w, span_first(name, name.len - strlen(".timer")));
	writer_text(w, ".service");
	row_set_text(row, TIMERS_UNIT, writer_span(w));
}

static int collect_timer(struct collection *c, const struct unit_files *files,
			 const struct unit_file *unit, struct timer_facts *facts)
{
	uint8_t name[TREE_PATH_SIZE];
	struct writer w = writer_over(name, sizeof name);
	char path[TREE_PATH_SIZE];
	struct row *row;
	int error;

	memset(facts, 0, sizeof *facts);
	error = unit_read(c->machine->tree, files, unit, take_entry, facts, path);
	if (error != 0) {
		return error == ERR_LIMIT ? 0 : error;
	}
	row = collection_row(c);
	row_set_text(row, TIMERS_NAME, span_of(unit->name));
	row_set_list(row, TIMERS_SCHEDULE, facts->times, facts->time_count);
	set_unit(row, unit, facts, &w);
	row_set_text(row, TIMERS_STATE, span_of(unit_state(files, unit, &facts->install)));
	collection_emit(c);
	return 0;
}

static int timers_collect(struct collection *c)
{
	struct timer_facts *facts OWNED(alloc_free) = alloc_zeroed(1, sizeof *facts);
	struct unit_files files;
	int error = unit_files_scan(c->machine->tree, &files);

	if (error != 0) {
		return error;
	}
	for (size_t i = 0; error == 0 && i < files.file_count; i++) {
		if (strcmp(unit_type(files.files[i].name), "timer") == 0) {
			error = collect_timer(c, &files, &files.files[i], facts);
		}
	}
	unit_files_done(&files);
	return error;
}

const struct collector collector_timers = {
	.name = "timers",
	.summary = "timer units of systemd, when they fire and what they start",
	.table = TABLE_TIMERS,
	.collect = timers_collect,
};
