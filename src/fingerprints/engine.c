/* engine.c - states in one table of next states, a column for each kind of byte that literals hold.
 *
 * A state's row is complete: where the trie has no edge, it holds what following the links of
 * failure would lead to. `outputs` of a state are the patterns whose literal ends there; `shorter`
 * is the next state on the links of failure that has any. */
#include "fingerprints/engine.h"

#include "base/mem.h"
#include "formats/ascii.h"
#include "sys/alloc.h"

#include <stdlib.h>

#define NONE  UINT32_MAX
#define TELLS (UINT32_C(1) << 31) /* in a table of next states: this one has something to tell */

struct state {
	uint32_t first_output; /* NONE: none */
	uint32_t shorter;      /* NONE: none */
	uint32_t seen;         /* the scan in which it was told last */
};

struct output {
	uint32_t pattern;
	uint32_t set;  /* one bit */
	uint32_t next; /* of the same state */
};

/* Which of a pattern's sets were met in a scan. */
struct pattern_state {
	uint32_t scan;
	uint8_t met;
	uint8_t wanted;
};

_Static_assert(LITERALS_SETS_MAX <= 8, "a bit for each set");

struct engine {
	uint8_t columns[256]; /* of each byte; 0: in no literal */
	uint32_t column_count;
	uint32_t *next; /* [state * column_count + column] */
	struct state *states;
	uint32_t state_count;
	uint32_t state_capacity;
	struct output *outputs;
	uint32_t output_count;
	uint64_t *always;
	struct pattern_state *patterns;
	size_t count;
	uint32_t scan;
};

/* --- building --- */

static void find_columns_of(struct engine *e, const struct literals *set)
{
	for (size_t l = 0; l < set->count; l++) {
		for (size_t b = 0; b < set->all[l].len; b++) {
			uint8_t *column = &e->columns[set->all[l].bytes[b]];

			*column = *column != 0 ? *column : (uint8_t)e->column_count++;
		}
	}
}

static void find_columns(struct engine *e, const struct literals_needs *needs)
{
	e->column_count = 1;
	for (size_t i = 0; i < e->count; i++) {
		for (size_t s = 0; s < needs[i].count; s++) {
			find_columns_of(e, &needs[i].sets[s]);
		}
	}
	for (unsigned c = 'A'; c <= 'Z'; c++) { /* literals hold small letters only: at most 230 */
		e->columns[c] = e->columns[ascii_lower((uint8_t)c)];
	}
}

static uint32_t add_state(struct engine *e)
{
	if (e->state_count == e->state_capacity) {
		e->state_capacity = e->state_capacity == 0 ? 256 : 2 * e->state_capacity;
		e->states = alloc_resize(e->states, e->state_capacity, sizeof *e->states);
		e->next = alloc_resize(e->next, (size_t)e->state_capacity * e->column_count,
				       sizeof *e->next);
	}
	e->states[e->state_count] = (struct state){ NONE, NONE, 0 };
	for (size_t c = 0; c < e->column_count; c++) {
		e->next[(size_t)e->state_count * e->column_count + c] = NONE;
	}
	return e->state_count++;
}

static uint32_t *edge(struct engine *e, uint32_t state, uint32_t column)
{
	return &e->next[(size_t)state * e->column_count + column];
}

static void add_literal(struct engine *e, const struct literal *literal, uint32_t pattern,
			uint32_t set)
{
	uint32_t at = 0;

	for (size_t i = 0; i < literal->len; i++) {
		uint32_t column = e->columns[literal->bytes[i]];

		if (*edge(e, at, column) == NONE) {
			uint32_t fresh = add_state(e);

			*edge(e, at, column) = fresh;
		}
		at = *edge(e, at, column);
	}
	e->outputs[e->output_count] = (struct output){ pattern, set, e->states[at].first_output };
	e->states[at].first_output = e->output_count++;
}

static void add_pattern(struct engine *e, const struct literals_needs *needs, size_t at)
{
	if (needs->count == 0) {
		e->always[at / 64] |= UINT64_C(1) << at % 64;
	}
	e->patterns[at].wanted = (uint8_t)((1u << needs->count) - 1);
	for (size_t s = 0; s < needs->count; s++) {
		for (size_t l = 0; l < needs->sets[s].count; l++) {
			add_literal(e, &needs->sets[s].all[l], (uint32_t)at, 1u << s);
		}
	}
}

static void add_all(struct engine *e, const struct literals_needs *needs)
{
	size_t outputs = 0;

	for (size_t i = 0; i < e->count; i++) {
		for (size_t s = 0; s < needs[i].count; s++) {
			outputs += needs[i].sets[s].count;
		}
	}
	e->outputs = alloc_zeroed(outputs + 1, sizeof *e->outputs);
	(void)add_state(e);
	for (size_t i = 0; i < e->count; i++) {
		add_pattern(e, &needs[i], i);
	}
}

