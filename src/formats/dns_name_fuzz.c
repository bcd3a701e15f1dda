/* dns_name_fuzz.c - a name anywhere in a message ends, and is no longer than it may be. */
#include "formats/dns_name.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span whole = { data, size };

	for (size_t at = 0; at < size && at < 64; at++) {
		uint8_t text[1024];
		struct writer w = writer_over(text, sizeof text);
		struct reader r = reader_over(span_after(whole, at));

		if (dns_name_write(whole, r, &w) && writer_used(&w) > DNS_NAME_TEXT_MAX) {
			__builtin_trap();
		}
		dns_name_skip(&r);
	}
	return 0;
}
