/* unit_read.c - follows load-dropin.c and install.c of systemd. */
#include "agent/collectors/unit_read.h"

#include <stdio.h>
#include <string.h>

#include "agent/collector.h"
#include "base/error.h"
#include "sys/buffer.h"

#define FILE_MAX (1u << 20)

void unit_text_set(struct unit_text *text, struct span raw)
{
	struct writer w = writer_over((uint8_t *)text->bytes, sizeof text->bytes - 1);

	text->len = systemd_unit_write(raw, &w) == 0 ? writer_used(&w) : 0;
	text->bytes[text->len] = '\0';
}

struct span unit_text_span(const struct unit_text *text)
{
	return (struct span){ (const uint8_t *)text->bytes, text->len };
}

static void add_alias(struct unit_text *text, struct span raw)
{
	struct writer w = writer_over((uint8_t *)text->bytes, sizeof text->bytes - 1);

	(void)writer_reserve(&w, text->len); /* what is there already */
	if (systemd_unit_write(raw, &w) == 0) {
		writer_text(&w, " ");
		text->len = writer_ok(&w) ? writer_used(&w) : text->len;
	}
	text->bytes[text->len] = '\0';
}

void unit_install_take(struct unit_install *install, const struct systemd_unit_entry *entry)
{
	if (span_is(entry->key, "Alias")) {
		add_alias(&install->aliases, entry->raw);
		install->has_rules = true;
	} else if (span_is(entry->key, "DefaultInstance")) {
		unit_text_set(&install->instance, entry->raw);
	} else if (span_is(entry->key, "Also")) {
		install->has_also = true;
	} else if (span_is(entry->key, "WantedBy") || span_is(entry->key, "RequiredBy") ||
		   span_is(entry->key, "UpheldBy")) {
		install->has_rules = install->has_rules || span_trim(entry->raw).len > 0;
	}
}

static int read_file(struct tree *tree, const char *path, unit_taker *take, void *context)
{
	struct buffer file OWNED(buffer_done);
	struct systemd_unit_iterator it;
	struct systemd_unit_entry entry;
	int error;

	buffer_init(&file, FILE_MAX);
	error = tree_read(tree, path, &file);
	if (error != 0) {
		return collection_missing(error);
	}
	it = systemd_unit_over(buffer_span(&file));
	while (systemd_unit_next(&it, &entry)) {
		take(context, &entry);
	}
	return 0;
}

/* Drop-ins of NAME.d: by file name, and of one name the folder of highest precedence. */
static int read_drop_ins(struct tree *tree, const struct unit_files *files, const char *unit,
			 unit_taker *take, void *context)
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
		error = read_file(tree, path, take, context);
	}
	return error;
}

/* The unit behind a link to another name; itself where there is none. */
static const struct unit_file *behind(const struct unit_files *files, const struct unit_file *unit)
{
	const struct unit_file *other = unit->target != NULL && !unit->is_masked
						? unit_files_find(files, unit->target)
						: NULL;

	return other != NULL ? other : unit;
}

int unit_read(struct tree *tree, const struct unit_files *files, const struct unit_file *unit,
	      unit_taker *take, void *context, char out_path[TREE_PATH_SIZE])
{
	const struct unit_file *real = behind(files, unit);
	int error = tree_join(unit_folders[real->folder].path, real->name, out_path);

	if (error != 0 || real->is_masked) {
		return error;
	}
	error = read_file(tree, out_path, take, context);
	return error == 0 ? read_drop_ins(tree, files, real->name, take, context) : error;
}

const char *unit_state(const struct unit_files *files, const struct unit_file *unit,
		       const struct unit_install *install)
{
	enum unit_folder_kind kind = unit_folders[unit->folder].kind;
	const char *enablement;

	if (unit->is_masked) {
		return kind == UNIT_FOLDER_RUNTIME ? "masked-runtime" : "masked";
	}
	if (unit->target != NULL && strcmp(unit->target, unit->name) != 0) {
		/* an instance has no file of its own */
		bool is_there = strchr(unit->target, '@') != NULL ||
				unit_files_find(files, unit->target) != NULL;

		return is_there ? "alias" : "bad";
	}
	if (kind == UNIT_FOLDER_GENERATOR) {
		return "generated";
	}
	if (kind == UNIT_FOLDER_TRANSIENT) {
		return "transient";
	}
	enablement =
		unit_files_enablement(files, unit, install->aliases.bytes, install->instance.bytes);
	if (enablement != NULL) {
		return enablement;
	}
	if (install->has_rules) {
		return "disabled";
	}
	return install->has_also ? "indirect" : "static";
}
