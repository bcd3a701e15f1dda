#include "formats/syslog.h"

#include "base/reader.h"
#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_over((struct span){ data, size });
	struct syslog_line line;

	while (reader_left(&r) > 0) {
		if (syslog_parse(reader_line(&r), &line) == 0) {
			fuzz_touch(line.host);
			fuzz_touch(line.program);
			fuzz_touch(line.message);
		}
	}
	return 0;
}
