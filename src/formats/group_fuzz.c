#include "formats/group.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct group_iterator it = group_over((struct span){ data, size });
	struct group_entry entry;

	while (group_next(&it, &entry)) {
		fuzz_touch(entry.name);
		struct reader members = reader_over(entry.members);
		struct span member;

		while (group_members_next(&members, &member)) {
			fuzz_touch(member);
		}
	}
	return 0;
}
