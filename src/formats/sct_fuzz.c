#include "formats/sct.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sct scts[SCT_LIST_MAX];
	size_t count = 0;

	if (sct_list_parse((struct span){ data, size }, scts, &count) == 0) {
		for (size_t i = 0; i < count; i++) {
			fuzz_touch(scts[i].log_id);
		}
	}
	return 0;
}
