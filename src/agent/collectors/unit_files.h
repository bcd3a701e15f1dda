/*
 * unit_files.h - where systemd finds units, and what links there say (systemd.unit(5)).
 *
 * One scan over all unit folders; the files themselves are not opened. Folders are in the order of
 * precedence: of two files of one name the first counts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/tree.h"
#include "base/attr.h"

/* In one scan. What is beyond is not reported. */
#define UNIT_FILES_MAX  8192
#define UNIT_LINKS_MAX  32768
#define UNIT_CHILDS_MAX 32768

enum unit_folder_kind {
	UNIT_FOLDER_CONFIG,  /* /etc/systemd/system: what an administrator enables */
	UNIT_FOLDER_RUNTIME, /* below /run */
	UNIT_FOLDER_GENERATOR,
	UNIT_FOLDER_TRANSIENT,
	UNIT_FOLDER_VENDOR,
};

struct unit_folder {
	const char *path;
	enum unit_folder_kind kind;
};

extern const struct unit_folder unit_folders[];
extern const size_t unit_folder_count;

/* A unit's file, the one in force. */
struct unit_file {
	char *name;
	char *target; /* of a link: the last name of what it leads to; else NULL */
	size_t folder;
	bool is_masked; /* a link to /dev/null, or an empty file */
};

/* A link in a unit folder or in one of its .wants and .requires. */
struct unit_link {
	char *name;
	char *target; /* the last name of what it leads to */
	size_t folder;
	bool is_dependency; /* in .wants, .requires or .upholds */
};

/* A drop-in: NAME.d/FILE.conf. */
struct unit_drop_in {
	char *unit;
	char *file;
	size_t folder;
};

struct unit_files {
	struct unit_file *files;
	size_t file_count;
	struct unit_link *links;
	size_t link_count;
	struct unit_drop_in *drop_ins; /* sorted by unit, file, folder */
	size_t drop_in_count;
};

/* ERR_IO where a folder cannot be read. */
MUST_USE int unit_files_scan(struct tree *tree, struct unit_files *out);
void unit_files_done(struct unit_files *files);

/* NULL where there is none. */
const struct unit_file *unit_files_find(const struct unit_files *files, const char *name);

/* "service" of "ssh.service"; NULL where the name is none of a unit. */
const char *unit_type(const char *name);

/* What systemctl list-unit-files says of links to this unit: "enabled", "enabled-runtime",
 * "linked", "linked-runtime", "indirect"; NULL where no link makes a difference. aliases: the names
 * of its Alias=, a blank behind each; instance: its DefaultInstance= or "". */
const char *unit_files_enablement(const struct unit_files *files, const struct unit_file *unit,
				  const char *aliases, const char *instance);
