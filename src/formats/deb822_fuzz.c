#include "formats/deb822.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct deb822_stanzas it = deb822_stanzas_over((struct span){ data, size });
	struct span stanza;

	while (deb822_stanzas_next(&it, &stanza)) {
		struct deb822_fields fields = deb822_fields_over(stanza);
		struct deb822_field field;

		while (deb822_fields_next(&fields, &field)) {
			fuzz_touch(field.name);
			fuzz_touch(field.value);
		}
	}
	if (deb822_whole((struct span){ data, size }) > size) {
		__builtin_trap();
	}
	return 0;
}
