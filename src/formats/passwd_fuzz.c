#include "formats/passwd.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct passwd_iterator it = passwd_over((struct span){ data, size });
	struct passwd_entry entry;

	while (passwd_next(&it, &entry)) {
		fuzz_touch(entry.name);
		fuzz_touch(entry.full_name);
		fuzz_touch(entry.home);
		fuzz_touch(entry.shell);
	}
	return 0;
}
