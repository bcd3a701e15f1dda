/* An index whose checksum was made right, so that everything behind it is met too. */
#include "server/feeds/knowledge.h"

#include "base/mem.h"
#include "formats/fuzz.h"
#include "server/feeds/knowledge_map.h"
#include "sys/alloc.h"

#include <stdlib.h>

static bool touch_place(void *context, struct span stream, struct span package)
{
	const struct knowledge *k = context;
	struct knowledge_entries all = knowledge_package(k, stream, package);
	struct knowledge_entry e;
	struct knowledge_vulnerability v;

	fuzz_touch(stream);
	fuzz_touch(package);
	while (knowledge_entries_next(&all, &e)) {
		fuzz_touch(e.id);
		fuzz_touch(e.quote);
		fuzz_touch(e.urgency);
		fuzz_touch(e.feed);
		for (uint32_t i = 0; i < e.range_count && i < 100; i++) {
			fuzz_touch(knowledge_range(k, &e, i).introduced);
			fuzz_touch(knowledge_range(k, &e, i).fixed);
		}
		for (uint32_t i = 0; i < e.version_count && i < 100; i++) {
			fuzz_touch(knowledge_version(k, &e, i));
		}
		if (knowledge_vulnerability(k, e.id, &v)) {
			fuzz_touch(v.references);
			fuzz_touch(v.severity);
		}
	}
	return true;
}

static bool touch_id(void *context, struct span id)
{
	(void)context;
	fuzz_touch(id);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = alloc_zeroed(1, size + 1);
	struct knowledge *k = NULL;
	struct why why;

	mem_copy(bytes, data, size);
	knowledge_seal(bytes, size);
	if (knowledge_open_bytes((struct span){ bytes, size }, &k, &why) == 0) {
		knowledge_changed_places(NULL, k, touch_place, k);
		knowledge_changed_vulnerabilities(NULL, k, touch_id, NULL);
		knowledge_close(&k);
	}
	free(bytes);
	return 0;
}
