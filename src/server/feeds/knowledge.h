/*
 * knowledge.h - what all feeds together say, as one immutable file that is mapped and searched.
 *
 * The feeds role builds it (knowledge_builder.h) and puts it in place with a rename; engine, api
 * and `bartizan check` map it. Looking up allocates nothing; everything borrows from the mapping.
 * The file is checked whole when it is opened: afterwards every lookup is safe.
 *
 * A stream is what a package is judged against: a distribution's release ("debian:12",
 * "ubuntu:22.04", "alpine:3.19", "redhat:9"), an ecosystem of a language ("npm", "PyPI",
 * "crates.io", "Go", "RubyGems"), or "cpe": products by their names in CPE ("a:f5:nginx").
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/why.h"

struct knowledge;

/* Where the feeds role puts it, within the data folder. */
#define KNOWLEDGE_PATH "feeds/knowledge"

/* ERR_NOT_FOUND where there is no such file, ERR_MALFORMED where its checksum or form is off. */
MUST_USE int knowledge_open(const char *path, struct knowledge **out, struct why *why);
void knowledge_close(struct knowledge **knowledge);

/* Rises with every build. */
uint64_t knowledge_generation(const struct knowledge *knowledge);

struct knowledge_figures {
	uint64_t streams;
	uint64_t packages; /* of all streams */
	uint64_t entries;
	uint64_t vulnerabilities;
	uint64_t bytes;
};
struct knowledge_figures knowledge_figures(const struct knowledge *knowledge);

/* --- one vulnerability --- */

/* Spans are empty and numbers as stated where no feed says anything. */
struct knowledge_vulnerability {
	struct span id;      /* CVE-2024-3094, GHSA-..., as the feed names it */
	struct span summary; /* one line, at most 512 bytes */
	struct span cvss;    /* vector: CVSS:3.1/AV:N/..., the newest version known */
	int score_tenths;    /* base score times 10; -1: unknown */
	struct span
		severity; /* critical, high, medium, low, none: of the score, else a feed's word */
	struct span published; /* 2024-03-29 */
	bool is_exploited;     /* CISA KEV */
	bool is_ransomware;    /* KEV: known use in ransomware campaigns */
	struct span kev_added; /* 2024-04-01 */
	struct span kev_due;   /* until when US agencies have to act */
	int epss_millionths;   /* FIRST EPSS: probability in the next 30 days, times 10^6; -1 */
	int epss_percentile_millionths; /* -1 */
	struct span aliases;            /* other ids, separated by one space */
	struct span references;         /* addresses, separated by one space, at most 16 */
};

/* False where no feed speaks of it. */
bool knowledge_vulnerability(const struct knowledge *knowledge, struct span id,
			     struct knowledge_vulnerability *out);

/* They have numbers, by rising id: the number of one, false where no feed speaks of it; and what is
 * said of a number below knowledge_figures().vulnerabilities. */
bool knowledge_vulnerability_number(const struct knowledge *knowledge, struct span id,
				    uint32_t *out);
void knowledge_vulnerability_at(const struct knowledge *knowledge, uint32_t number,
				struct knowledge_vulnerability *out);

/* The vulnerability that a feed also knows by this id (GHSA-..., PYSEC-...); false where there is
 * none. Looks at all of them: for what is asked once. */
bool knowledge_alias(const struct knowledge *knowledge, struct span alias, struct span *out_id);

/* Calls each with every vulnerability that an advisory (DSA-5678-1, USN-..., RHSA-...) is about:
 * with one of several packages several times. Looks at all entries: for what is asked once. Return
 * false to stop. */
typedef bool knowledge_id(void *context, struct span id);
void knowledge_advisory(const struct knowledge *knowledge, struct span advisory, knowledge_id *each,
			void *context);

/* --- one package of one stream --- */

enum knowledge_status {
	KNOWLEDGE_AFFECTED,     /* in the ranges; fixed where an event of them says so */
	KNOWLEDGE_NOT_AFFECTED, /* this stream's package never was */
	KNOWLEDGE_UNDETERMINED, /* nobody knows yet */
};

/* The distribution's decisions beside the status, and what else has to be so. */
enum {
	KNOWLEDGE_NO_DSA = 1,      /* no advisory of its own: minor */
	KNOWLEDGE_IGNORED = 2,     /* no-dsa, and it will not be fixed */
	KNOWLEDGE_POSTPONED = 4,   /* no-dsa, to be fixed along with something else */
	KNOWLEDGE_UNIMPORTANT = 8, /* not a security matter there */
	KNOWLEDGE_END_OF_LIFE = 16,
	KNOWLEDGE_WILL_NOT_FIX = 32, /* Red Hat's word */
	/* only some edition, or only together with what the quote names */
	KNOWLEDGE_IS_CONDITIONAL = 64,
	KNOWLEDGE_ON_WINDOWS = 128, /* conditional: on Windows only */
};

/* introduced <= version < fixed is affected (OSV's events); an empty introduced is from the first
 * version on, an empty fixed: not fixed. is_last_affected: `fixed` is itself still affected;
 * is_introduced_after: `introduced` itself is not yet. */
struct knowledge_range {
	struct span introduced;
	struct span fixed;
	bool is_last_affected;
	bool is_introduced_after;
};

struct knowledge_entry {
	struct span id;       /* of the vulnerability: the CVE where there is one */
	struct span advisory; /* what announced it: DSA-5678-1, RHSA-2024:0811, GHSA-...; may be
				 empty */
	enum knowledge_status status;
	unsigned flags;
	struct span urgency; /* the feed's own word: low, medium, important, ... */
	struct span feed;    /* name of the feed that says so: debian, osv-npm, ... */
	struct span quote;   /* the feed's own words (JSON), at most 1,024 bytes */
	uint32_t range_count;
	uint32_t version_count; /* versions that are affected one by one (OSV's `versions`) */
	uint32_t ranges_at;     /* for knowledge_range and knowledge_version only */
	uint32_t versions_at;
};

struct knowledge_range knowledge_range(const struct knowledge *knowledge,
				       const struct knowledge_entry *entry, uint32_t index);
struct span knowledge_version(const struct knowledge *knowledge,
			      const struct knowledge_entry *entry, uint32_t index);

/* Entries of one package, by rising id; package is the source package's name (distributions) or the
 * ecosystem's own, in its normal form (PyPI: PEP 503). */
struct knowledge_entries {
	const struct knowledge *knowledge;
	uint32_t next;
	uint32_t end;
};
struct knowledge_entries knowledge_package(const struct knowledge *knowledge, struct span stream,
					   struct span package);
bool knowledge_entries_next(struct knowledge_entries *entries, struct knowledge_entry *out);

/* True where some feed covers the stream at all: without it "nothing found" means nothing. */
bool knowledge_has_stream(const struct knowledge *knowledge, struct span stream);

/* --- who is concerned --- */

/* Every stream and package that has an entry of this vulnerability. Return false to stop. */
typedef bool knowledge_place(void *context, struct span stream, struct span package);
void knowledge_places(const struct knowledge *knowledge, struct span id, knowledge_place *each,
		      void *context);

/* Every stream and package whose entries differ between two generations: only what is installed of
 * these has to be judged anew. older may be NULL: all there are. */
void knowledge_changed_places(const struct knowledge *older, const struct knowledge *newer,
			      knowledge_place *each, void *context);

/* Every vulnerability whose facts (score, KEV, EPSS, ...) differ. older may be NULL. */
void knowledge_changed_vulnerabilities(const struct knowledge *older, const struct knowledge *newer,
				       knowledge_id *each, void *context);
