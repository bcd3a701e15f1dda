#include "formats/cvss.h"

#include "formats/fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int tenths = -1;

	if (cvss_score((struct span){ data, size }, &tenths) == 0 && (tenths < 0 || tenths > 100)) {
		abort();
	}
	fuzz_touch(span_of(cvss_severity(tenths)));
	return 0;
}
