/* jobs.c - what is asked by hellos alone: versions, suites, orders, groups, certificates. */
#include <stdio.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"
#include "scan/tls/assessment.h"

#define FALLBACK_SCSV      0x5600 /* RFC 7507 */
#define RENEGOTIATION_SCSV 0x00ff /* RFC 5746 */

enum { ALERT_HANDSHAKE_FAILURE = 40, ALERT_INAPPROPRIATE_FALLBACK = 86 };

static bool is_quick(const struct assessment *assessment)
{
	return assessment_config(assessment)->is_quick;
}

/*
 * Working through lists
 */

static void fill_numbers(struct job *job, const uint16_t *numbers, size_t count)
{
	job->left_count = count < JOB_LEFT_MAX ? count : JOB_LEFT_MAX;
	mem_copy(job->left, numbers, job->left_count * sizeof job->left[0]);
}

void job_fill(struct job *job, bool (*wanted)(const struct tls_suite *suite))
{
	const struct hello_lists *lists = assessment_lists(job->assessment);

	job->left_count = 0;
	for (size_t i = 0; i < lists->suite_count; i++) {
		if (wanted(&lists->facts[i])) {
			job->left[job->left_count++] = lists->suites[i];
		}
	}
}

bool job_remove(struct job *job, uint16_t number)
{
	for (size_t i = 0; i < job->left_count; i++) {
		if (job->left[i] == number) {
			job->left_count--;
			memmove(&job->left[i], &job->left[i + 1],
				(job->left_count - i) * sizeof job->left[0]);
			return true;
		}
	}
	return false;
}

static void fill_found(struct job *job, bool is_reversed)
{
	const struct tls_version_result *found = &job->assessment->result->versions[job->version];

	job->left_count = 0;
	for (unsigned i = 0; i < found->count; i++) {
		unsigned at = is_reversed ? found->count - 1 - i : i;

		job->left[job->left_count++] = (uint16_t)found->suites[at].id;
	}
}

static bool is_version(const struct job *job, const struct answer *answer)
{
	return answer->kind == ANSWER_HELLO &&
	       answer->flight->hello.version == version_number(job->version);
}

/*
 * Versions, and all suites of each
 */

static void merge_fact(enum tls_fact *fact, bool has)
{
	if (has) {
		*fact = TLS_YES;
	} else if (*fact == TLS_UNKNOWN) {
		*fact = TLS_NO;
	}
}

/* Of the first hello of a version up to TLS 1.2, which was offered everything. */
static void learn_features(struct tls_result *result, enum tls_version version,
			   const struct tls_server_hello *hello)
{
	struct tls_features *features = &result->features;

	merge_fact(&features->ocsp_stapling, hello->has_staple);
	merge_fact(&features->scts_by_extension, hello->scts.len > 0);
	merge_fact(&features->compression, hello->compression != 0);
	if (version == TLS_SSL3) {
		/* without extensions nothing else could be told */
		merge_fact(&features->secure_renegotiation, hello->has_renegotiation);
		return;
	}
	merge_fact(&features->ticket, hello->has_ticket);
	merge_fact(&features->extended_master_secret, hello->has_extended_master);
	merge_fact(&features->heartbeat, hello->has_heartbeat);
	merge_fact(&features->secure_renegotiation, hello->has_renegotiation);
}

static void hello_versions(struct job *job, struct tls_hello *hello)
{
	if (job->version == TLS_SSL3) {
		job->left[job->left_count] = RENEGOTIATION_SCSV;
		hello->suite_count = job->left_count + 1;
	}
	if (job->version != TLS_1_3 && job->step == 0) {
		hello->flags |= TLS_HELLO_COMPRESSION;
	}
}

