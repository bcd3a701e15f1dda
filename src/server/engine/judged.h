/*
 * judged.h - judgements of package rows, by release, and what else is remembered of rows by number.
 *
 * Part of findings.c. Row numbers are dense and never change their meaning while a transaction is
 * not undone, so plain arrays hold everything.
 */
#pragma once

#include "base/attr.h"
#include "server/inventory/inventory.h"
#include "server/inventory/numbering.h"
#include "server/services/vulnerability.h"

/* A name's number: of packages and programs. */
#define NAME_NONE UINT32_MAX

/* What a row of each table says, as far as findings go; filled when first asked for. */
struct package_facts {
	uint32_t name;     /* of manager and package */
	uint32_t source;   /* what it is judged by; NAME_NONE: by nothing */
	bool is_of_kernel; /* what it is exposed to depends on which kernel runs */
	bool is_backport;  /* which stream it is judged by depends on what the feeds speak of */
	bool is_known;
};
struct use_facts {
	uint32_t package; /* of manager and package */
	uint32_t program;
	bool is_known;
};
struct listener_facts {
	uint32_t program;
	bool is_network;
	bool is_known;
};
#define KERNEL_RELEASE_SIZE 128
struct kernel_facts {
	char release[KERNEL_RELEASE_SIZE];
	bool is_running;
	bool is_known;
};

/* What a scanned service is judged by, whoever's word it is. */
struct service_facts {
	uint32_t stream; /* NAME_NONE: by nothing */
	uint32_t package;
	bool is_backport;
	bool is_known;
};

#define EXPOSURES (EXPOSURE_NETWORK + 1)

/* The findings of one row of packages with one exposure: whatever assets hold the row hold all of
 * them. They get their numbers together, so they are few runs, mostly one. */
struct judged_runs {
	uint32_t offset;   /* in runs */
	uint32_t count;    /* RUNS_UNKNOWN: not needed yet */
	uint32_t capacity; /* runs there is room for there, of older knowledge */
};
#define RUNS_UNKNOWN UINT32_MAX

/* The judgement of a row by one release (or of a language's package). */
struct judged_list {
	uint32_t count;  /* findings; LIST_UNKNOWN: not judged yet */
	uint32_t groups; /* where its runs begin, one struct an exposure; NO_GROUPS: nowhere yet */
};
#define LIST_UNKNOWN UINT32_MAX
#define NO_GROUPS    UINT32_MAX

/* Whether new knowledge says something else of a row. */
enum touched { TOUCHED_UNKNOWN = 0, TOUCHED_NO, TOUCHED_YES };

struct judged_release {
	struct release release;
	uint32_t stream;           /* its name's number */
	struct judged_list *lists; /* by row number of packages, or of language_packages */
	uint32_t size;
	uint8_t *touched; /* enum touched, by row number */
	uint32_t touched_size;
};

struct judged {
	struct inventory *inv;
	const struct knowledge *knowledge;
	struct numbering names;
	struct numbering places;   /* a stream and a package that new knowledge touches */
	bool have_backports_moved; /* new knowledge judges them by another stream */
	struct package_facts *packages;
	uint32_t package_count;
	struct use_facts *uses;
	uint32_t use_count;
	struct listener_facts *listeners;
	uint32_t listener_count;
	struct kernel_facts *kernels;
	uint32_t kernel_count;
	struct service_facts *services;
	uint32_t service_count;
	uint32_t *release_of_os; /* by row number of os; OS_UNKNOWN: not looked at yet */
	uint32_t os_count;
	struct judged_release *releases; /* the first one is of languages' packages */
	uint32_t release_count;
	struct judged_runs *groups;
	uint32_t group_count;
	uint32_t group_capacity;
	struct inventory_run *runs;
	uint32_t run_count;
	uint32_t run_capacity;
	uint32_t *numbers; /* of the rows at hand */
	uint32_t number_count;
	uint32_t number_capacity;
	uint64_t judged_rows;
};

void judged_init(struct judged *j, struct inventory *inv);
void judged_done(struct judged *j);

/* Forgets all but the inventory and the knowledge. */
void judged_clear(struct judged *j);

/* The release of a row of os; 0 (no release) where no rule knows it. */
MUST_USE int judged_release_of_os(struct judged *j, uint32_t os_row, uint32_t *out,
				  struct why *why);

/* Valid until the next call of its kind. */
MUST_USE int judged_package(struct judged *j, uint32_t row, const struct package_facts **out,
			    struct why *why);
MUST_USE int judged_use(struct judged *j, uint32_t row, const struct use_facts **out,
			struct why *why);
MUST_USE int judged_listener(struct judged *j, uint32_t row, const struct listener_facts **out,
			     struct why *why);
MUST_USE int judged_kernel(struct judged *j, uint32_t row, const struct kernel_facts **out,
			   struct why *why);

/* Whether new knowledge touches what a row of network_services is judged by. */
MUST_USE int judged_is_service_touched(struct judged *j, uint32_t row, bool *out, struct why *why);

/* A row of packages of a kernel's source, where a kernel of this release runs. */
MUST_USE int judged_kernel_exposure(struct judged *j, uint32_t row, struct span running,
				    enum exposure *out, struct why *why);

/* Whether a package's row is known to have no findings on a release (0: a row of
 * language_packages). */
static inline bool judged_is_clean(const struct judged *j, uint32_t release, uint32_t row)
{
	const struct judged_release *r = &j->releases[release];

	return row < r->size && r->lists[row].count == 0;
}

/* How many findings it has, judged where it was not yet. */
MUST_USE int judged_count(struct judged *j, uint32_t release, uint32_t row, uint32_t *out,
			  struct why *why);

/* The rows of its findings for an exposure. Valid until the next call. */
MUST_USE int judged_rows(struct judged *j, uint32_t release, uint32_t row, enum exposure exposure,
			 struct inventory_runs *out, struct why *why);

/* New knowledge: drops the judgements that it touches, and remembers what those are. */
MUST_USE int judged_follow(struct judged *j, const struct knowledge *older,
			   const struct knowledge *newer, struct why *why);

/* Whether new knowledge touches a row, since judged_settled; judged or not. */
MUST_USE int judged_is_touched(struct judged *j, uint32_t release, uint32_t row, bool *out,
			       struct why *why);

/* Every asset follows the knowledge now. */
void judged_settled(struct judged *j);

/* Bytes of it all. */
uint64_t judged_bytes(const struct judged *j);
