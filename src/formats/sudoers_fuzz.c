#include "formats/sudoers.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sudoers_iterator it = sudoers_over((struct span){ data, size });
	struct sudoers_entry entry;

	while (sudoers_next(&it, &entry)) {
		struct sudoers_grants grants = sudoers_grants_over(entry.rest);
		struct sudoers_grant grant;

		fuzz_touch(entry.users);
		fuzz_touch(entry.rest);
		while (sudoers_grants_next(&grants, &grant)) {
			uint8_t bytes[64];
			struct writer w = writer_over(bytes, sizeof bytes);

			sudoers_write(grant.commands, &w);
			fuzz_touch(writer_span(&w));
			fuzz_touch(grant.hosts);
			fuzz_touch(grant.runas);
			for (size_t i = 0; i < grant.tag_count; i++) {
				fuzz_touch(grant.tags[i]);
			}
		}
	}
	return 0;
}