static bool take_first(struct job *job, const struct answer *answer)
{
	struct tls_result *result = job->assessment->result;
	struct tls_version_result *version = &result->versions[job->version];
	bool is_there = is_version(job, answer);

	if (!is_there) {
		if (answer->kind == ANSWER_HELLO) {
			/* it answers with a lower one: no, and what it said is kept */
			learn_answer(job->assessment, answer);
		}
		if (answer->kind != ANSWER_LOST) {
			version->offered = TLS_NO;
			version->is_complete = true;
		}
		return false;
	}
	version->chosen = answer->flight->hello.suite;
	if (job->version != TLS_1_3) {
		learn_features(result, job->version, &answer->flight->hello);
	}
	return true;
}

static bool take_versions(struct job *job, const struct answer *answer)
{
	struct tls_result *result = job->assessment->result;
	struct tls_version_result *version = &result->versions[job->version];

	if (job->step++ == 0) {
		if (!take_first(job, answer)) {
			return false;
		}
	} else if (!is_version(job, answer)) {
		/* refused: that was the last suite */
		version->is_complete = answer->kind != ANSWER_LOST;
		return false;
	}
	learn_answer(job->assessment, answer);
	if (!job_remove(job, answer->flight->hello.suite)) {
		return false; /* it does not heed what it is offered */
	}
	if (job->left_count == 0) {
		version->is_complete = true;
		return false;
	}
	return !is_quick(job->assessment);
}

static const struct asking asking_versions = { hello_versions, take_versions };

static void plan_versions(struct assessment *assessment, const struct job_kind *kind)
{
	const struct hello_lists *lists = assessment_lists(assessment);
	static const enum tls_version order[] = { TLS_1_2, TLS_1_3, TLS_1_0, TLS_1_1, TLS_SSL3 };

	for (size_t i = 0; i < COUNT_OF(order); i++) {
		struct job *job = job_add(assessment, kind, order[i]);

		if (order[i] == TLS_1_3) {
			fill_numbers(job, lists->suites13, lists->suite13_count);
		} else {
			fill_numbers(job, lists->suites, lists->suite_count);
		}
	}
}

static const struct job_kind job_versions = {
	.name = "versions", .phase = 0, .plan = plan_versions, .asking = &asking_versions
};

/*
 * SSLv2
 */

static void hello_nothing(struct job *job, struct tls_hello *hello)
{
	(void)job;
	(void)hello;
}

static bool take_ssl2(struct job *job, const struct answer *answer)
{
	struct tls_result *result = job->assessment->result;
	struct tls_version_result *version = &result->versions[TLS_SSL2];
	struct reader kinds = reader_over(answer->ssl2.kinds);

	if (answer->kind == ANSWER_LOST) {
		return false;
	}
	version->is_complete = true;
	version->offered = answer->kind == ANSWER_HELLO ? TLS_YES : TLS_NO;
	while (answer->kind == ANSWER_HELLO && reader_left(&kinds) > 0 &&
	       version->count < TLS_RESULT_SUITES_MAX) {
		uint32_t id = (uint32_t)reader_u8(&kinds) << 16;

		version->suites[version->count++].id = id | reader_be16(&kinds);
	}
	version->chosen = version->count > 0 ? version->suites[0].id : 0;
	version->preference = TLS_PREFERENCE_CLIENT; /* the client chooses from the server's list */
	if (answer->kind == ANSWER_HELLO && answer->ssl2.certificate.len > 0) {
		learn_chain(result, &answer->ssl2.certificate, 1, TLS_SSL2);
	}
	return false;
}

static const struct asking asking_ssl2 = { hello_nothing, take_ssl2 };

static void plan_ssl2(struct assessment *assessment, const struct job_kind *kind)
{
	(void)job_add(assessment, kind, TLS_SSL2);
}

static const struct job_kind job_ssl2 = {
	.name = "ssl2", .phase = 0, .plan = plan_ssl2, .asking = &asking_ssl2
};

/*
 * Some suites, until the server refuses: what a grade needs of them
 */

static bool take_suites(struct job *job, const struct answer *answer)
{
	if (!is_version(job, answer)) {
		return false;
	}
	learn_answer(job->assessment, answer);
	return job_remove(job, answer->flight->hello.suite) && job->left_count > 0;
}

