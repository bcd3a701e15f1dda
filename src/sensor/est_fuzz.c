/* est_fuzz.c - whatever answers on the enrolment port. */
#include "sensor/est.h"

#include "sys/pki.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says whether the connection has ended. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = { data, size };
	struct buffer der;
	struct why why;

	if (size == 0) {
		return 0;
	}
	buffer_init(&der, EST_ANSWER_MAX);
	(void)!est_answer(span_after(bytes, 1), (data[0] & 1) != 0, &der, &why);
	buffer_done(&der);
	return 0;
}
