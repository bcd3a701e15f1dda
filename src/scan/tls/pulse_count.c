/* pulse_count.c - the groups, and which counters a server raises. */
#include "scan/tls/pulse_count.h"

#include <string.h>

#include "base/attr.h"
#include "formats/tls_suites.h"

#define HSTS_LONG_S (UINT64_C(180) * 86400)

static const char *grade_name(unsigned counter)
{
	return counter == TLS_LETTER_NONE ? "none" : tls_letter_text((enum tls_letter)counter);
}

static const char *failure_name(unsigned counter)
{
	static const char *const names[] = { "none",   "no_address", "refused",    "timed_out",
					     "closed", "not_tls",    "no_starttls" };

	return names[counter];
}

static const char *protocol_name(unsigned counter)
{
	return tls_version_text((enum tls_version)counter);
}

enum key {
	KEY_RSA_SMALL,
	KEY_RSA_2048,
	KEY_RSA_3072,
	KEY_RSA_4096,
	KEY_EC_256,
	KEY_EC_384,
	KEY_EC_OTHER,
	KEY_EDDSA,
	KEY_OTHER,
	KEYS
};

static const char *key_name(unsigned counter)
{
	static const char *const names[] = { "rsa_below_2048", "rsa_2048", "rsa_3072",
					     "rsa_4096",       "ec_256",   "ec_384",
					     "ec_other",       "eddsa",    "other" };

	return names[counter];
}

enum signature {
	SIGNATURE_SHA_256,
	SIGNATURE_SHA_384,
	SIGNATURE_SHA_512,
	SIGNATURE_PSS,
	SIGNATURE_EDDSA,
	SIGNATURE_SHA_1,
	SIGNATURE_BROKEN,
	SIGNATURE_OTHER,
	SIGNATURES
};

static const char *signature_name(unsigned counter)
{
	static const char *const names[] = { "sha256", "sha384", "sha512", "rsa_pss",
					     "eddsa",  "sha1",   "broken", "other" };

	return names[counter];
}

enum share { SHARE_NO, SHARE_SOME, SHARE_ALL, SHARES };

static const char *share_name(unsigned counter)
{
	static const char *const names[] = { "no", "with_some_suites", "with_all_suites" };

	return names[counter];
}

static const char *fact_name(unsigned counter)
{
	return tls_fact_text((enum tls_fact)counter);
}

enum hsts { HSTS_UNKNOWN, HSTS_NO, HSTS_SHORT, HSTS_LONG, HSTS_KINDS };

static const char *hsts_name(unsigned counter)
{
	static const char *const names[] = { "unknown", "no", "short", "long" };

	return names[counter];
}

enum certificate {
	CERTIFICATE_FINE,
	CERTIFICATE_UNTRUSTED,
	CERTIFICATE_INCOMPLETE,
	CERTIFICATE_MISMATCH,
	CERTIFICATES
};

static const char *certificate_name(unsigned counter)
{
	static const char *const names[] = { "fine", "untrusted", "incomplete_chain",
					     "name_mismatch" };

	return names[counter];
}

/* Of the limits that came, and will come. */
static const unsigned lifetime_days[] = { 47, 100, 200, 398 };

static const char *lifetime_name(unsigned counter)
{
	static const char *const names[] = { "47_days", "100_days", "200_days", "398_days",
					     "longer" };

	return names[counter];
}

static const int expiry_days[] = { 0, 7, 30, 90 };

static const char *expiry_name(unsigned counter)
{
	static const char *const names[] = { "over", "within_7_days", "within_30_days",
					     "within_90_days", "later" };

	return names[counter];
}

static const char *vulnerability_name(unsigned counter)
{
	return tls_vulnerability_name((enum tls_vulnerability)counter);
}

#define FAILURES  (TLS_NO_STARTTLS + 1)
#define FACTS     (TLS_YES + 1)
#define LIFETIMES (COUNT_OF(lifetime_days) + 1)
#define EXPIRIES  (COUNT_OF(expiry_days) + 1)

/* Each begins where the one before ends. */
enum {
	AT_GRADE = 0,
	AT_FAILURE = AT_GRADE + TLS_LETTERS,
	AT_PROTOCOL = AT_FAILURE + FAILURES,
	AT_BEST_PROTOCOL = AT_PROTOCOL + TLS_VERSIONS,
	AT_KEY = AT_BEST_PROTOCOL + TLS_VERSIONS,
	AT_SIGNATURE = AT_KEY + KEYS,
	AT_FORWARD_SECRECY = AT_SIGNATURE + SIGNATURES,
	AT_POST_QUANTUM = AT_FORWARD_SECRECY + SHARES,
	AT_HSTS = AT_POST_QUANTUM + FACTS,
	AT_STAPLING = AT_HSTS + HSTS_KINDS,
	AT_CERTIFICATE = AT_STAPLING + FACTS,
	AT_LIFETIME = AT_CERTIFICATE + CERTIFICATES,
	AT_EXPIRY = AT_LIFETIME + LIFETIMES,
	AT_VULNERABILITY = AT_EXPIRY + EXPIRIES,
	AT_END = AT_VULNERABILITY + TLS_VULNERABILITIES,
};

