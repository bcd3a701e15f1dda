#include "formats/base64.h"

#include "formats/fuzz.h"

/* What decodes must encode to a text that decodes to the same. */
static void walk(struct span text, enum base64_mode mode)
{
	uint8_t decoded[256];
	uint8_t encoded[BASE64_ENCODED_SIZE(sizeof decoded)];
	uint8_t again[sizeof decoded];
	struct writer w = writer_over(decoded, sizeof decoded);
	struct writer ew = writer_over(encoded, sizeof encoded);
	struct writer aw = writer_over(again, sizeof again);

	if (base64_decode(text, mode, &w) != 0) {
		return;
	}
	base64_encode(writer_span(&w), &ew);
	if (!writer_ok(&ew) || base64_decode(writer_span(&ew), BASE64_STRICT, &aw) != 0 ||
	    !span_equal(writer_span(&w), writer_span(&aw))) {
		__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	walk((struct span){ data, size }, BASE64_STRICT);
	walk((struct span){ data, size }, BASE64_WHITESPACE);
	return 0;
}
