/*
 * table.h - the list of subcommands, and one line about each.
 */
#pragma once

#include "cli/command.h"

/* The first sentence of its summary, without the period. Valid until the next call. */
const char *table_brief(const struct command *command);
