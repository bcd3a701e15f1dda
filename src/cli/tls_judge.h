/*
 * tls_judge.h - letters for assessments, and the population's pulse, as the command's options ask.
 *
 * Options: --ca, --known-keys, --advice, --pulse, --history.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "base/attr.h"
#include "scan/tls/result.h"
#include "sys/args.h"
#include "sys/why.h"

struct tls_judge;

/* Reads roots and lists. ERR_USAGE, ERR_IO, ERR_MALFORMED. */
MUST_USE int tls_judge_open(const struct args *args, struct tls_judge **out, struct why *why);

/* Accepts empty and nulls the variable. */
void tls_judge_free(struct tls_judge **judge);

/* True where servers are counted, and not told one by one. */
bool tls_judge_is_pulse(const struct tls_judge *judge);

/* Judges one assessment: the others below are about the latest. */
void tls_judge_take(struct tls_judge *judge, const struct tls_result *result);

/* Adds "grade" and "certificates" to the assessment's document. */
void tls_judge_add_json(const struct tls_judge *judge, json_t *document);

void tls_judge_print(const struct tls_judge *judge, FILE *to);

/* With --pulse: prints the distribution, and adds the run to the history where there is one. */
MUST_USE int tls_judge_finish(struct tls_judge *judge, bool is_json, FILE *to, struct why *why);
