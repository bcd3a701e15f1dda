/* result.c - the result's memory and its words. */
#include "scan/tls/result.h"

#include <stdlib.h>

#include "sys/alloc.h"

static const char *const version_texts[TLS_VERSIONS] = {
	[TLS_SSL2] = "SSLv2",  [TLS_SSL3] = "SSLv3",  [TLS_1_0] = "TLSv1.0",
	[TLS_1_1] = "TLSv1.1", [TLS_1_2] = "TLSv1.2", [TLS_1_3] = "TLSv1.3",
};

static const char *const vulnerability_names[TLS_VULNERABILITIES] = {
	[TLS_HEARTBLEED] = "heartbleed",
	[TLS_CCS_INJECTION] = "ccs_injection",
	[TLS_ROBOT] = "robot",
	[TLS_POODLE_SSL] = "poodle_ssl",
	[TLS_POODLE_TLS] = "poodle_tls",
	[TLS_PADDING_ORACLE] = "padding_oracle",
	[TLS_BEAST] = "beast",
	[TLS_DROWN] = "drown",
	[TLS_LOGJAM] = "logjam",
	[TLS_FREAK] = "freak",
	[TLS_SWEET32] = "sweet32",
	[TLS_LUCKY13] = "lucky13",
	[TLS_RC4] = "rc4",
	[TLS_CRIME] = "crime",
	[TLS_TICKETBLEED] = "ticketbleed",
	[TLS_RENEGOTIATION] = "insecure_renegotiation",
	[TLS_NO_DOWNGRADE_GUARD] = "no_downgrade_guard",
	[TLS_VERSION_INTOLERANCE] = "version_intolerance",
};

struct tls_result *tls_result_new(void)
{
	return alloc_zeroed(1, sizeof(struct tls_result));
}

void tls_result_free(struct tls_result **result)
{
	if (*result == NULL) {
		return;
	}
	for (unsigned i = 0; i < TLS_CERTIFICATE_TYPES; i++) {
		free((*result)->chains[i].bytes);
	}
	free((*result)->ocsp_bytes);
	free((*result)->sct_bytes);
	free(*result);
	*result = NULL;
}

const char *tls_version_text(enum tls_version version)
{
	return version < TLS_VERSIONS ? version_texts[version] : "unknown";
}

const char *tls_vulnerability_name(enum tls_vulnerability vulnerability)
{
	return vulnerability < TLS_VULNERABILITIES ? vulnerability_names[vulnerability] : "unknown";
}

const char *tls_fact_text(enum tls_fact fact)
{
	return fact == TLS_YES ? "yes" : fact == TLS_NO ? "no" : "unknown";
}
