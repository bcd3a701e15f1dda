#include "formats/rpm_header.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t buffer[2048];
	struct writer w = writer_over(buffer, sizeof buffer);
	struct rpm_package package;
	struct span name;
	struct span version;

	if (rpm_header_parse((struct span){ data, size }, &w, &package) != 0) {
		return 0;
	}
	fuzz_touch(package.name);
	fuzz_touch(package.version);
	fuzz_touch(package.architecture);
	fuzz_touch(package.vendor);
	fuzz_touch(package.group);
	if (rpm_header_split_source(package.source_rpm, &name, &version)) {
		fuzz_touch(name);
		fuzz_touch(version);
	}
	return 0;
}
