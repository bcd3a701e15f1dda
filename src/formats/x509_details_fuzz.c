#include "formats/x509_details.h"

#include "formats/fuzz.h"
#include "formats/sct.h"

static void touch(struct span der, const struct x509_details *details)
{
	struct x509 certificate;
	struct sct scts[SCT_LIST_MAX];
	size_t count = 0;

	fuzz_touch(details->common_name);
	fuzz_touch(details->key_info);
	fuzz_touch(details->rsa_modulus);
	fuzz_touch(details->rsa_exponent);
	fuzz_touch(details->key_id);
	fuzz_touch(details->authority_key_id);
	fuzz_touch(details->ocsp_url);
	fuzz_touch(details->issuer_url);
	(void)x509_modulus_is_roca(details->rsa_modulus);
	if (sct_list_parse(details->sct_list, scts, &count) == 0 && count > 0) {
		fuzz_touch(scts[0].log_id);
	}
	if (x509_parse(der, &certificate) == 0) {
		(void)x509_match_host(&certificate, span_of("www.example.org"));
		(void)x509_match_host(&certificate, span_of("192.0.2.1"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span der = { data, size };
	struct x509_details details;

	if (x509_details_parse(der, &details) == 0) {
		touch(der, &details);
	}
	return 0;
}
