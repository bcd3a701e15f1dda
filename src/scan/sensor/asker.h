/*
 * asker.h - the process that talks to strangers: what answers there, and what its TLS is worth.
 *
 * It can connect, and nothing else: no file, no key, no raw socket. What it says is checked by
 * whoever asked (rows_is_of), so that a server that broke into it can lie about itself alone.
 */
#pragma once

#include "base/attr.h"
#include "scan/answer.h"
#include "scan/sensor/rows.h"
#include "sys/why.h"

/* Under way at once, and on one host: two to identify, two to assess. */
#define ASKER_AT_ONCE     256
#define ASKER_PER_HOST    2
#define ASKER_TLS_AT_ONCE 64
#define ASKER_TEXT_MAX    96

enum asker_message {
	ASKER_ASK = 1, /* a struct ask */
	ASKER_DROP,    /* everything that is under way, at once and without an answer */
	ASKER_ANSWER,  /* a struct ask_answer, with the id that was asked */
};

struct ask {
	struct rows_place place;
	bool has_stack;
	struct answer_stack stack;
	uint8_t middlebox;
	uint8_t mac[6];
};

struct ask_answer {
	uint8_t outcome;   /* enum identify_outcome */
	bool is_partial;   /* TLS was spoken and could not be assessed */
	int64_t expires_s; /* the soonest end of a certificate that it serves; 0: none */
	char os[ASKER_TEXT_MAX];
	char device[ASKER_TEXT_MAX];
	uint8_t confidence; /* percent */
	struct span rows;   /* see rows.h; borrowed */
};

#define ASK_SIZE_MAX        1024
#define ASK_ANSWER_SIZE_MAX (ROWS_BYTES_MAX + 512)

void ask_write(const struct ask *ask, struct writer *out);
MUST_USE int ask_read(struct span body, struct ask *out);
void ask_answer_write(const struct ask_answer *answer, struct writer *out);
MUST_USE int ask_answer_read(struct span body, struct ask_answer *out);

struct asker_settings {
	const char *fingerprints; /* NULL: where they usually are */
	const char *roots;        /* PEM; NULL: the system's */
};

/* Forks it; settings must live until then. */
MUST_USE int asker_start(const struct asker_settings *settings, int *out_line, struct why *why);
