/* group_jobs.c - groups of the key exchange, and signature schemes. */

#include "scan/tls/assessment.h"

/*
 * Groups
 */

static bool is_ecdhe(const struct tls_suite *suite)
{
	return suite->kex == TLS_KEX_ECDHE;
}

static uint16_t group_of(const struct job *job, const struct answer *answer)
{
	if (!answer_is_of_version(job, answer)) {
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

	if (assessment_is_quick(assessment)) {
		return;
	}
	if (result->versions[TLS_1_3].offered == TLS_YES) {
		job = job_add(assessment, kind, TLS_1_3);
		job_fill_numbers(job, lists->groups, lists->group_count);
	}
	if (highest_version(result, TLS_1_2, &version) && version > TLS_SSL3) {
		const struct tls_version_result *found = &result->versions[version];

		job = job_add(assessment, kind, version);
		job_fill_numbers(job, lists->groups + lists->hybrid_count,
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

const struct job_kind job_groups = {
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

	if (assessment_is_quick(assessment) || groups->count < 2 ||
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

const struct job_kind job_group_order = {
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

	if (!assessment_is_quick(assessment) || found->count == 0) {
		return;
	}
	group = tls_groups_find(found->suites[0].group);
	learn_group(&assessment->result->groups, found->suites[0].group, TLS_1_3);
	if (group == NULL || !group->is_post_quantum) {
		job_fill_numbers(job_add(assessment, kind, TLS_1_3), lists->groups,
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
const struct job_kind job_hybrids = {
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

	if (!answer_is_of_version(job, answer) || id == 0) {
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

	if (assessment_is_quick(assessment) || found->offered != TLS_YES) {
		return;
	}
	job = job_add(assessment, kind, TLS_1_2);
	job_fill_numbers(job, lists->schemes, lists->scheme_count);
	for (unsigned i = 0; i < found->count && job->step < JOB_LEFT_MAX / 2; i++) {
		(void)tls_suites_find(found->suites[i].id, &suite);
		if (is_signed(&suite)) {
			job->left[JOB_LEFT_MAX / 2 + job->step++] = (uint16_t)suite.id;
		}
	}
	job->is_over = job->step == 0;
}

const struct job_kind job_schemes = {
	.name = "signature schemes", .phase = 1, .plan = plan_schemes, .asking = &asking_schemes
};
