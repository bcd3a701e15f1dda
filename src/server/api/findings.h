/*
 * findings.h - what pages on vulnerabilities have in common: filters, and the members of answers.
 */
#pragma once

#include "server/api/call.h"
#include "server/api/finding_times.h"
#include "server/api/fleet.h"

/* Packages of one source in a list or a command. */
#define FINDINGS_PACKAGES_MAX 32

/* --- filters --- */

/* The query parameters that narrow a list. */
#define FINDINGS_FILTERS "level exploited fixable package status exposure search accepted"

enum wanted { WANTED_ANY, WANTED_TRUE, WANTED_FALSE };

struct findings_filter {
	enum fleet_level level; /* at least */
	enum wanted exploited;
	enum wanted fixable;
	enum wanted accepted;
	int status;   /* an enum judgement_status; -1: any */
	int exposure; /* an enum exposure; -1: any */
	char package[CALL_TEXT_SIZE];
	char search[CALL_TEXT_SIZE]; /* in lower case */
};

/* False where it has answered. */
bool findings_filter_read(struct call *call, struct findings_filter *out);

/* What of the filter is about facts. */
bool findings_fits(const struct findings_filter *filter, const struct fleet_vulnerability *v);

/* What of it is about the rows of one vulnerability: some row of the list fits all of it. rows
 * NULL: all that are held. */
bool findings_rows_fit(const struct findings_filter *filter, const struct fleet *fleet,
		       const struct fleet_vulnerability *v, const uint32_t *rows, size_t count);

/* --- an asset's --- */

/* One vulnerability on one asset. */
struct finding {
	const struct fleet_vulnerability *v;
	const struct fleet_row *row; /* the most urgent one */
	const uint32_t *rows;        /* all of them, the most urgent first */
	size_t count;
};
struct findings_list {
	struct finding *items; /* most urgent first */
	size_t count;
	uint32_t *rows;
};
void findings_of_asset(const struct fleet *fleet, uint32_t asset, struct findings_list *out);
void findings_list_done(struct findings_list *list);

/* The asset that the path names first, its number, id and name; false where it has answered. */
struct finding_asset {
	uint32_t number;
	char id[VIEW_ASSET_ID_SIZE];
	char name[256];
};
bool findings_asset(struct call *call, struct view **out_view, struct finding_asset *out);

/* --- members --- */

/* A member: text, null where it is empty. */
void findings_text(struct emit *j, const char *name, struct span value);
void findings_number(struct emit *j, const char *name, int64_t value);

/* A number of parts; null where it is negative. */
void findings_fraction(struct emit *j, const char *name, int number, double divisor);

/* "a b" as ["a", "b"]. */
void findings_words(struct emit *j, const char *name, struct span text);

/* summary to published: what feeds say, without the id. */
void findings_facts(struct emit *j, const struct knowledge_vulnerability *facts);

/* priority, level, reason. listeners: as for fleet_row_priority. */
void findings_priority(struct emit *j, const struct fleet *fleet, const struct fleet_row *row,
		       struct span listeners);

/* A vulnerability of the fleet: the members of the API's Vulnerability. */
void findings_vulnerability(struct emit *j, const struct fleet *fleet,
			    const struct fleet_vulnerability *v);

/* first_seen, reopened */
void findings_since(struct emit *j, const struct finding_time *time);

/* accepted: the acceptance's number, null for 0 */
void findings_accepted(struct emit *j, int64_t no);

/* {critical, high, ...} */
void findings_levels(struct emit *j, const char *name, const uint64_t levels[FLEET_LEVELS]);

/* Names of the packages (or of the sources) of rows, each once. */
void findings_packages(struct emit *j, const char *name, const struct fleet *fleet,
		       const uint32_t *rows, size_t count);

/* The command that brings a row's package to a version, with the other packages of its source;
 * "" where there is none. */
void findings_fix(const struct fleet_row *row, struct span release, struct span to_version,
		  const struct span *names, size_t count, struct writer *out);

/* Adds a name to a list where it is not in it and there is room. */
void findings_add_name(struct span *names, size_t *count, struct span name);