static bool take_one(struct job *job, const struct answer *answer)
{
	if (is_version(job, answer)) {
		learn_answer(job->assessment, answer);
	}
	return false;
}

static const struct asking asking_suites = { hello_nothing, take_suites };
static const struct asking asking_one = { hello_nothing, take_one };

static bool is_weak(const struct tls_suite *suite)
{
	return suite->bits < 128 || suite->auth == TLS_AUTH_NONE || suite->mode == TLS_MODE_STREAM;
}

static bool is_static_rsa(const struct tls_suite *suite)
{
	return suite->kex == TLS_KEX_RSA && suite->bits >= 128 && suite->export_bits == 0 &&
	       suite->mode != TLS_MODE_STREAM;
}

static bool is_dhe(const struct tls_suite *suite)
{
	return suite->kex == TLS_KEX_DHE && suite->auth != TLS_AUTH_NONE && suite->export_bits == 0;
}

static bool is_strong(const struct tls_suite *suite)
{
	return suite->bits >= 256 && suite->auth != TLS_AUTH_NONE;
}

static void plan_filtered(struct assessment *assessment, const struct job_kind *kind,
			  bool (*wanted)(const struct tls_suite *suite))
{
	enum tls_version version;

	if (is_quick(assessment) && highest_version(assessment->result, TLS_1_2, &version)) {
		job_fill(job_add(assessment, kind, version), wanted);
	}
}

static void plan_weak(struct assessment *assessment, const struct job_kind *kind)
{
	plan_filtered(assessment, kind, is_weak);
}

static void plan_static_rsa(struct assessment *assessment, const struct job_kind *kind)
{
	plan_filtered(assessment, kind, is_static_rsa);
}

static void plan_dhe(struct assessment *assessment, const struct job_kind *kind)
{
	plan_filtered(assessment, kind, is_dhe);
}

static bool has_suite(const struct tls_result *result, bool (*wanted)(const struct tls_suite *))
{
	struct tls_suite suite;

	for (unsigned v = TLS_SSL3; v < TLS_VERSIONS; v++) {
		for (unsigned i = 0; i < result->versions[v].count; i++) {
			(void)tls_suites_find(result->versions[v].suites[i].id, &suite);
			if (wanted(&suite)) {
				return true;
			}
		}
	}
	return false;
}

static void plan_strong(struct assessment *assessment, const struct job_kind *kind)
{
	if (!has_suite(assessment->result, is_strong)) {
		plan_filtered(assessment, kind, is_strong);
	}
}

static const struct job_kind job_weak = {
	.name = "weak suites", .phase = 1, .plan = plan_weak, .asking = &asking_suites
};
static const struct job_kind job_static_rsa = {
	.name = "static RSA", .phase = 1, .plan = plan_static_rsa, .asking = &asking_one
};
static const struct job_kind job_dhe = {
	.name = "DHE", .phase = 1, .plan = plan_dhe, .asking = &asking_one
};
static const struct job_kind job_strong = {
	.name = "strong suites", .phase = 1, .plan = plan_strong, .asking = &asking_one
};

/*
 * Whose order decides
 */

static bool take_order(struct job *job, const struct answer *answer)
{
	struct tls_version_result *found = &job->assessment->result->versions[job->version];

	if (!is_version(job, answer)) {
		return false;
	}
	if (answer->flight->hello.suite == found->chosen) {
		found->preference = TLS_PREFERENCE_SERVER;
	} else {
		found->preference = TLS_PREFERENCE_CLIENT;
	}
	return false;
}

static const struct asking asking_order = { hello_nothing, take_order };

static void plan_order(struct assessment *assessment, const struct job_kind *kind)
{
	for (unsigned v = TLS_SSL3; v < TLS_VERSIONS; v++) {
		const struct tls_version_result *found = &assessment->result->versions[v];

		if (!is_quick(assessment) && found->offered == TLS_YES && found->count > 1) {
			fill_found(job_add(assessment, kind, v), true);
		}
	}
}

static const struct job_kind job_order = {
	.name = "order of suites", .phase = 1, .plan = plan_order, .asking = &asking_order
};

