#include "formats/go_buildinfo.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct go_buildinfo info;
	struct go_modules it;
	struct go_module module;

	if (go_buildinfo_parse((struct span){ data, size }, &info) != 0) {
		return 0;
	}
	fuzz_touch(info.go_version);
	it = go_modules_over(info.modules);
	while (go_modules_next(&it, &module)) {
		fuzz_touch(module.path);
		fuzz_touch(module.version);
	}
	return 0;
}
