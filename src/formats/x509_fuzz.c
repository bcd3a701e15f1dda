#include "formats/x509.h"

#include "formats/fuzz.h"

static void touch(const struct x509 *certificate)
{
	uint8_t buffer[1024];
	struct writer w = writer_over(buffer, sizeof buffer);
	struct x509_names names = x509_names_over(certificate);
	struct x509_alternative_name name;

	if (x509_write_name(certificate->subject, &w) == 0 &&
	    x509_write_name(certificate->issuer, &w) == 0) {
		fuzz_touch(writer_span(&w));
	}
	x509_write_serial(certificate, &w);
	x509_write_key_type(certificate, &w);
	x509_write_signature(certificate, &w);
	while (x509_names_next(&names, &name)) {
		x509_write_alternative_name(&name, &w);
	}
	fuzz_touch(writer_span(&w));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct x509 certificate;

	if (x509_parse((struct span){ data, size }, &certificate) == 0) {
		touch(&certificate);
	}
	return 0;
}