_Static_assert(AT_END <= TLS_PULSE_COUNTERS, "counters need more room");

static const struct pulse_group_row groups[PULSE_GROUPS] = {
	[PULSE_GRADE] = { "grade", AT_GRADE, TLS_LETTERS, grade_name },
	[PULSE_FAILURE] = { "failure", AT_FAILURE, FAILURES, failure_name },
	[PULSE_PROTOCOL] = { "protocol", AT_PROTOCOL, TLS_VERSIONS, protocol_name },
	[PULSE_BEST_PROTOCOL] = { "best_protocol", AT_BEST_PROTOCOL, TLS_VERSIONS, protocol_name },
	[PULSE_KEY] = { "key", AT_KEY, KEYS, key_name },
	[PULSE_SIGNATURE] = { "signature", AT_SIGNATURE, SIGNATURES, signature_name },
	[PULSE_FORWARD_SECRECY] = { "forward_secrecy", AT_FORWARD_SECRECY, SHARES, share_name },
	[PULSE_POST_QUANTUM] = { "post_quantum", AT_POST_QUANTUM, FACTS, fact_name },
	[PULSE_HSTS] = { "hsts", AT_HSTS, HSTS_KINDS, hsts_name },
	[PULSE_STAPLING] = { "stapling", AT_STAPLING, FACTS, fact_name },
	[PULSE_CERTIFICATE] = { "certificate", AT_CERTIFICATE, CERTIFICATES, certificate_name },
	[PULSE_LIFETIME] = { "lifetime", AT_LIFETIME, LIFETIMES, lifetime_name },
	[PULSE_EXPIRY] = { "expiry", AT_EXPIRY, EXPIRIES, expiry_name },
	[PULSE_VULNERABILITY] = { "vulnerability", AT_VULNERABILITY, TLS_VULNERABILITIES,
				  vulnerability_name },
};

const struct pulse_group_row *pulse_group_at(enum pulse_group group)
{
	return &groups[group];
}

enum pulse_group pulse_group_find(struct span name)
{
	int group = 0;

	while (group < PULSE_GROUPS && !span_is(name, groups[group].name)) {
		group++;
	}
	return (enum pulse_group)group;
}

unsigned pulse_counter_find(enum pulse_group group, struct span name)
{
	for (unsigned i = 0; i < groups[group].count; i++) {
		if (span_is(name, groups[group].name_of(i))) {
			return groups[group].first + i;
		}
	}
	return TLS_PULSE_COUNTERS;
}

uint64_t tls_pulse_count(const struct tls_pulse *pulse, const char *group, const char *name)
{
	enum pulse_group found = pulse_group_find(span_of(group));
	unsigned at = found == PULSE_GROUPS ? TLS_PULSE_COUNTERS
					    : pulse_counter_find(found, span_of(name));

	return at < TLS_PULSE_COUNTERS ? pulse->counts[at] : 0;
}

/* --- one server */

static void raise(struct tls_pulse *pulse, enum pulse_group group, unsigned counter)
{
	if (counter < groups[group].count) {
		pulse->counts[groups[group].first + counter]++;
	}
}

static enum key key_of(const struct tls_chain_facts *facts)
{
	if (strncmp(facts->key_type, "rsa", 3) == 0) {
		if (facts->key_bits < 2048) {
			return KEY_RSA_SMALL;
		}
		return facts->key_bits < 3072   ? KEY_RSA_2048
		       : facts->key_bits < 4096 ? KEY_RSA_3072
						: KEY_RSA_4096;
	}
	if (strcmp(facts->key_type, "ec") == 0) {
		return facts->key_bits == 256   ? KEY_EC_256
		       : facts->key_bits == 384 ? KEY_EC_384
						: KEY_EC_OTHER;
	}
	return strncmp(facts->key_type, "ed", 2) == 0 ? KEY_EDDSA : KEY_OTHER;
}

static enum signature signature_of(const struct tls_chain_facts *facts)
{
	static const struct {
		const char *part;
		enum signature signature;
	} parts[] = {
		{ "rsassaPss", SIGNATURE_PSS }, { "256", SIGNATURE_SHA_256 },
		{ "384", SIGNATURE_SHA_384 },   { "512", SIGNATURE_SHA_512 },
		{ "ED25519", SIGNATURE_EDDSA }, { "ED448", SIGNATURE_EDDSA },
	};

