/*
 * examples.h - Recog's own examples, each tried with the fingerprint under which it stands: what a
 * file of fingerprints is judged by before it is put in force.
 */
#pragma once

#include "fingerprints/document.h"
#include "fingerprints/fingerprints.h"

struct examples_report {
	uint64_t fingerprints;
	uint64_t broken; /* fingerprints whose pattern does not compile, or captures too little */
	uint64_t examples;
	uint64_t right;
	uint64_t wrong;     /* do not match, or yield something else than stated */
	uint64_t elsewhere; /* their text lies in a file of its own: not tried */
};

/* Called for each that is broken or wrong; example is NULL for a pattern. */
typedef void examples_difference(void *context, const struct document_fingerprint *fingerprint,
				 const struct document_example *example, const char *reason);

/* Tries all of a document that was parsed with its examples; adds to the report. differ may be
 * NULL. */
void examples_check(const struct document *d, struct examples_report *report,
		    examples_difference *differ, void *context);

/* Whether a match yields all that an example states; else what it does not. */
#define EXAMPLES_REASON_SIZE 600
bool examples_holds(const struct document_example *e, const struct fingerprint_match *m,
		    char reason[EXAMPLES_REASON_SIZE]);
