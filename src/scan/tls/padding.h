/*
 * padding.h - what a server's answers to wrong CBC records say of it: POODLE against TLS
 * (CVE-2014-8730), and padding oracles (GOLDENDOODLE, Zombie POODLE, CVE-2019-1559).
 *
 * Pure. What a server did not answer is never counted as refused, and a verdict "no" needs a right
 * record that was treated otherwise. Private to this folder.
 */
#pragma once

#include "scan/tls/result.h"

/* One record each, over a connection of its own. */
enum padding_step {
	PADDING_RIGHT,     /* the control: nothing is wrong */
	PADDING_MAC_WRONG, /* what nobody takes */
	PADDING_ALL_WRONG,
	PADDING_FIRST_WRONG,
	PADDING_MAC_MISSING,     /* nothing but padding */
	PADDING_EMPTY_MAC_WRONG, /* of a record without content */
	PADDING_STEPS
};

/* Steps up to and without this one tell of POODLE; all of them of oracles. */
#define PADDING_POODLE_STEPS PADDING_MAC_MISSING

#define PADDING_NO_ALERT (-1)

struct padding_answer {
	bool is_asked; /* the handshake was done and the record sent; else the rest is nothing */
	bool is_reply; /* data came, and it can be nothing but the answer to the record */
	size_t data;   /* bytes inside the connection: an answer, or a greeting */
	int alert;     /* description of the last one */
	bool is_closed;
};

/* After the first two: nothing is heard, whatever is sent. More would cost time and tell nothing.
 */
bool padding_is_mute(const struct padding_answer answers[PADDING_STEPS]);

/* TLS_YES: a record with wrong padding is taken. detail has TLS_RESULT_DETAIL_SIZE bytes, and is
 * written. */
enum tls_fact padding_poodle(const struct padding_answer answers[PADDING_STEPS], char *detail);

/* TLS_YES: wrong records are told apart. Ask again then: what differs by chance is no oracle. */
enum tls_fact padding_oracle(const struct padding_answer answers[PADDING_STEPS], char *detail);

/* Whether two rounds of wrong records were answered alike. */
bool padding_is_steady(const struct padding_answer one[PADDING_STEPS],
		       const struct padding_answer other[PADDING_STEPS]);