	if (facts->signature != TLS_SIGNATURE_FINE) {
		return facts->signature == TLS_SIGNATURE_SHA1 ? SIGNATURE_SHA_1 : SIGNATURE_BROKEN;
	}
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (strstr(facts->signature_name, parts[i].part) != NULL) {
			return parts[i].signature;
		}
	}
	return SIGNATURE_OTHER;
}

static void add_certificate(struct tls_pulse *pulse, const struct tls_chain_facts *facts)
{
	enum certificate verdict = CERTIFICATE_FINE;
	unsigned lifetime = 0;
	unsigned expiry = 0;

	while (lifetime < COUNT_OF(lifetime_days) &&
	       facts->lifetime.days > lifetime_days[lifetime]) {
		lifetime++;
	}
	while (expiry < COUNT_OF(expiry_days) && facts->days_left >= expiry_days[expiry]) {
		expiry++;
	}
	if (facts->is_incomplete) {
		verdict = CERTIFICATE_INCOMPLETE;
	} else if (facts->trust.problems != 0) {
		verdict = CERTIFICATE_UNTRUSTED;
	} else if (facts->match == X509_MATCH_NONE) {
		verdict = CERTIFICATE_MISMATCH;
	}
	raise(pulse, PULSE_KEY, key_of(facts));
	raise(pulse, PULSE_SIGNATURE, signature_of(facts));
	raise(pulse, PULSE_LIFETIME, lifetime);
	raise(pulse, PULSE_EXPIRY, expiry);
	raise(pulse, PULSE_CERTIFICATE, verdict);
}

static enum share forward_secrecy_of(const struct tls_result *result)
{
	unsigned with = 0;
	unsigned without = 0;

	for (int v = 0; v < TLS_VERSIONS; v++) {
		const struct tls_version_result *version = &result->versions[v];

		for (unsigned i = 0; version->offered == TLS_YES && i < version->count; i++) {
			struct tls_suite suite;
			bool has = tls_suites_find(version->suites[i].id, &suite) &&
				   tls_suite_has_forward_secrecy(&suite);

			with += has;
			without += !has;
		}
	}
	if (with == 0) {
		return SHARE_NO;
	}
	return without == 0 ? SHARE_ALL : SHARE_SOME;
}

static enum tls_fact post_quantum_of(const struct tls_groups_result *known)
{
	for (unsigned i = 0; i < known->count; i++) {
		const struct tls_group *group = tls_groups_find(known->ids[i]);

		if (group != NULL && group->is_post_quantum) {
			return TLS_YES;
		}
	}
	return known->is_complete ? TLS_NO : TLS_UNKNOWN;
}

static enum hsts hsts_of(const struct tls_http *http)
{
	if (http->hsts == TLS_YES && http->max_age_s > 0) {
		return http->max_age_s >= HSTS_LONG_S ? HSTS_LONG : HSTS_SHORT;
	}
	return http->answered == TLS_YES ? HSTS_NO : HSTS_UNKNOWN;
}

static void add_protocols(struct tls_pulse *pulse, const struct tls_result *result)
{
	int best = -1;

	for (int v = 0; v < TLS_VERSIONS; v++) {
		if (result->versions[v].offered == TLS_YES) {
			raise(pulse, PULSE_PROTOCOL, (unsigned)v);
			best = v;
		}
	}
	if (best >= 0) {
		raise(pulse, PULSE_BEST_PROTOCOL, (unsigned)best);
	}
}

void tls_pulse_add(struct tls_pulse *pulse, const struct tls_result *result,
		   const struct tls_chain_facts chains[TLS_CERTIFICATE_TYPES],
		   const struct tls_grade *grade)
{
	raise(pulse, PULSE_GRADE, grade->letter);
	raise(pulse, PULSE_FAILURE, result->failure);
	if (grade->letter == TLS_LETTER_NONE) {
		return; /* nothing else is known */
	}
	add_protocols(pulse, result);
	raise(pulse, PULSE_FORWARD_SECRECY, forward_secrecy_of(result));
	raise(pulse, PULSE_POST_QUANTUM, post_quantum_of(&result->groups));
	raise(pulse, PULSE_HSTS, hsts_of(&result->http));
	raise(pulse, PULSE_STAPLING, result->features.ocsp_stapling);
	for (int v = 0; v < TLS_VULNERABILITIES; v++) {
		if (result->vulnerabilities[v].fact == TLS_YES) {
			raise(pulse, PULSE_VULNERABILITY, (unsigned)v);
		}
	}
	for (int type = 0; type < TLS_CERTIFICATE_TYPES; type++) {
		if (chains[type].is_present && chains[type].is_readable) {
			add_certificate(pulse, &chains[type]);
		}
	}
}
