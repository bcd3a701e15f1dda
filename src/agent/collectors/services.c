/* services.c - every unit file of systemd, with its drop-ins, and whether it is enabled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collectors/table.h"
#include "agent/collectors/unit_files.h"
#include "base/error.h"
#include "formats/systemd_unit.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define FILE_MAX (1u << 20)

/* A value of a unit file as text; one that does not fit is as if it were not there. */
struct text {
	char bytes[ROW_TEXT_MAX];
	size_t len;
};

/* What unit file and drop-ins say together. */
struct unit_facts {
	struct text description;
	struct text exec;
	struct text user;
	struct text aliases; /* a blank behind each */
	struct text instance;
	bool has_rules; /* [Install] names units that would want it */
	bool has_also;
};

static void set(struct text *text, struct span raw)
{
	struct writer w = writer_over((uint8_t *)text->bytes, sizeof text->bytes - 1);

	text->len = systemd_unit_write(raw, &w) == 0 ? writer_used(&w) : 0;
	text->bytes[text->len] = '\0';
}

/* ExecStart= is a list: the first counts, and an empty one begins anew. */
static void set_exec(struct text *text, struct span raw)
{
	if (text->len == 0 || span_trim(raw).len == 0) {
		set(text, raw);
	}
}

static void add_alias(struct text *text, struct span raw)
{
	struct writer w = writer_over((uint8_t *)text->bytes, sizeof text->bytes - 1);

	(void)writer_reserve(&w, text->len); /* what is there already */
	if (systemd_unit_write(raw, &w) == 0) {
		writer_text(&w, " ");
		text->len = writer_ok(&w) ? writer_used(&w) : text->len;
	}
	text->bytes[text->len] = '\0';
}

static void take_install(struct unit_facts *facts, const struct systemd_unit_entry *entry)
{
	if (span_is(entry->key, "Alias")) {
		add_alias(&facts->aliases, entry->raw);
		facts->has_rules = true;
	} else if (span_is(entry->key, "DefaultInstance")) {
		set(&facts->instance, entry->raw);
	} else if (span_is(entry->key, "Also")) {
		facts->has_also = true;
	} else if (span_is(entry->key, "WantedBy") || span_is(entry->key, "RequiredBy") ||
		   span_is(entry->key, "UpheldBy")) {
		facts->has_rules = facts->has_rules || span_trim(entry->raw).len > 0;
	}
}

static void take_entry(struct unit_facts *facts, const struct systemd_unit_entry *entry)
{
	if (span_is(entry->section, "Unit") && span_is(entry->key, "Description")) {
		set(&facts->description, entry->raw);
	} else if (span_is(entry->section, "Service") && span_is(entry->key, "ExecStart")) {
		set_exec(&facts->exec, entry->raw);
	} else if (span_is(entry->section, "Service") && span_is(entry->key, "User")) {
		set(&facts->user, entry->raw);
	} else if (span_is(entry->section, "Install")) {
		take_install(facts, entry);
	}
}

static int read_unit(struct collection *c, const char *path, struct unit_facts *facts)
{
	struct buffer file OWNED(buffer_done);
	struct systemd_unit_iterator it;
	struct systemd_unit_entry entry;
	int error;

	buffer_init(&file, FILE_MAX);
	error = tree_read(c->machine->tree, path, &file);
	if (error != 0) {
		return collection_missing(error);
	}
	it = systemd_unit_over(buffer_span(&file));
	while (systemd_unit_next(&it, &entry)) {
		take_entry(facts, &entry);
	}
	return 0;
}

/* Drop-ins of NAME.d: by file name, and of one name the folder of highest precedence. */
static int read_drop_ins(struct collection *c, const struct unit_files *files, const char *unit,
			 struct unit_facts *facts)
{
	const char *last = "";
	char path[TREE_PATH_SIZE];
	int error = 0;

