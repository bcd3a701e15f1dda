/*
 * args.h - a command line described by a table, and the help made from it.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/attr.h"
#include "sys/why.h"

struct arg {
	const char *name;  /* "--data" */
	const char *value; /* "DIR", or NULL for a switch */
	const char *help;
};

struct args_spec {
	const char *usage;         /* "bartizand --data DIR [options]" */
	const char *summary;       /* one paragraph */
	const struct arg *options; /* ended by one without a name */
	const char *examples;      /* shown last, or NULL */
	unsigned positionals_min;
	unsigned positionals_max;
};

#define ARGS_OPTIONS_MAX     32
#define ARGS_POSITIONALS_MAX 64
#define ARGS_GIVEN_MAX       256

/* Values point into argv. */
struct args {
	const struct args_spec *spec;
	const char *
		values[ARGS_OPTIONS_MAX]; /* by the option's index; a switch that was given is "" */
	const char *positionals[ARGS_POSITIONALS_MAX];
	unsigned positional_count;
	bool is_help;
	struct {
		unsigned option;
		const char *value;
	} given[ARGS_GIVEN_MAX]; /* every option with a value, in order */
	unsigned given_count;
};

/* --name VALUE, --name=VALUE, -- ends options, --help and -h set is_help. ERR_USAGE with a reason
 * that names the word and the nearest option. argv[0] is skipped. */
MUST_USE int args_parse(const struct args_spec *spec, int argc, char **argv, struct args *out,
			struct why *why);

/* The value of an option, or fallback. */
const char *args_value(const struct args *args, const char *name, const char *fallback);
bool args_has(const struct args *args, const char *name);

/* The values of an option that may be given more than once, one a call; start with *at = 0. NULL at
 * the end. */
const char *args_next(const struct args *args, const char *name, unsigned *at);
void args_print_help(const struct args_spec *spec, FILE *to);