static bool is_chacha(uint32_t id)
{
	return id == 0x1303 || (id >= 0xcca8 && id <= 0xccae);
}

/* A client that puts ChaCha20 first has no AES in hardware; good servers heed that alone. */
static bool take_chacha(struct job *job, const struct answer *answer)
{
	struct tls_version_result *found = &job->assessment->result->versions[job->version];

	if (is_version(job, answer)) {
		found->is_chacha_reordered = found->preference == TLS_PREFERENCE_SERVER &&
					     is_chacha(answer->flight->hello.suite);
	}
	return false;
}

static const struct asking asking_chacha = { hello_nothing, take_chacha };

static void plan_chacha(struct assessment *assessment, const struct job_kind *kind)
{
	for (unsigned v = TLS_1_2; v < TLS_VERSIONS; v++) {
		const struct tls_version_result *found = &assessment->result->versions[v];
		struct job *job;
		unsigned chachas = 0;

		if (found->preference != TLS_PREFERENCE_SERVER || is_chacha(found->chosen)) {
			continue;
		}
		job = job_add(assessment, kind, v);
		fill_found(job, false);
		for (size_t i = 0; i < job->left_count; i++) {
			uint16_t id = job->left[i];

			if (is_chacha(id)) {
				(void)job_remove(job, id);
				memmove(&job->left[chachas + 1], &job->left[chachas],
					(job->left_count - chachas) * sizeof id);
				job->left_count++;
				job->left[chachas++] = id;
			}
		}
		job->is_over = chachas == 0;
	}
}

static const struct job_kind job_chacha = {
	.name = "ChaCha20 first", .phase = 2, .plan = plan_chacha, .asking = &asking_chacha
};

/*
 * Groups
 */

static bool is_ecdhe(const struct tls_suite *suite)
{
	return suite->kex == TLS_KEX_ECDHE;
}

static uint16_t group_of(const struct job *job, const struct answer *answer)
{
	if (!is_version(job, answer)) {
		return 0;
	}
	return job->version == TLS_1_3 ? answer->flight->hello.group : answer->kex.group;
}

static void learn_group(struct tls_groups_result *groups, uint16_t id, enum tls_version version)
{
	unsigned i = 0;

	while (i < groups->count && groups->ids[i] != id) {
		i++;
	}
	if (i == TLS_RESULT_GROUPS_MAX) {
		return;
	}
	if (i == groups->count) {
		groups->ids[groups->count++] = id;
		groups->first[i] = version;
	}
	groups->seen_with[i] |= (uint8_t)(1u << version);
}

static void hello_groups(struct job *job, struct tls_hello *hello)
{
	const struct hello_lists *lists = assessment_lists(job->assessment);

	hello->groups = job->left;
	hello->group_count = job->left_count;
	if (job->version == TLS_1_3) {
		hello->suites = lists->suites13;
		hello->suite_count = lists->suite13_count;
	} else {
		/* those of ECDHE that were found: the job's list is full of groups */
		hello->suites = job->left + JOB_LEFT_MAX / 2;
		hello->suite_count = job->step;
	}
}

static bool take_groups(struct job *job, const struct answer *answer)
{
	struct tls_groups_result *groups = &job->assessment->result->groups;
	uint16_t id = group_of(job, answer);

	if (id == 0) {
		groups->is_complete = answer->kind != ANSWER_LOST;
		return false;
	}
	learn_group(groups, id, job->version);
	learn_answer(job->assessment, answer);
	return job_remove(job, id) && job->left_count > 0;
}

static const struct asking asking_groups = { hello_groups, take_groups };

