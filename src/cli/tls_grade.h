/*
 * tls_grade.h - a letter, its reasons and what certificates are worth, for people and for programs.
 *
 * Names and numbers of the JSON are an interface: they are added to, not changed.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "scan/tls/grade.h"

/* {"letter":"B","score":91,...,"reasons":[{"id":"tls-1.0",...}]}; the caller's. */
json_t *tls_grade_json(const struct tls_grade *grade);

/* A list, one for each type of certificate that was sent; the caller's. */
json_t *tls_grade_certificates_json(const struct tls_chain_facts chains[TLS_CERTIFICATE_TYPES]);

/* The letter, scores, and every reason with what mends it. with_advice: lines of configuration
 * too. */
void tls_grade_print(const struct tls_grade *grade, bool with_advice, FILE *to);

/* A paragraph for each certificate. */
void tls_grade_print_certificates(const struct tls_chain_facts chains[TLS_CERTIFICATE_TYPES],
				  FILE *to);
