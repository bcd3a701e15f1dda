/* services.c - every unit file of systemd, with its drop-ins, whether it is enabled and runs. */
#include <string.h>

#include "agent/collectors/table.h"
#include "agent/collectors/unit_active.h"
#include "agent/collectors/unit_read.h"
#include "base/error.h"
#include "formats/systemd_unit.h"
#include "schema/schema.h"
#include "sys/alloc.h"

/* What unit file and drop-ins say together. */
struct unit_facts {
	struct unit_text description;
	struct unit_text exec;
	struct unit_text user;
	struct unit_install install;
};

/* ExecStart= is a list: the first counts, and an empty one begins anew. */
static void set_exec(struct unit_text *text, struct span raw)
{
	if (text->len == 0 || span_trim(raw).len == 0) {
		unit_text_set(text, raw);
	}
}

static void take_entry(void *context, const struct systemd_unit_entry *entry)
{
	struct unit_facts *facts = context;

	if (span_is(entry->section, "Unit") && span_is(entry->key, "Description")) {
		unit_text_set(&facts->description, entry->raw);
	} else if (span_is(entry->section, "Service") && span_is(entry->key, "ExecStart")) {
		set_exec(&facts->exec, entry->raw);
	} else if (span_is(entry->section, "Service") && span_is(entry->key, "User")) {
		unit_text_set(&facts->user, entry->raw);
	} else if (span_is(entry->section, "Install")) {
		unit_install_take(&facts->install, entry);
	}
}

struct services_walk {
	struct collection *c;
	struct unit_files files;
	struct unit_active active;
	struct unit_facts facts; /* of the unit at hand */
};

static void emit(const struct services_walk *walk, const struct unit_file *unit, const char *path)
{
	const struct unit_facts *facts = &walk->facts;
	struct row *row = collection_row(walk->c);

	row_set_text(row, SERVICES_NAME, span_of(unit->name));
	row_set_text(row, SERVICES_TYPE, span_of(unit_type(unit->name)));
	row_set_text_if_any(row, SERVICES_DESCRIPTION, unit_text_span(&facts->description));
	row_set_text(row, SERVICES_STATE, span_of(unit_state(&walk->files, unit, &facts->install)));
	row_set_text_if_any(row, SERVICES_EXEC, systemd_unit_exec(unit_text_span(&facts->exec)));
	row_set_text_if_any(row, SERVICES_USER, unit_text_span(&facts->user));
	row_set_text(row, SERVICES_PATH, span_of(path));
	row_set_text_if_any(row, SERVICES_ACTIVE, span_of(unit_active_state(&walk->active, unit)));
	collection_emit(walk->c);
}

static int collect_unit(struct services_walk *walk, const struct unit_file *unit)
{
	char path[TREE_PATH_SIZE];
	int error;

	memset(&walk->facts, 0, sizeof walk->facts);
	error = unit_read(walk->c->machine->tree, &walk->files, unit, take_entry, &walk->facts,
			  path);
	if (error == 0) {
		emit(walk, unit, path);
	}
	return error == ERR_LIMIT ? 0 : error;
}

static int services_collect(struct collection *c)
{
	struct services_walk *walk OWNED(alloc_free) = alloc_zeroed(1, sizeof *walk);
	int error = unit_files_scan(c->machine->tree, &walk->files);

	if (error != 0) {
		return error;
	}
	walk->c = c;
	error = unit_active_scan(c->machine->tree, &walk->active);
	for (size_t i = 0; error == 0 && i < walk->files.file_count; i++) {
		error = collect_unit(walk, &walk->files.files[i]);
	}
	unit_active_done(&walk->active);
	unit_files_done(&walk->files);
	return error;
}

const struct collector collector_services = {
	.name = "services",
	.summary = "unit files of systemd, whether they are enabled and run",
	.table = TABLE_SERVICES,
	.collect = services_collect,
};
