/* pki_fuzz.c - requests, certificates and messages that strangers send. */
#include "sys/pki.h"

#define SIZE_LIMIT (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = { data, size };
	struct pki_certificate_facts facts;
	struct buffer out;
	uint8_t hash[32];
	struct why why;
	int ignored;

	buffer_init(&out, SIZE_LIMIT);
	ignored = pki_request_key_hash(bytes, hash, &why);
	ignored |= pki_certificate_key_hash(bytes, hash, &why);
	ignored |= pki_certificate_facts(bytes, &facts, &why);
	ignored |= pki_certs_only_first(bytes, &out, &why);
	ignored |= pki_pem_to_der(bytes, &out, &why);
	ignored |= pki_der_to_pem(bytes, &out, &why);
	ignored |= pki_base64_decode(bytes, &out, &why);
	(void)ignored;
	buffer_done(&out);
	return 0;
}
