/*
 * engine.h - which of many patterns may match a text, found in one pass over it.
 *
 * Every pattern's literals (literals.h) are in one automaton (Aho and Corasick, 1975): a text costs
 * one step a byte, and each literal counts once, whatever the text is. A pattern that matches is
 * never left out; one that is named may still not match.
 */
#pragma once

#include "fingerprints/literals.h"

struct engine;

/* One bit a pattern. */
#define ENGINE_WORDS(count) (((count) + 63) / 64)

/* The patterns' needs, by their place; borrowed for the call. Never NULL. */
struct engine *engine_build(const struct literals_needs *needs, size_t count);
void engine_free(struct engine **e);

/* Patterns that need nothing that could be looked for: they are always named. */
size_t engine_always(const struct engine *e);

/* Sets the bits of those that may match. words has ENGINE_WORDS(count) of them, and is cleared
 * first. Not const: it notes where it has been. */
void engine_candidates(struct engine *e, struct span text, uint64_t *words);

size_t engine_bytes(const struct engine *e);
