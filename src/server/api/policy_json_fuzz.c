/* policy_json_fuzz.c - what is taken for a policy can be sent, and is written as what it was. */
#include <jansson.h>
#include <stdlib.h>

#include "server/api/policy_json.h"
#include "sys/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *root = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	uint8_t *room = alloc_resize(NULL, MESSAGE_POLICY_MAX, 1);
	struct writer w = writer_over(room, MESSAGE_POLICY_MAX);
	struct policy_retention retention;
	struct policy policy;
	struct policy again;
	struct buffer text;
	struct why why;
	struct emit j;

	buffer_init(&text, 1u << 20);
	j = emit_over(&text);
	if (json_is_object(root) && policy_json_read(root, true, &policy, &retention, &why) == 0) {
		policy_json_write(&j, &policy, &retention);
		if (!emit_ok(&j)) {
			abort();
		}
		if (policy_encode(&policy, &w) == 0 &&
		    policy_decode(writer_span(&w), &again) != 0) {
			abort();
		}
	}
	buffer_done(&text);
	alloc_free(&room);
	json_decref(root);
	return 0;
}
