/* trust_fuzz.c - certificates and stapled answers that strangers send. */
#include "sys/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first half is the leaf or the answer, the second half its issuer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span whole = { data, size };
	struct span chain[] = { span_first(whole, size / 2), span_after(whole, size / 2), whole };
	struct span rotated[] = { whole, chain[1] };
	struct trust_store *store = NULL;
	struct trust_path path;
	struct trust_ocsp status;

	if (trust_store_open("/dev/null", &store, NULL) == 0) {
		trust_verify(store, chain, 3, 1795330000, &path);
		trust_verify(store, rotated, 2, 1795330000, &path);
	}
	trust_read_ocsp(whole, rotated, 2, 1795330000, &status);
	trust_store_free(&store);
	return 0;
}
