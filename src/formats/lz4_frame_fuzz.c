#include "formats/lz4_frame.h"

#include "base/error.h"
#include "base/mem.h"
#include "formats/fuzz.h"

static int take(void *context, uint8_t *to, size_t len)
{
	struct span *rest = context;

	if (len > rest->len) {
		return ERR_MALFORMED;
	}
	mem_copy(to, rest->ptr, len);
	*rest = span_after(*rest, len);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lz4_frame frame;
	struct span rest = { data, size };
	struct lz4_source source = { take, &rest };
	struct span block;

	if (lz4_frame_open(&frame, source) != 0) {
		return 0;
	}
	while (lz4_frame_next(&frame, &block) == 0 && block.len > 0) {
		fuzz_touch(block);
	}
	return 0;
}
