/* estimate.c - Lincoln and Petersen's index. */
#include "scan/discovery/estimate.h"

struct estimate estimate_of(const struct estimate_counts *counts, unsigned passes)
{
	struct estimate result = { -1, -1 };
	double lost;

	if (passes < 2 || counts->both == 0) {
		return result;
	}
	/* either pass is judged by those that answered the other */
	lost = (double)(counts->first - counts->both) + (double)(counts->second - counts->both);
	result.loss = lost / (double)(counts->first + counts->second);
	/* each further probe of a target misses it once more */
	result.missed = (double)(counts->first - counts->both) *
			(double)(counts->second - counts->both) / (double)(counts->both + 1);
	for (unsigned i = 2; i < passes; i++) {
		result.missed *= result.loss;
	}
	return result;
}
