/* pulse_fuzz.c - lines of a history file that anybody may have edited. */
#include "scan/tls/pulse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_pulse run;
	struct buffer out;

	buffer_init(&out, 64 << 10);
	if (tls_pulse_parse((struct span){ data, size }, &run) == 0) {
		int error = tls_pulse_write_trend(&run, 1, &out);

		(void)error;
	}
	buffer_done(&out);
	return 0;
}
