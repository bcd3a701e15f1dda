/*
 * values.h - what a fingerprint says of a text that it matched: literals, captures, and literals
 * with {names} of other parameters in them.
 *
 * What was captured is never read for {names}: a stranger's text stays text.
 */
#pragma once

#include "fingerprints/document.h"
#include "fingerprints/fingerprints.h"
#include "fingerprints/pattern.h"

/* Fills out from the matcher's last match. A parameter whose group took no part, that refers to
 * one that is not there, or that no longer fits, is left out; but in a ..cpe23 a ...version that is
 * not there becomes "-", as in Recog. Parameters named _tmp.… are only referred to. */
void values_fill(const struct document *d, const struct document_fingerprint *f,
		 const struct pattern_matcher *m, struct fingerprint_match *out);
