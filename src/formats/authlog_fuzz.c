#include "formats/authlog.h"

#include "base/reader.h"
#include "formats/fuzz.h"
#include "formats/syslog.h"

/* Lines of a log file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_over((struct span){ data, size });
	struct authlog_event event;
	struct syslog_line line;

	while (reader_left(&r) > 0) {
		if (syslog_parse(reader_line(&r), &line) != 0) {
			continue;
		}
		fuzz_touch(line.message);
		if (authlog_parse(line.program, line.message, &event) == 0) {
			fuzz_touch(event.user);
			fuzz_touch(event.address);
			fuzz_touch(event.command);
			fuzz_touch(event.account);
			fuzz_touch(event.unit);
		}
	}
	return 0;
}
