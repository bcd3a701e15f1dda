/* cron.c - crontab(5) of the system and of users, and the scripts that run-parts(8) runs. */
#include <string.h>
#include <sys/stat.h>

#include "agent/collectors/table.h"
#include "base/error.h"
#include "formats/crontab.h"
#include "schema/schema.h"

#define FILE_MAX (4u << 20)

struct script_folder {
	const char *path;
	const char *schedule;
};

static const struct script_folder script_folders[] = {
	{ "/etc/cron.hourly", "@hourly" },
	{ "/etc/cron.daily", "@daily" },
	{ "/etc/cron.weekly", "@weekly" },
	{ "/etc/cron.monthly", "@monthly" },
	{ "/etc/cron.yearly", "@yearly" },
	{ "/etc/periodic/15min", "*/15 * * * *" }, /* Alpine's own crontab runs these */
	{ "/etc/periodic/hourly", "@hourly" },
	{ "/etc/periodic/daily", "@daily" },
	{ "/etc/periodic/weekly", "@weekly" },
	{ "/etc/periodic/monthly", "@monthly" },
};

/* Debian's cron and run-parts take only these names; others leave out what editors and package
 * managers leave behind. */
static bool is_name_taken(const char *name, bool is_debian)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	static const char *const left_behind[] = { "~",    ".rpmsave", ".rpmorig", ".rpmnew",
						   ".swp", ".cfsaved", ".bak" };

	if (is_debian) {
		return strspn(name, plain) == strlen(name);
	}
	if (name[0] == '.' || name[0] == '#') {
		return false;
	}
	for (size_t i = 0; i < COUNT_OF(left_behind); i++) {
		if (span_ends_with(span_of(name), left_behind[i])) {
			return false;
		}
	}
	return true;
}

static void emit(struct collection *c, const char *path, struct span user, struct span schedule,
		 struct span command)
{
	struct row *row = collection_row(c);

	row_set_text(row, CRON_PATH, span_of(path));
	row_set_text(row, CRON_USER, user);
	row_set_text(row, CRON_SCHEDULE, schedule);
	row_set_text(row, CRON_COMMAND, command);
	collection_emit(c);
}

static int collect_crontab(struct collection *c, const char *path, enum crontab_kind kind,
			   struct span user)
{
	struct buffer file OWNED(buffer_done);
	struct crontab_iterator it;
	struct crontab_entry entry;
	int error;

	buffer_init(&file, FILE_MAX);
	error = tree_read(c->machine->tree, path, &file);
	if (error != 0) {
		return collection_missing(error);
	}
	it = crontab_over(buffer_span(&file), kind);
	while (crontab_next(&it, &entry)) {
		uint8_t schedule[CRONTAB_LINE_MAX];
		uint8_t command[CRONTAB_LINE_MAX];
		struct writer sw = writer_over(schedule, sizeof schedule);
		struct writer cw = writer_over(command, sizeof command);

		if (entry.type != CRONTAB_JOB) {
			continue;
		}
		crontab_write_schedule(entry.schedule, &sw);
		crontab_write_command(entry.command, &cw);
		emit(c, path, kind == CRONTAB_SYSTEM ? entry.user : user, writer_span(&sw),
		     writer_span(&cw));
	}
	return 0;
}

/* /etc/cron.d: crontabs with a user column; a spool: one crontab a user, named after the user. */
static int collect_crontabs(struct collection *c, const char *path, enum crontab_kind kind,
			    bool is_debian)
{
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	int error = tree_folder_open(c->machine->tree, path, &folder);
	char file[TREE_PATH_SIZE];
	const char *name;
	char type;

	if (error != 0) {
		return collection_missing(error);
	}
	while (error == 0 && tree_folder_next(folder, &name, &type)) {
		bool is_wanted =
			kind == CRONTAB_SYSTEM ? is_name_taken(name, is_debian) : name[0] != '.';

		if (is_wanted && type != 'd' && tree_join(path, name, file) == 0) {
			error = collect_crontab(c, file, kind, span_of(name));
		}
	}
	return error;
}

static int collect_scripts(struct collection *c, const struct script_folder *scripts,
			   bool is_debian)
{
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	int error = tree_folder_open(c->machine->tree, scripts->path, &folder);
	char path[TREE_PATH_SIZE];
	struct tree_entry entry;
	const char *name;
	char type;

	if (error != 0) {
		return collection_missing(error);
	}
	while (tree_folder_next(folder, &name, &type)) {
		if (is_name_taken(name, is_debian) && tree_join(scripts->path, name, path) == 0 &&
		    tree_look(c->machine->tree, path, &entry, NULL) == 0 && entry.type == 'f' &&
		    (entry.mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0) {
			emit(c, path, span_of("root"), span_of(scripts->schedule), span_of(path));
		}
	}
	return 0;
}

static int cron_collect(struct collection *c)
{
	struct tree_entry entry;
	bool is_debian = tree_look(c->machine->tree, "/etc/debian_version", &entry, NULL) == 0;
	int error = collect_crontab(c, "/etc/crontab", CRONTAB_SYSTEM, span_of(""));

	if (error == 0) {
		error = collect_crontabs(c, "/etc/cron.d", CRONTAB_SYSTEM, is_debian);
	}
	if (error == 0) {
		error = collect_crontabs(c, "/var/spool/cron/crontabs", CRONTAB_USER, is_debian);
	}
	if (error == 0) { /* where there is a folder crontabs in it, that one is the spool */
		error = collect_crontabs(c, "/var/spool/cron", CRONTAB_USER, is_debian);
	}
	for (size_t i = 0; error == 0 && i < COUNT_OF(script_folders); i++) {
		error = collect_scripts(c, &script_folders[i], is_debian);
	}
	return error;
}

const struct collector collector_cron = {
	.name = "cron",
	.summary = "crontabs, and scripts in cron.daily and its like",
	.table = TABLE_CRON,
	.collect = cron_collect,
};