static void plan_groups(struct assessment *assessment, const struct job_kind *kind)
{
	const struct hello_lists *lists = assessment_lists(assessment);
	const struct tls_result *result = assessment->result;
	enum tls_version version;
	struct tls_suite suite;
	struct job *job;

	if (is_quick(assessment)) {
		return;
	}
	if (result->versions[TLS_1_3].offered == TLS_YES) {
		job = job_add(assessment, kind, TLS_1_3);
		fill_numbers(job, lists->groups, lists->group_count);
	}
	if (highest_version(result, TLS_1_2, &version) && version > TLS_SSL3) {
		const struct tls_version_result *found = &result->versions[version];

		job = job_add(assessment, kind, version);
		fill_numbers(job, lists->groups + lists->hybrid_count,
			     lists->group_count - lists->hybrid_count);
		for (unsigned i = 0; i < found->count && job->step < JOB_LEFT_MAX / 2; i++) {
			(void)tls_suites_find(found->suites[i].id, &suite);
			if (is_ecdhe(&suite)) {
				job->left[JOB_LEFT_MAX / 2 + job->step++] = (uint16_t)suite.id;
			}
		}
		job->is_over = job->step == 0;
	}
}

static const struct job_kind job_groups = {
	.name = "groups", .phase = 1, .plan = plan_groups, .asking = &asking_groups
};

static bool take_group_order(struct job *job, const struct answer *answer)
{
	struct tls_groups_result *groups = &job->assessment->result->groups;
	uint16_t id = group_of(job, answer);

	if (id != 0) {
		groups->preference =
			id == groups->ids[0] ? TLS_PREFERENCE_SERVER : TLS_PREFERENCE_CLIENT;
	}
	return false;
}

static const struct asking asking_group_order = { hello_groups, take_group_order };

static void plan_group_order(struct assessment *assessment, const struct job_kind *kind)
{
	const struct tls_groups_result *groups = &assessment->result->groups;
	struct job *job;

	if (is_quick(assessment) || groups->count < 2 ||
	    assessment->result->versions[TLS_1_3].offered != TLS_YES) {
		return;
	}
	job = job_add(assessment, kind, TLS_1_3);
	for (unsigned i = groups->count; i-- > 0;) {
		if (groups->seen_with[i] & 1u << TLS_1_3) {
			job->left[job->left_count++] = groups->ids[i];
		}
	}
	job->is_over = job->left_count < 2;
}

static const struct job_kind job_group_order = {
	.name = "order of groups",
	.phase = 2,
	.plan = plan_group_order,
	.asking = &asking_group_order,
};

/* Quick: does it have any post-quantum group? */
static void plan_hybrids(struct assessment *assessment, const struct job_kind *kind)
{
	const struct tls_version_result *found = &assessment->result->versions[TLS_1_3];
	const struct hello_lists *lists = assessment_lists(assessment);
	const struct tls_group *group;

	if (!is_quick(assessment) || found->count == 0) {
		return;
	}
	group = tls_groups_find(found->suites[0].group);
	learn_group(&assessment->result->groups, found->suites[0].group, TLS_1_3);
	if (group == NULL || !group->is_post_quantum) {
		fill_numbers(job_add(assessment, kind, TLS_1_3), lists->groups,
			     lists->hybrid_count);
	}
}

static bool take_hybrids(struct job *job, const struct answer *answer)
{
	uint16_t id = group_of(job, answer);

	if (id != 0) {
		learn_group(&job->assessment->result->groups, id, TLS_1_3);
	}
	return false;
}

static const struct asking asking_hybrids = { hello_groups, take_hybrids };
static const struct job_kind job_hybrids = {
	.name = "hybrids", .phase = 1, .plan = plan_hybrids, .asking = &asking_hybrids
};

/*
 * Signature schemes
 */

static bool is_signed(const struct tls_suite *suite)
{
	return (suite->kex == TLS_KEX_ECDHE || suite->kex == TLS_KEX_DHE) &&
	       suite->auth != TLS_AUTH_NONE && suite->export_bits == 0;
}

static void hello_schemes(struct job *job, struct tls_hello *hello)
{
	hello->schemes = job->left;
	hello->scheme_count = job->left_count;
	hello->suites = job->left + JOB_LEFT_MAX / 2;
	hello->suite_count = job->step;
}

