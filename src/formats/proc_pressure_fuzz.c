#include "formats/proc_pressure.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t found;

	if (proc_pressure_parse((struct span){ data, size }, &found) == 0 && found > 10099) {
		abort();
	}
	return 0;
}