	for (size_t i = 0; error == 0 && i < files->drop_in_count; i++) {
		const struct unit_drop_in *drop_in = &files->drop_ins[i];

		if (strcmp(drop_in->unit, unit) != 0 || strcmp(drop_in->file, last) == 0) {
			continue;
		}
		last = drop_in->file;
		snprintf(path, sizeof path, "%s/%s.d/%s", unit_folders[drop_in->folder].path, unit,
			 drop_in->file);
		error = read_unit(c, path, facts);
	}
	return error;
}

static const char *state_of(const struct unit_files *files, const struct unit_file *unit,
			    const struct unit_facts *facts)
{
	enum unit_folder_kind kind = unit_folders[unit->folder].kind;
	const char *enablement;

	if (unit->is_masked) {
		return kind == UNIT_FOLDER_RUNTIME ? "masked-runtime" : "masked";
	}
	if (unit->target != NULL && strcmp(unit->target, unit->name) != 0) {
		return "alias";
	}
	if (kind == UNIT_FOLDER_GENERATOR) {
		return "generated";
	}
	if (kind == UNIT_FOLDER_TRANSIENT) {
		return "transient";
	}
	enablement =
		unit_files_enablement(files, unit, facts->aliases.bytes, facts->instance.bytes);
	if (enablement != NULL) {
		return enablement;
	}
	if (facts->has_rules) {
		return "disabled";
	}
	return facts->has_also ? "indirect" : "static";
}

static struct span span_of_text(const struct text *text)
{
	return (struct span){ (const uint8_t *)text->bytes, text->len };
}

static void emit(struct collection *c, const struct unit_files *files, const struct unit_file *unit,
		 const char *path, const struct unit_facts *facts)
{
	struct row *row = collection_row(c);

	row_set_text(row, SERVICES_NAME, span_of(unit->name));
	row_set_text(row, SERVICES_TYPE, span_of(unit_type(unit->name)));
	row_set_text_if_any(row, SERVICES_DESCRIPTION, span_of_text(&facts->description));
	row_set_text(row, SERVICES_STATE, span_of(state_of(files, unit, facts)));
	row_set_text_if_any(row, SERVICES_EXEC, systemd_unit_exec(span_of_text(&facts->exec)));
	row_set_text_if_any(row, SERVICES_USER, span_of_text(&facts->user));
	row_set_text(row, SERVICES_PATH, span_of(path));
	collection_emit(c);
}

/* The unit behind a link to another name; itself where there is none. */
static const struct unit_file *behind(const struct unit_files *files, const struct unit_file *unit)
{
	const struct unit_file *other = unit->target != NULL && !unit->is_masked
						? unit_files_find(files, unit->target)
						: NULL;

	return other != NULL ? other : unit;
}

static int collect_unit(struct collection *c, const struct unit_files *files,
			const struct unit_file *unit, struct unit_facts *facts)
{
	const struct unit_file *real = behind(files, unit);
	char path[TREE_PATH_SIZE];
	int error = 0;

	memset(facts, 0, sizeof *facts);
	if (tree_join(unit_folders[real->folder].path, real->name, path) != 0) {
		return 0;
	}
	if (!real->is_masked) {
		error = read_unit(c, path, facts);
		if (error == 0) {
			error = read_drop_ins(c, files, real->name, facts);
		}
	}
	if (error == 0) {
		emit(c, files, unit, path, facts);
	}
	return error;
}

static int services_collect(struct collection *c)
{
	struct unit_facts *facts OWNED(alloc_free) = alloc_zeroed(1, sizeof *facts);
	struct unit_files files;
	int error = unit_files_scan(c->machine->tree, &files);

	if (error != 0) {
		return error;
	}
	for (size_t i = 0; error == 0 && i < files.file_count; i++) {
		error = collect_unit(c, &files, &files.files[i], facts);
	}
	unit_files_done(&files);
	return error;
}

const struct collector collector_services = {
	.name = "services",
	.summary = "unit files of systemd and whether they are enabled",
	.table = TABLE_SERVICES,
	.collect = services_collect,
};
