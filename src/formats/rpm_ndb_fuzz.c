#include "formats/rpm_ndb.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t text[9 * RPM_HEADER_TEXT_MAX];
	struct span file = { data, size };
	struct rpm_header_source header;
	struct rpm_ndb db;
	uint32_t number;

	if (rpm_ndb_open(rpm_header_source_over(&file), &db) != 0) {
		return 0;
	}
	while (rpm_ndb_next(&db, &number, &header)) {
		struct writer texts = writer_over(text, sizeof text);
		struct rpm_package package;

		if (rpm_header_read(header, &texts, &package) == 0) {
			fuzz_touch(package.name);
			fuzz_touch(package.version);
		}
	}
	return 0;
}
