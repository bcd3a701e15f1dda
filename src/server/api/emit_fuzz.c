/* emit_fuzz.c - whatever text goes into the writer, an independent reader takes what comes out. */
#include <assert.h>
#include <jansson.h>

#include "server/api/emit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer out;
	struct emit j;
	struct span text;
	json_t *root;

	buffer_init(&out, 1u << 20);
	j = emit_over(&out);
	emit_array(&j);
	emit_span(&j, (struct span){ data, size });
	emit_span(&j, (struct span){ data, size / 2 });
	emit_array_end(&j);
	if (emit_ok(&j)) {
		text = buffer_span(&out);
		root = json_loadb((const char *)text.ptr, text.len, JSON_ALLOW_NUL, NULL);
		assert(root != NULL && json_array_size(root) == 2);
		json_decref(root);
	}
	buffer_done(&out);
	return 0;
}
