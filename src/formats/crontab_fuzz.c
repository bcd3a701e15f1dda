#include "formats/crontab.h"

#include "formats/fuzz.h"

static void walk(struct span file, enum crontab_kind kind)
{
	struct crontab_iterator it = crontab_over(file, kind);
	struct crontab_entry entry;

	while (crontab_next(&it, &entry)) {
		uint8_t buffer[128];
		struct writer w = writer_over(buffer, sizeof buffer);

		crontab_write_schedule(entry.schedule, &w);
		crontab_write_command(entry.command, &w);
		fuzz_touch(writer_span(&w));
		fuzz_touch(entry.user);
		fuzz_touch(entry.name);
		fuzz_touch(entry.value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	walk((struct span){ data, size }, CRONTAB_USER);
	walk((struct span){ data, size }, CRONTAB_SYSTEM);
	return 0;
}
