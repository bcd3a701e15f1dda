#include "formats/utmp.h"

#include "base/reader.h"
#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (enum utmp_layout layout = UTMP_32; layout <= UTMP_64; layout++) {
		struct reader r = reader_over((struct span){ data, size });
		struct utmp_record record;

		while (reader_left(&r) > 0) {
			size_t len = reader_left(&r) < utmp_size(layout) ? reader_left(&r)
									 : utmp_size(layout);

			if (utmp_parse(reader_bytes(&r, len), layout, &record) == 0) {
				fuzz_touch(record.line);
				fuzz_touch(record.user);
				fuzz_touch(record.host);
			}
		}
	}
	return 0;
}
