/* policy_fuzz.c - what is read can be written, and reads the same again. */
#include "wire/policy.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy policy;
	static struct policy merged;
	static uint8_t room[MESSAGE_POLICY_MAX * 2];
	struct writer w = writer_over(room, sizeof room);

	if (policy_decode((struct span){ data, size }, &policy) != 0) {
		return 0;
	}
	if (policy_encode(&policy, &w) == 0) {
		assert(policy_decode(writer_span(&w), &merged) == 0);
		assert(policy_merge(&merged, &policy) == 0 || policy.files.path_count > 0 ||
		       policy.files.exclude_count > 0);
	}
	return 0;
}
