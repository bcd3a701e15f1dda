/*
 * tls_report.h - what was learnt of a TLS server: for people, and as JSON (docs/tls.md).
 *
 * All that a server sent is a stranger's text: on its way to a terminal it is escaped.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "scan/tls/result.h"

/* Several lines, the last one empty. */
void tls_report_text(const struct tls_result *result, FILE *to);

/* An object; the caller's. */
json_t *tls_report_json(const struct tls_result *result);

/* "smtp" and so on, "" for none. */
const char *tls_starttls_text(enum tls_starttls starttls);

/* By the same word; false where there is none such. */
bool tls_starttls_find(const char *word, enum tls_starttls *out);
