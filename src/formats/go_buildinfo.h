/*
 * go_buildinfo.h - what a program of Go was built from: its section .go.buildinfo, as Go has
 * written it inline since 1.18 (debug/buildinfo).
 *
 * Everything borrows from the section. The older form, which points elsewhere in the program, is
 * ERR_UNSUPPORTED.
 */
#pragma once

#include "base/attr.h"
#include "base/reader.h"

struct go_buildinfo {
	struct span go_version; /* go1.22.1 */
	struct span modules;    /* for go_modules_over() */
};

/* ERR_UNSUPPORTED, ERR_MALFORMED. */
MUST_USE int go_buildinfo_parse(struct span section, struct go_buildinfo *out);

struct go_module {
	struct span path;    /* github.com/spf13/cobra */
	struct span version; /* v1.8.0; "(devel)" where it was built from a folder */
	bool is_main;
};

struct go_modules {
	struct reader rest;
	struct go_module pending; /* the one that a replacement may follow */
	bool has_pending;
};

struct go_modules go_modules_over(struct span modules);

/* The program's own module and those in it, what replaces one instead of it; false at the end. */
bool go_modules_next(struct go_modules *it, struct go_module *out);
