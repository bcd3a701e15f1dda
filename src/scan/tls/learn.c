/* learn.c - what any hello of a server tells, whatever it was asked for. */

#include "base/mem.h"
#include "base/sha256.h"
#include "formats/x509.h"
#include "scan/tls/assessment.h"
#include "scan/tls/primes.h"
#include "sys/alloc.h"

static const uint16_t numbers[TLS_VERSIONS] = {
	[TLS_SSL2] = 0x0002, [TLS_SSL3] = 0x0300, [TLS_1_0] = 0x0301,
	[TLS_1_1] = 0x0302,  [TLS_1_2] = 0x0303,  [TLS_1_3] = 0x0304,
};

uint16_t version_number(enum tls_version version)
{
	return numbers[version];
}

enum tls_version version_of(uint16_t number)
{
	for (unsigned v = 0; v < TLS_VERSIONS; v++) {
		if (numbers[v] == number) {
			return v;
		}
	}
	return TLS_VERSIONS;
}

bool highest_version(const struct tls_result *result, enum tls_version max, enum tls_version *out)
{
	for (unsigned v = max + 1; v-- > TLS_SSL3;) {
		if (result->versions[v].offered == TLS_YES) {
			*out = v;
			return true;
		}
	}
	return false;
}

static void learn_suite(struct tls_version_result *version, const struct answer *answer)
{
	const struct tls_server_hello *hello = &answer->flight->hello;
	const struct tls_suite_seen seen = {
		.id = hello->suite,
		.group = hello->version >= 0x0304 ? hello->group : answer->kex.group,
		.dh_bits = (uint16_t)tls_number_bits(answer->kex.prime),
	};

	for (unsigned i = 0; i < version->count; i++) {
		if (version->suites[i].id == seen.id) {
			return;
		}
	}
	if (version->count == TLS_RESULT_SUITES_MAX) {
		version->left_out++;
		return;
	}
	version->suites[version->count++] = seen;
}

static void note_public(uint8_t last[8], struct span public_key, enum tls_fact *is_reused)
{
	uint8_t now[8] = { 0 };

	/* the first byte of a point is its form, the last bytes are as good as any */
	if (public_key.len < sizeof now) {
		return;
	}
	mem_copy(now, public_key.ptr + public_key.len - sizeof now, sizeof now);
	if (mem_compare(now, last, sizeof now) == 0) {
		*is_reused = TLS_YES;
	} else if (*is_reused == TLS_UNKNOWN) {
		static const uint8_t none[8] = { 0 };

		*is_reused = mem_compare(last, none, sizeof none) == 0 ? TLS_UNKNOWN : TLS_NO;
	}
	mem_copy(last, now, sizeof now);
}

static void learn_prime(struct tls_result *result, const struct tls_key_exchange *kex,
			bool is_export)
{
	struct tls_prime prime = { .bits = (uint16_t)tls_number_bits(kex->prime),
				   .is_export = is_export };

	if (result->dh_bits_min == 0 || prime.bits < result->dh_bits_min) {
		result->dh_bits_min = prime.bits;
	}
	sha256_of(kex->prime, prime.sha256);
	for (unsigned i = 0; i < result->prime_count; i++) {
		if (mem_compare(result->primes[i].sha256, prime.sha256, sizeof prime.sha256) == 0) {
			return;
		}
	}
	if (result->prime_count < TLS_RESULT_PRIMES_MAX) {
		prime.common_name = primes_name(prime.sha256);
		prime.is_weak_common = prime.common_name != NULL && prime.bits <= 1024;
		result->primes[result->prime_count++] = prime;
	}
}

static void learn_exchange(struct assessment *assessment, const struct answer *answer)
{
	struct tls_result *result = assessment->result;
	const struct tls_key_exchange *kex = &answer->kex;
	struct tls_suite suite;

	(void)tls_suites_find(answer->flight->hello.suite, &suite);
	if (kex->prime.len > 0) {
		learn_prime(result, kex, suite.export_bits != 0);
		note_public(assessment->dh_public, kex->public_key, &result->features.dh_reuse);
	}
	if (kex->group != 0) {
		const struct tls_group *group = tls_groups_find(kex->group);

		if (group != NULL && group->bits > 0 &&
		    (result->ecdh_bits_min == 0 || group->bits < result->ecdh_bits_min)) {
			result->ecdh_bits_min = group->bits;
		}
		note_public(assessment->ecdh_public, kex->public_key, &result->features.ecdh_reuse);
	}
	if (kex->modulus.len > 0) {
		result->rsa_export_bits = (uint16_t)tls_number_bits(kex->modulus);
	}
}

static enum tls_certificate_type type_of(struct span leaf)
{
	uint8_t text[64];
	struct writer w = writer_over(text, sizeof text);
	struct x509 certificate;

