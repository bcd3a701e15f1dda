/*
 * vulns.h - what the files of `bartizan vulns` share.
 */
#pragma once

#include "base/attr.h"
#include "cli/client.h"
#include "cli/output.h"

/* "97 critical" */
void vulns_priority(struct sheet *sheet, const json_t *item);

/* Items under columns; the first one is the priority, the others are members. */
void vulns_print(const json_t *items, const char *const *columns, const char *const *members,
		 enum output output);

/* A name and a value in a line; nothing where it is null. */
void vulns_line(const char *name, const json_t *value);

/* What feeds say of a vulnerability, a line each. */
void vulns_facts(const json_t *item);

/* Prints why an asset has a vulnerability, or why not. */
MUST_USE int vulns_explain(const char *asset, const char *cve, struct client *client,
			   enum output output, struct why *why);

/* Shows what an advisory is about where that is several vulnerabilities. *out_is_shown false: it is
 * one, or no advisory at all. */
MUST_USE int vulns_advisory(const char *id, struct client *client, enum output output,
			    bool *out_is_shown, struct why *why);
