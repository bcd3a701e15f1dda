#include "formats/apt_packages.h"

#include "formats/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct apt_packages_iterator it = apt_packages_over((struct span){ data, size });
	struct apt_package package;
	struct span architecture;
	struct span version;

	while (apt_packages_next(&it, &package)) {
		fuzz_touch(package.name);
		if (apt_package_version(&package, &version, &architecture)) {
			fuzz_touch(version);
			fuzz_touch(architecture);
		}
	}
	return 0;
}