static bool take_schemes(struct job *job, const struct answer *answer)
{
	struct tls_result *result = job->assessment->result;
	uint16_t id = answer->kex.scheme;

	if (!is_version(job, answer) || id == 0) {
		return false;
	}
	learn_answer(job->assessment, answer);
	result->scheme_chosen = result->scheme_chosen == 0 ? id : result->scheme_chosen;
	for (unsigned i = 0; i < result->scheme_count; i++) {
		if (result->schemes[i] == id) {
			return false;
		}
	}
	if (result->scheme_count < TLS_RESULT_SCHEMES_MAX) {
		result->schemes[result->scheme_count++] = id;
	}
	return job_remove(job, id) && job->left_count > 0;
}

static const struct asking asking_schemes = { hello_schemes, take_schemes };

static void plan_schemes(struct assessment *assessment, const struct job_kind *kind)
{
	const struct tls_version_result *found = &assessment->result->versions[TLS_1_2];
	const struct hello_lists *lists = assessment_lists(assessment);
	struct tls_suite suite;
	struct job *job;

	if (is_quick(assessment) || found->offered != TLS_YES) {
		return;
	}
	job = job_add(assessment, kind, TLS_1_2);
	fill_numbers(job, lists->schemes, lists->scheme_count);
	for (unsigned i = 0; i < found->count && job->step < JOB_LEFT_MAX / 2; i++) {
		(void)tls_suites_find(found->suites[i].id, &suite);
		if (is_signed(&suite)) {
			job->left[JOB_LEFT_MAX / 2 + job->step++] = (uint16_t)suite.id;
		}
	}
	job->is_over = job->step == 0;
}

static const struct job_kind job_schemes = {
	.name = "signature schemes", .phase = 1, .plan = plan_schemes, .asking = &asking_schemes
};

/*
 * Certificates of other types
 */

static bool is_by_ecdsa(const struct tls_suite *suite)
{
	return suite->auth == TLS_AUTH_ECDSA;
}

static bool is_by_rsa(const struct tls_suite *suite)
{
	return suite->auth == TLS_AUTH_RSA;
}

enum { STEP_ANY, STEP_EDDSA, STEP_PSS };

static void hello_certificates(struct job *job, struct tls_hello *hello)
{
	static const uint16_t eddsa[] = { 0x0807, 0x0808 };
	static const uint16_t pss[] = { 0x0809, 0x080a, 0x080b };

	if (job->step == STEP_EDDSA) {
		hello->schemes = eddsa;
		hello->scheme_count = COUNT_OF(eddsa);
	} else if (job->step == STEP_PSS) {
		hello->schemes = pss;
		hello->scheme_count = COUNT_OF(pss);
	}
}

static const struct asking asking_certificates = { hello_certificates, take_one };

static void add_certificates(struct assessment *assessment, const struct job_kind *kind,
			     enum tls_version version, bool (*wanted)(const struct tls_suite *))
{
	job_fill(job_add(assessment, kind, version), wanted);
}

static void plan_certificates(struct assessment *assessment, const struct job_kind *kind)
{
	const struct tls_result *result = assessment->result;
	const struct tls_chain *chains = result->chains;
	enum tls_version version;

	if (!highest_version(result, TLS_1_2, &version)) {
		return;
	}
	/* all suites were tried where it is not quick: only types that share suites are open */
	if (is_quick(assessment) && chains[TLS_CERTIFICATE_ECDSA].count == 0) {
		add_certificates(assessment, kind, version, is_by_ecdsa);
	}
	if (is_quick(assessment) && chains[TLS_CERTIFICATE_RSA].count == 0) {
		add_certificates(assessment, kind, version, is_by_rsa);
	}
	if (!is_quick(assessment) && version == TLS_1_2) {
		struct job *job = job_add(assessment, kind, version);

		job_fill(job, is_by_ecdsa);
		job->step = STEP_EDDSA;
		job = job_add(assessment, kind, version);
		job_fill(job, is_by_rsa);
		job->step = STEP_PSS;
	}
}