/* One edge of a state, by breadth: the state it fails to is complete already. */
static void link_edge(struct engine *e, uint32_t state, uint32_t column, uint32_t *failures,
		      uint32_t *queue, uint32_t *queued)
{
	uint32_t to = *edge(e, state, column);
	uint32_t fallback = state == 0 ? 0 : *edge(e, failures[state], column);

	if (to == NONE) {
		*edge(e, state, column) = fallback;
		return;
	}
	failures[to] = fallback;
	e->states[to].shorter =
		e->states[fallback].first_output != NONE ? fallback : e->states[fallback].shorter;
	queue[(*queued)++] = to;
}

static uint32_t renumbered(uint32_t state, const uint32_t *numbers)
{
	return state == NONE ? NONE : numbers[state];
}

/* States by breadth: those near the root, in which most time is spent, lie side by side. Whether a
 * state tells anything is known without looking at it. */
static void order_by(struct engine *e, const uint32_t *queue)
{
	size_t columns = e->column_count;
	uint32_t *numbers = alloc_zeroed(e->state_count, sizeof *numbers);
	uint32_t *next = alloc_zeroed((size_t)e->state_count * columns, sizeof *next);
	struct state *states = alloc_zeroed(e->state_count, sizeof *states);

	for (uint32_t i = 0; i < e->state_count; i++) {
		numbers[queue[i]] = i;
	}
	for (uint32_t i = 0; i < e->state_count; i++) {
		states[i] = e->states[queue[i]];
		states[i].shorter = renumbered(states[i].shorter, numbers);
		for (size_t c = 0; c < columns; c++) {
			uint32_t to = e->next[queue[i] * columns + c];
			bool tells =
				e->states[to].first_output != NONE || e->states[to].shorter != NONE;

			next[i * columns + c] = numbers[to] | (tells ? TELLS : 0);
		}
	}
	free(numbers);
	free(e->next);
	free(e->states);
	e->next = next;
	e->states = states;
}

static void link_all(struct engine *e)
{
	uint32_t *failures = alloc_zeroed(e->state_count, sizeof *failures);
	uint32_t *queue = alloc_zeroed(e->state_count, sizeof *queue);
	uint32_t queued = 1; /* the root */

	for (uint32_t done = 0; done < queued; done++) {
		for (uint32_t c = 0; c < e->column_count; c++) {
			link_edge(e, queue[done], c, failures, queue, &queued);
		}
	}
	order_by(e, queue);
	free(failures);
	free(queue);
}

struct engine *engine_build(const struct literals_needs *needs, size_t count)
{
	struct engine *e = alloc_zeroed(1, sizeof *e);

	e->count = count;
	e->always = alloc_zeroed(ENGINE_WORDS(count) + 1, sizeof *e->always);
	e->patterns = alloc_zeroed(count + 1, sizeof *e->patterns);
	find_columns(e, needs);
	add_all(e, needs);
	link_all(e);
	return e;
}

void engine_free(struct engine **e)
{
	if (*e != NULL) {
		free((*e)->next);
		free((*e)->states);
		free((*e)->outputs);
		free((*e)->always);
		free((*e)->patterns);
		free(*e);
		*e = NULL;
	}
}

size_t engine_always(const struct engine *e)
{
	size_t always = 0;

	for (size_t i = 0; i < ENGINE_WORDS(e->count); i++) {
		always += (size_t)__builtin_popcountll(e->always[i]);
	}
	return always;
}

size_t engine_bytes(const struct engine *e)
{
	return sizeof *e + (size_t)e->state_count * e->column_count * sizeof *e->next +
	       e->state_count * sizeof *e->states + e->output_count * sizeof *e->outputs;
}

/* --- scanning --- */

static void new_scan(struct engine *e)
{
	if (++e->scan == 0) { /* once in four thousand million texts */
		for (uint32_t i = 0; i < e->state_count; i++) {
			e->states[i].seen = 0;
		}
		for (size_t i = 0; i < e->count; i++) {
			e->patterns[i].scan = 0;
		}
		e->scan = 1;
	}
}

static void meet(struct engine *e, const struct output *o, uint64_t *words)
{
	struct pattern_state *p = &e->patterns[o->pattern];

	p->met = p->scan == e->scan ? p->met : 0;
	p->scan = e->scan;
	p->met |= (uint8_t)o->set;
	if (p->met == p->wanted) {
		words[o->pattern / 64] |= UINT64_C(1) << o->pattern % 64;
	}
}

/* This state's patterns, and those of shorter literals that end here too. */
static void tell(struct engine *e, uint32_t at, uint64_t *words)
{
	while (at != NONE && e->states[at].seen != e->scan) {
		struct state *state = &e->states[at];

		state->seen = e->scan;
		for (uint32_t o = state->first_output; o != NONE; o = e->outputs[o].next) {
			meet(e, &e->outputs[o], words);
		}
		at = state->shorter;
	}
}

void engine_candidates(struct engine *e, struct span text, uint64_t *words)
{
	uint32_t at = 0;

	mem_copy(words, e->always, ENGINE_WORDS(e->count) * sizeof *words);
	new_scan(e);
	for (size_t i = 0; i < text.len; i++) {
		uint32_t to = e->next[(size_t)at * e->column_count + e->columns[text.ptr[i]]];

		at = to & ~TELLS;
		if (to != at) {
			tell(e, at, words);
		}
	}
}
