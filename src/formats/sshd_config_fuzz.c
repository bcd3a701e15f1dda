#include "formats/sshd_config.h"

#include "base/error.h"
#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sshd_config_iterator it = sshd_config_over((struct span){ data, size });
	struct sshd_config_entry entry;

	while (sshd_config_next(&it, &entry)) {
		uint8_t bytes[64];
		struct writer w = writer_over(bytes, sizeof bytes);

		fuzz_touch(entry.keyword);
		if (sshd_config_write(entry.arguments, &w) != 0 && writer_used(&w) != 0) {
			__builtin_trap();
		}
		fuzz_touch(writer_span(&w));
	}
	return 0;
}