	if (x509_parse(leaf, &certificate) != 0) {
		return TLS_CERTIFICATE_OTHER;
	}
	x509_write_key_type(&certificate, &w);
	if (span_is(writer_span(&w), "rsa")) {
		return TLS_CERTIFICATE_RSA;
	}
	if (span_is(writer_span(&w), "rsa-pss")) {
		return TLS_CERTIFICATE_RSA_PSS;
	}
	if (span_is(writer_span(&w), "ec")) {
		return TLS_CERTIFICATE_ECDSA;
	}
	if (span_starts_with(writer_span(&w), "ed")) {
		return TLS_CERTIFICATE_EDDSA;
	}
	return span_is(writer_span(&w), "dsa") ? TLS_CERTIFICATE_DSA : TLS_CERTIFICATE_OTHER;
}

static bool is_leaf_known(const struct tls_result *result, struct span leaf)
{
	for (unsigned i = 0; i < TLS_CERTIFICATE_TYPES; i++) {
		const struct tls_chain *chain = &result->chains[i];

		if (chain->count > 0 && span_equal(chain->certificates[0], leaf)) {
			return true;
		}
	}
	return false;
}

void learn_chain(struct tls_result *result, const struct span *certificates, size_t count,
		 enum tls_version version)
{
	struct tls_chain *chain;
	size_t bytes = 0;
	size_t kept = count < TLS_RESULT_CHAIN_MAX ? count : TLS_RESULT_CHAIN_MAX;
	uint8_t *at;

	if (count == 0 || is_leaf_known(result, certificates[0])) {
		return;
	}
	chain = &result->chains[type_of(certificates[0])];
	if (chain->count > 0) {
		return; /* another server behind the same address, perhaps; the first stays */
	}
	for (size_t i = 0; i < kept; i++) {
		bytes += certificates[i].len;
	}
	chain->bytes = alloc_zeroed(bytes + 1, 1);
	at = chain->bytes;
	for (size_t i = 0; i < kept; i++) {
		mem_copy(at, certificates[i].ptr, certificates[i].len);
		chain->certificates[i] = (struct span){ at, certificates[i].len };
		at += certificates[i].len;
	}
	chain->count = (unsigned)kept;
	chain->left_out = (unsigned)(count - kept);
	chain->version = version;
}

static void learn_certificates(struct tls_result *result, const struct answer *answer,
			       enum tls_version version)
{
	struct span all[TLS_CERTIFICATES_MAX];
	struct tls_certificates it;
	struct span body;
	size_t count = 0;

	if (!tls_flight_message(answer->flight, TLS_CERTIFICATE, &body) ||
	    tls_certificates_over(body, &it) != 0) {
		return;
	}
	while (count < COUNT_OF(all) && tls_certificates_next(&it, &all[count])) {
		count++;
	}
	learn_chain(result, all, count, version);
}

static void keep(struct span bytes, struct span *out, uint8_t **owned)
{
	if (bytes.len == 0 || *owned != NULL) {
		return;
	}
	*owned = alloc_zeroed(bytes.len, 1);
	mem_copy(*owned, bytes.ptr, bytes.len);
	*out = (struct span){ *owned, bytes.len };
}

void learn_staple(struct tls_result *result, struct span der)
{
	keep(der, &result->ocsp_response, &result->ocsp_bytes);
	result->features.ocsp_stapling = TLS_YES;
}

void learn_scts(struct tls_result *result, struct span list)
{
	keep(list, &result->scts, &result->sct_bytes);
	result->features.scts_by_extension = TLS_YES;
}

static void learn_extras(struct tls_result *result, const struct answer *answer)
{
	struct span body;
	struct span der;

	if (tls_flight_message(answer->flight, TLS_CERTIFICATE_STATUS, &body) &&
	    tls_certificate_status_parse(body, &der) == 0) {
		learn_staple(result, der);
	}
	if (answer->flight->hello.scts.len > 0) {
		learn_scts(result, answer->flight->hello.scts);
	}
	if (tls_flight_message(answer->flight, TLS_CERTIFICATE_REQUEST, &body)) {
		result->features.client_certificate = TLS_YES;
	} else if (answer->flight->state == TLS_FLIGHT_WHOLE &&
		   answer->flight->hello.version < 0x0304 &&
		   result->features.client_certificate == TLS_UNKNOWN) {
		result->features.client_certificate = TLS_NO;
	}
}

/* Whether it is the right one is known when all versions are. */
static void learn_sentinel(struct tls_version_result *version, enum tls_sentinel sentinel)
{
	version->is_sentinel_tls12 |= sentinel == TLS_SENTINEL_TLS12;
	version->is_sentinel_tls11 |= sentinel == TLS_SENTINEL_TLS11;
	version->is_without_sentinel |= sentinel == TLS_SENTINEL_NONE;
}

void learn_answer(struct assessment *assessment, const struct answer *answer)
{
	struct tls_result *result = assessment->result;
	enum tls_version version = version_of(answer->flight->hello.version);

	if (version == TLS_VERSIONS) {
		return;
	}
	result->versions[version].offered = TLS_YES;
	learn_sentinel(&result->versions[version], answer->flight->hello.sentinel);
	learn_suite(&result->versions[version], answer);
	learn_exchange(assessment, answer);
	learn_certificates(result, answer, version);
	learn_extras(result, answer);
	if (answer->flight->certificates_cut > 0) {
		result->certificates_cut = answer->flight->certificates_cut;
		result->accounting.bytes_cut += answer->flight->certificates_cut;
	}
}