static const struct job_kind job_certificates = {
	.name = "certificates",
	.phase = 1,
	.plan = plan_certificates,
	.asking = &asking_certificates,
};

/*
 * Fallback (RFC 7507): a client that comes with less than it can
 */

static void hello_fallback(struct job *job, struct tls_hello *hello)
{
	job->left[job->left_count] = FALLBACK_SCSV;
	hello->suite_count = job->left_count + 1;
}

static bool take_fallback(struct job *job, const struct answer *answer)
{
	enum tls_fact *fact = &job->assessment->result->features.fallback_scsv;

	if (answer->kind == ANSWER_HELLO) {
		*fact = TLS_NO;
	} else if (answer->flight->state == TLS_FLIGHT_ALERT &&
		   answer->flight->alert == ALERT_INAPPROPRIATE_FALLBACK) {
		*fact = TLS_YES;
	} else if (answer->kind == ANSWER_NO) {
		/* it refuses, if not with the right word; SSL Labs counts that as support */
		*fact = answer->flight->alert == ALERT_HANDSHAKE_FAILURE ? TLS_UNKNOWN : TLS_YES;
	}
	return false;
}

static const struct asking asking_fallback = { hello_fallback, take_fallback };

static void plan_fallback(struct assessment *assessment, const struct job_kind *kind)
{
	const struct hello_lists *lists = assessment_lists(assessment);
	enum tls_version highest;
	enum tls_version lower;

	if (highest_version(assessment->result, TLS_1_3, &highest) &&
	    highest_version(assessment->result, highest - 1, &lower)) {
		fill_numbers(job_add(assessment, kind, lower), lists->suites, lists->suite_count);
	}
}

static const struct job_kind job_fallback = {
	.name = "fallback", .phase = 1, .plan = plan_fallback, .asking = &asking_fallback
};

/*
 * Other questions of one hello each, only where time is no matter
 */

enum question { ASK_GREASE, ASK_TOLERANCE, ASK_NO_NAME, ASK_H2, ASK_HTTP1, QUESTIONS };

