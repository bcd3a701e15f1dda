/*
 * unit_read.h - what a unit's file and its drop-ins say together, and the state that follows.
 *
 * Entries come in the order in which systemd reads them, so that a later one outdoes an earlier
 * one.
 */
#pragma once

#include "agent/collectors/unit_files.h"
#include "base/attr.h"
#include "base/span.h"
#include "formats/systemd_unit.h"
#include "wire/row.h"

/* A value of a unit file as text; one that does not fit is as if it were not there. */
struct unit_text {
	char bytes[ROW_TEXT_MAX];
	size_t len;
};

/* The value of an entry, its lines joined; empty where it does not fit. */
void unit_text_set(struct unit_text *text, struct span raw);
struct span unit_text_span(const struct unit_text *text);

/* What [Install] says. All zero before the first entry. */
struct unit_install {
	struct unit_text aliases; /* a blank behind each */
	struct unit_text instance;
	bool has_rules; /* it names units that would want this one */
	bool has_also;
};

/* An entry of the section Install. */
void unit_install_take(struct unit_install *install, const struct systemd_unit_entry *entry);

typedef void unit_taker(void *context, const struct systemd_unit_entry *entry);

/* Hands over every entry of the unit's file and of its drop-ins; none where it is masked. out_path:
 * the file in force. ERR_LIMIT where the path is too long, ERR_IO. */
MUST_USE int unit_read(struct tree *tree, const struct unit_files *files,
		       const struct unit_file *unit, unit_taker *take, void *context,
		       char out_path[TREE_PATH_SIZE]);

/* As systemctl list-unit-files says: "enabled", "static", "masked", ... */
const char *unit_state(const struct unit_files *files, const struct unit_file *unit,
		       const struct unit_install *install);
