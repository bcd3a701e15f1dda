/*
 * cvss.h - base scores of CVSS vectors: version 2 ("AV:N/AC:L/Au:N/C:P/I:P/A:P") and versions 3.0,
 * 3.1 and 4.0 ("CVSS:3.1/AV:N/..."), exactly as FIRST's specifications compute them.
 *
 * Temporal (in 4.0: threat), environmental and supplemental metrics may be there and do not count.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"

#define CVSS_VECTOR_MAX 256

/* The base score times 10. ERR_MALFORMED where a base metric is missing, given twice or has no such
 * value; ERR_UNSUPPORTED for versions to come. */
MUST_USE int cvss_score(struct span vector, int *out_tenths);

/* critical, high, medium, low or none: the qualitative rating of version 3 and later. */
const char *cvss_severity(int tenths);
