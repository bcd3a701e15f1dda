/*
 * inferred.h - which vulnerabilities a scanned service has, by what it says of itself: a pure
 * judgement of one row of `network_services`.
 *
 * A banner is a stranger's word. One that names a distribution's package is judged by the
 * distribution's feed; else the product's name in CPE is held against NVD, but never where a
 * distribution built it: that mends flaws without a new version. docs/vulnerability-matching.md
 * states every rule.
 */
#pragma once

#include "server/services/banner.h"
#include "server/services/subject.h"
#include "server/services/vulnerability.h"

/* The stream of products by their names in CPE. */
#define INFERRED_STREAM "cpe"

#define INFERRED_PLACE_SIZE    160
#define INFERRED_EVIDENCE_SIZE 1024

/* What an asset's rows say of the system that its services run on; zero at first. */
struct inferred_host {
	const char *distribution; /* "Debian", ...; NULL: none says so */
	bool is_windows;
	bool is_not_windows;
};

/* Takes note of a row of `network_services` or `scanned_hosts`; of others nothing. */
void inferred_note(const struct row *row, struct inferred_host *host);

/* What one service is judged by. Borrows from its row and points into itself: filled in place. */
struct inferred {
	const struct row *service;
	bool is_package; /* a distribution's: */
	struct banner_package banner;
	struct row package;
	struct subject subject; /* a product's */
	const char *silence;    /* the rule by which it is not judged; NULL: it is */
};

/* False where the row names nothing that a feed could speak of. */
bool inferred_of(const struct row *service, const struct inferred_host *host, struct inferred *out);

/* The stream and the package that it is judged by. */
struct span inferred_stream(const struct inferred *inferred);
struct span inferred_package(const struct inferred *inferred);

/* As vulnerability_judge_package(). What is not judged is told only where is_explaining. */
void inferred_judge(const struct knowledge *knowledge, const struct inferred *inferred,
		    bool is_explaining, judgement_taker *take, void *context);

/* What a finding's row says of where it comes from. */
struct inferred_words {
	char place[INFERRED_PLACE_SIZE];
	uint8_t evidence[INFERRED_EVIDENCE_SIZE];
	size_t evidence_len;
};

/* The place, and the evidence: the banner, the name in CPE, the range, what makes it uncertain and
 * what to do. */
void inferred_explain(const struct inferred *inferred, const struct judgement *judgement,
		      struct inferred_words *out);

/* Fills a row of `vulnerabilities` (borrows everything). */
void inferred_row(const struct inferred *inferred, const struct judgement *judgement,
		  const struct inferred_words *words, struct row *out);
