/*
 * grade_rules.h - whether a rule holds for a server. Private to grade.
 */
#pragma once

#include "scan/tls/grade_view.h"

/* Does the rule hold? detail has TLS_REASON_DETAIL_SIZE bytes, is empty, and may stay so; of
 * certificates the first that offends is told. */
bool grade_check(enum rule rule, const struct grade_view *view, char *detail);
