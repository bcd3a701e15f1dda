#include "formats/btf.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct btf_member wanted[] = { { "task_struct", "mm" }, { "file", "f_path" } };

	if (btf_find((struct span){ data, size }, wanted, 2) == 0) {
		fuzz_touch((struct span){ data, wanted[0].is_found && size > 0 ? 1 : 0 });
	}
	return 0;
}
