/* A file of fingerprints, or a bundle of them: read, and its examples tried. */
#include "fingerprints/bundle.h"
#include "fingerprints/examples.h"
#include "fingerprints/library.h"
#include "formats/fuzz.h"

static int take(void *context, struct span name, struct span xml, struct why *why)
{
	struct examples_report report = { 0 };
	struct document d;

	if (document_parse(name, xml, true, &d, why) == 0) {
		for (size_t i = 0; i < d.count; i++) {
			fuzz_touch(d.fingerprints[i].pattern);
			fuzz_touch(d.fingerprints[i].description);
		}
		examples_check(&d, &report, NULL, NULL);
		document_done(&d);
	}
	(void)document_is_recog(xml);
	return library_add(context, name, xml, why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = { data, size };
	struct fingerprints *f = library_new(LIBRARY_LINEAR);
	struct why why;

	if (bundle_is(bytes)) {
		(void)!bundle_each(bytes, take, f, &why);
	} else {
		(void)!take(f, span_of("fuzz.xml"), bytes, &why);
	}
	library_seal(f);
	library_make_ready(f);
	fingerprints_free(&f);
	return 0;
}
