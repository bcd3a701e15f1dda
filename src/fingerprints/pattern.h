/*
 * pattern.h - one fingerprint's pattern: Ruby's syntax, which is Recog's, made PCRE2's; compiled
 * when it is first tried.
 *
 * A try takes a bounded number of steps, whatever pattern and text are.
 */
#pragma once

#include "fingerprints/document.h"

#define PATTERN_GROUPS_MAX (DOCUMENT_POSITION_MAX + 1)

/* A pattern as PCRE2 is to read it. */
struct pattern {
	const char *text; /* in the document's arena */
	bool is_caseless;
	bool is_dot_all;
	bool is_broken; /* known once it was compiled */
	void *code;     /* PCRE2's; NULL until compiled */
};

/* What tries work with; one for all patterns. */
struct pattern_matcher;

enum pattern_outcome {
	PATTERN_NO,
	PATTERN_YES,
	PATTERN_GIVEN_UP, /* the limits of steps or memory were reached */
	PATTERN_BROKEN,   /* it does not compile */
};

/* Reads the fingerprint's pattern and flags; what it keeps is in the arena. */
void pattern_init(const struct document_fingerprint *f, struct arena *arena, struct pattern *out);

void pattern_done(struct pattern *p);

struct pattern_matcher *pattern_matcher_new(void);
void pattern_matcher_free(struct pattern_matcher **m);

/* 0, or ERR_MALFORMED and what is wrong with it, and where. */
MUST_USE int pattern_compile(struct pattern_matcher *m, struct pattern *p, struct why *why);

/* Compiles it at need. */
enum pattern_outcome pattern_try(struct pattern_matcher *m, struct pattern *p, struct span text);

/* A group of the last try that said yes; false where it took no part. */
bool pattern_group(const struct pattern_matcher *m, unsigned number, struct span *out);

/* How many groups a compiled pattern has. */
unsigned pattern_groups(const struct pattern *p);
