/*
 * cvss.h - base scores of CVSS vectors: version 2 ("AV:N/AC:L/Au:N/C:P/I:P/A:P") and versions 3.0
 * and 3.1 ("CVSS:3.1/AV:N/..."), exactly as FIRST's specifications compute them.
 *
 * Version 4.0 is recognised and checked for form, but not scored: its score is a table of 270
 * expert judgements. Temporal and environmental metrics may be there and do not count.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

#define CVSS_VECTOR_MAX 256

/* The base score times 10. ERR_MALFORMED where a base metric is missing, given twice or has no such
 * value; ERR_UNSUPPORTED for version 4.0 and versions to come. */
MUST_USE int cvss_score(struct span vector, int *out_tenths);

/* critical, high, medium, low or none: the qualitative rating of version 3 and later. */
const char *cvss_severity(int tenths);