static void hello_question(struct job *job, struct tls_hello *hello)
{
	static const uint8_t h2[] = { 2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1' };

	switch (job->step) {
	case ASK_GREASE:
		hello->flags |= TLS_HELLO_GREASE;
		break;
	case ASK_TOLERANCE:
		hello->version = 0x0304; /* RFC 8446, 4.1.2: a server takes its own highest */
		break;
	case ASK_NO_NAME:
		hello->server_name = NULL;
		break;
	case ASK_H2:
		hello->alpn = (struct span){ h2, 3 };
		break;
	default:
		hello->alpn = (struct span){ h2 + 3, 9 };
		break;
	}
}

static void take_alpn(struct tls_result *result, enum tls_fact *fact, struct span chosen)
{
	*fact = chosen.len > 0 ? TLS_YES : TLS_NO;
	if (chosen.len > 0 && (result->alpn[0] == '\0' || span_is(chosen, "h2"))) {
		(void)snprintf(result->alpn, sizeof result->alpn, "%.*s", (int)chosen.len,
			       (const char *)chosen.ptr);
	}
}

static bool take_question(struct job *job, const struct answer *answer)
{
	struct tls_result *result = job->assessment->result;
	bool is_agreed = answer->kind == ANSWER_HELLO;
	enum tls_fact agreed = is_agreed ? TLS_YES : TLS_NO;

	if (answer->kind == ANSWER_LOST && job->step != ASK_GREASE && job->step != ASK_TOLERANCE) {
		return false;
	}
	switch (job->step) {
	case ASK_GREASE:
		result->features.grease = agreed;
		break;
	case ASK_TOLERANCE:
		result->features.version_tolerance = agreed;
		break;
	case ASK_NO_NAME:
		result->features.sni_required = is_agreed ? TLS_NO : TLS_YES;
		break;
	case ASK_H2:
		take_alpn(result, &result->alpn_h2,
			  is_agreed ? answer->flight->hello.alpn : (struct span){ 0 });
		break;
	default:
		take_alpn(result, &result->alpn_http1,
			  is_agreed ? answer->flight->hello.alpn : (struct span){ 0 });
		break;
	}
	return false;
}

static const struct asking asking_question = { hello_question, take_question };

static void plan_questions(struct assessment *assessment, const struct job_kind *kind)
{
	const struct tls_result *result = assessment->result;
	const struct hello_lists *lists = assessment_lists(assessment);
	enum tls_version version;

	if (is_quick(assessment) || !highest_version(result, TLS_1_2, &version) ||
	    version == TLS_SSL3) {
		return;
	}
	for (unsigned question = 0; question < QUESTIONS; question++) {
		struct job *job;

		if (question == ASK_NO_NAME && result->target.is_host_address) {
			continue;
		}
		if (question >= ASK_H2 && result->target.starttls != TLS_STARTTLS_NONE) {
			continue;
		}
		job = job_add(assessment, kind, version);
		fill_numbers(job, lists->suites, lists->suite_count);
		job->step = question;
	}
}

static const struct job_kind job_questions = {
	.name = "questions", .phase = 1, .plan = plan_questions, .asking = &asking_question
};

/* What the random of a lower version says (RFC 8446, 4.1.3), and encrypt-then-mac, which is told
 * for CBC only. */
static bool is_cbc(const struct tls_suite *suite)
{
	return suite->mode == TLS_MODE_CBC && suite->bits >= 112 && suite->auth != TLS_AUTH_NONE;
}

static bool take_sentinel(struct job *job, const struct answer *answer)
{
	struct tls_features *features = &job->assessment->result->features;

	if (is_version(job, answer)) {
		features->downgrade_sentinel =
			answer->flight->hello.sentinel != TLS_SENTINEL_NONE ? TLS_YES : TLS_NO;
	}
	return false;
}

static bool take_cbc(struct job *job, const struct answer *answer)
{
	struct tls_features *features = &job->assessment->result->features;

	if (is_version(job, answer)) {
		learn_answer(job->assessment, answer);
		features->encrypt_then_mac =
			answer->flight->hello.has_encrypt_then_mac ? TLS_YES : TLS_NO;
	}
	return false;
}

static const struct asking asking_sentinel = { hello_nothing, take_sentinel };
static const struct asking asking_cbc = { hello_nothing, take_cbc };

static void plan_sentinel(struct assessment *assessment, const struct job_kind *kind)
{
	const struct tls_result *result = assessment->result;
	enum tls_version lower;

	if (!is_quick(assessment) && result->versions[TLS_1_3].offered == TLS_YES &&
	    highest_version(result, TLS_1_2, &lower)) {
		fill_numbers(job_add(assessment, kind, lower), assessment_lists(assessment)->suites,
			     assessment_lists(assessment)->suite_count);
	}
}

static void plan_cbc(struct assessment *assessment, const struct job_kind *kind)
{
	enum tls_version version;

	if (!is_quick(assessment) && highest_version(assessment->result, TLS_1_2, &version) &&
	    has_suite(assessment->result, is_cbc)) {
		job_fill(job_add(assessment, kind, version), is_cbc);
	}
}

static const struct job_kind job_sentinel = {
	.name = "sentinel", .phase = 1, .plan = plan_sentinel, .asking = &asking_sentinel
};
static const struct job_kind job_cbc = {
	.name = "CBC", .phase = 1, .plan = plan_cbc, .asking = &asking_cbc
};

extern const struct job_kind job_sessions, job_heartbleed, job_change, job_robot, job_ticketbleed;

const struct job_kind *const job_kinds[] = {
	&job_versions, &job_ssl2,         &job_weak,      &job_static_rsa, &job_dhe,
	&job_strong,   &job_order,        &job_groups,    &job_hybrids,    &job_schemes,
	&job_fallback, &job_certificates, &job_questions, &job_sentinel,   &job_cbc,
	&job_chacha,   &job_group_order,  &job_sessions,  &job_heartbleed, &job_change,
	&job_robot,    &job_ticketbleed,  NULL,
};
