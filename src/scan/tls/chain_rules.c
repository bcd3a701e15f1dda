/* chain_rules.c - strengths and lifetimes by other people's tables. */
#include <string.h>

#include "base/attr.h"
#include "scan/tls/chain.h"

#define DAY_S 86400

/* NIST SP 800-57 part 1 revision 5, table 2: curves and RSA keys of like strength. */
struct equivalent {
	unsigned curve_bits;
	unsigned rsa_bits;
};

static const struct equivalent equivalents[] = {
	{ 512, 15360 }, { 384, 7680 }, { 250, 3072 }, { 224, 2048 }, { 160, 1024 }, { 112, 512 },
};

unsigned tls_curve_strength(unsigned bits)
{
	for (size_t i = 0; i < COUNT_OF(equivalents); i++) {
		if (bits >= equivalents[i].curve_bits) {
			return equivalents[i].rsa_bits;
		}
	}
	return bits;
}

unsigned tls_key_strength(const char *key_type, unsigned bits)
{
	if (strcmp(key_type, "rsa") == 0 || strcmp(key_type, "rsa-pss") == 0 ||
	    strcmp(key_type, "dsa") == 0) {
		return bits;
	}
	if (strcmp(key_type, "ec") == 0 || strcmp(key_type, "ed25519") == 0 ||
	    strcmp(key_type, "ed448") == 0) {
		return tls_curve_strength(bits);
	}
	return 0;
}

/* Baseline Requirements: ballots 193 (825 days), SC-31 by way of root programmes (398), SC-081v3.
 */
struct limit {
	int64_t from_s; /* for certificates issued from then on */
	unsigned days;
};

static const struct limit limits[] = {
	{ INT64_C(1519862400), 825 }, /* 2018-03-01 */
	{ INT64_C(1598918400), 398 }, /* 2020-09-01 */
	{ INT64_C(1773532800), 200 }, /* 2026-03-15 */
	{ INT64_C(1805068800), 100 }, /* 2027-03-15 */
	{ INT64_C(1868227200), 47 },  /* 2029-03-15 */
};

void tls_lifetime_judge(int64_t not_before_s, int64_t not_after_s, int64_t now_s,
			struct tls_lifetime *out)
{
	struct tls_lifetime life = { 0 };
	/* section 1.6.1: both ends belong to the validity period; a begun day counts as a day */
	int64_t seconds = not_after_s >= not_before_s ? not_after_s - not_before_s + 1 : 0;

	life.days = (unsigned)((seconds + DAY_S - 1) / DAY_S);
	for (size_t i = 0; i < COUNT_OF(limits); i++) {
		if (limits[i].from_s <= not_before_s) {
			life.limit_days = limits[i].days;
		}
		if (limits[i].from_s > now_s && life.next_limit_days == 0) {
			life.next_limit_days = limits[i].days;
			life.next_limit_s = limits[i].from_s;
		}
	}
	life.is_over = life.limit_days != 0 && life.days > life.limit_days;
	life.fits_next = life.next_limit_days == 0 || life.days <= life.next_limit_days;
	*out = life;
}

const char *tls_trust_text(const struct tls_chain_facts *facts)
{
	static const struct {
		unsigned problem;
		const char *text;
	} texts[] = {
		{ TRUST_UNREADABLE, "unreadable" },
		{ TRUST_EXPIRED, "expired" },
		{ TRUST_NOT_YET, "not yet valid" },
		{ TRUST_SELF_SIGNED, "self-signed" },
		{ TRUST_UNKNOWN_ROOT, "unknown root" },
		{ TRUST_BAD_SIGNATURE, "bad signature" },
		{ TRUST_ISSUER_EXPIRED, "an issuer expired" },
		{ TRUST_NOT_A_SERVER, "not for servers" },
		{ TRUST_NO_ISSUER, "unknown issuer" },
		{ TRUST_OTHER, "not valid" },
	};

	if (facts->is_stapled && facts->staple.status == TRUST_STATUS_REVOKED) {
		return "revoked";
	}
	if (facts->is_incomplete &&
	    (facts->trust.problems & (TRUST_EXPIRED | TRUST_NOT_YET)) == 0) {
		return "incomplete chain";
	}
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if ((facts->trust.problems & texts[i].problem) != 0) {
			return texts[i].text;
		}
	}
	return "trusted";
}

const char *tls_signature_text(enum tls_signature signature)
{
	static const char *const texts[] = { "", "sha1", "broken" };

	return texts[signature];
}
