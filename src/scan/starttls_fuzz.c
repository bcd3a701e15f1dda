#include "scan/starttls.h"

#include "formats/fuzz.h"

/* First byte: the protocol; second: how many bytes arrive at once. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t say[STARTTLS_SAY_MAX];
	struct writer w = writer_over(say, sizeof say);
	struct span input = { data, size };
	struct starttls d;
	size_t step;
	size_t from = 0;

	if (size < 2) {
		return 0;
	}
	starttls_init(&d, (enum starttls_protocol)(1 + data[0] % (STARTTLS_COUNT - 1)), "host");
	(void)starttls_begin(&d, &w);
	step = data[1] + 1u;
	input = span_after(input, 2);
	for (size_t seen = 0; seen <= input.len; seen += step) {
		size_t consumed;
		enum starttls_verdict verdict;
		struct span part = span_after(span_first(input, seen), from);

		w = writer_over(say, sizeof say);
		verdict = starttls_read(&d, part, seen + step > input.len, &consumed, &w);
		if (consumed > part.len || !writer_ok(&w)) {
			__builtin_trap();
		}
		from += consumed;
		if (verdict != STARTTLS_MORE && verdict != STARTTLS_SAY) {
			break;
		}
	}
	return 0;
}
