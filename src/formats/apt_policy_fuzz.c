#include "formats/apt_policy.h"

#include "formats/fuzz.h"

/* The bytes are both a Release file and preferences. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span file = { data, size };
	struct apt_release release;

	apt_release_parse(file, &release);
	fuzz_touch(release.origin);
	fuzz_touch(release.suite);
	(void)apt_release_is_security(&release);
	release.host = span_of("archive.example.org");
	(void)apt_policy_priority(file, &release, span_of("bash"), span_of("5.2-1")).value;
	return 0;
}
