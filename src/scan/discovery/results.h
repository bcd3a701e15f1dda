/*
 * results.h - what is known of each address and port that answered: one row each, whatever came
 * how often. Rows are kept in the order in which they were found first.
 */
#pragma once

#include "base/attr.h"
#include "scan/answer.h"
#include "scan/discovery/estimate.h"

/* Rows that are kept; what comes after is counted and not listed. */
#define RESULTS_MAX (16u << 20)

struct result {
	struct address address;
	uint16_t port;
	uint8_t transport; /* enum transport */
	uint8_t state;     /* enum port_state */
	uint8_t reason;    /* enum answer_reason */
	uint8_t icmp_type;
	uint8_t icmp_code;
	uint8_t passes;    /* bit n: probe n + 1 was answered */
	uint8_t middlebox; /* MIDDLEBOX_* */
	uint8_t mac[6];
	struct answer_stack stack;
};

/* The row that an answer makes. */
struct result result_of_answer(const struct answer *answer);

struct results;

struct results *results_new(void);
void results_free(struct results **results);

enum results_news {
	RESULTS_NEW,       /* the first answer of this address and port */
	RESULTS_CHANGED,   /* says more than the one before: open beats closed beats filtered */
	RESULTS_CONFIRMED, /* another probe was answered the same */
	RESULTS_DUPLICATE, /* the same probe was answered again */
	RESULTS_FULL,      /* new, and not kept */
};

/* row: where it is; NULL where it is not kept. Valid until the next call. */
enum results_news results_add(struct results *results, const struct answer *answer,
			      const struct result **row);

size_t results_count(const struct results *results);
const struct result *results_at(const struct results *results, size_t n);

/* Which one it is, of a row that is where results_at or results_add said. */
size_t results_number(const struct results *results, const struct result *row);

/* Its number, or results_count() where it is not there. */
size_t results_find(const struct results *results, const struct address *address,
		    unsigned transport, unsigned port);

/* How many probes of the first two passes were answered by whom. */
struct estimate_counts results_counts(const struct results *results);

/* A row as the journal keeps it, and back; RESULT_PACKED_SIZE bytes. */
#define RESULT_PACKED_SIZE 64
void result_pack(const struct result *row, uint8_t out[RESULT_PACKED_SIZE]);
MUST_USE int result_unpack(struct span bytes, struct result *out);

/* As if it had just been found; false where it is known already. */
bool results_restore(struct results *results, const struct result *row);
