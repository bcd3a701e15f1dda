/*
 * command.h - the shape of every subcommand: one file, one const struct, one row in table.c.
 */
#pragma once

#include <stdbool.h>

#include "sys/args.h"
#include "sys/why.h"

/* Exit codes. */
enum { EXIT_FINE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2 };

struct command {
	const char *name;
	struct args_spec spec;
	/* Returns an exit code; where it is not EXIT_FINE, why says the reason, or is empty where
	 * it has been said. */
	int (*run)(const struct args *args, struct why *why);
};

/* Every subcommand, in the order of the help, ended by NULL. */
extern const struct command *const commands[];

/* NULL where there is none. */
const struct command *command_find(const char *name);

/* The name that is nearest to a mistyped one, or NULL where none is near. */
const char *command_nearest(const char *name);

/* Options that commands share. */
#define COMMAND_DATA_OPTION                                                                        \
	{                                                                                          \
		"--data", "DIR",                                                                   \
			"the server's data folder: its address, token and CA are read there "      \
			"(default: $BARTIZAN_DATA, else ./var)"                                    \
	}
#define COMMAND_SERVER_OPTIONS                                                                     \
	COMMAND_DATA_OPTION,                                                                       \
	{                                                                                          \
		"--tenant", "T",                                                                   \
			"the tenant that is meant (default: the token's own, else 'default')"      \
	}
#define COMMAND_OUTPUT_OPTIONS                                                                     \
	{ "--json", NULL, "print one JSON document" },                                             \
	{                                                                                          \
		"--csv", NULL, "print CSV (RFC 4180)"                                              \
	}
