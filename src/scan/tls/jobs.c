/* jobs.c - the table of jobs, what they share, and the first ones: versions with all their suites.
 */
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"
#include "scan/tls/assessment.h"

#define RENEGOTIATION_SCSV 0x00ff /* RFC 5746 */

bool assessment_is_quick(const struct assessment *assessment)
{
	return assessment_config(assessment)->is_quick;
}

/*
 * Working through lists
 */

void job_fill_numbers(struct job *job, const uint16_t *numbers, size_t count)
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

void job_fill_found(struct job *job, bool is_reversed)
{
	const struct tls_version_result *found = &job->assessment->result->versions[job->version];

	job->left_count = 0;
	for (unsigned i = 0; i < found->count; i++) {
		unsigned at = is_reversed ? found->count - 1 - i : i;

		job->left[job->left_count++] = (uint16_t)found->suites[at].id;
	}
}

bool answer_is_of_version(const struct job *job, const struct answer *answer)
{
	return answer->kind == ANSWER_HELLO &&
	       answer->flight->hello.version == version_number(job->version);
}

bool result_has_suite(const struct tls_result *result, bool (*wanted)(const struct tls_suite *))
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

bool job_take_one(struct job *job, const struct answer *answer)
{
	if (answer_is_of_version(job, answer)) {
		learn_answer(job->assessment, answer);
	}
	return false;
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
	bool is_there = answer_is_of_version(job, answer);

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
	} else if (!answer_is_of_version(job, answer)) {
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
	return !assessment_is_quick(job->assessment);
}

static const struct asking asking_versions = { hello_versions, take_versions };

/* Each is asked for by itself: GnuTLS with TLS 1.0 and 1.2 refuses 1.1 as too low. */
static void plan_versions(struct assessment *assessment, const struct job_kind *kind)
{
	const struct hello_lists *lists = assessment_lists(assessment);
	static const enum tls_version order[] = { TLS_1_2, TLS_1_3, TLS_1_0, TLS_1_1, TLS_SSL3 };

	for (size_t i = 0; i < COUNT_OF(order); i++) {
		struct job *job = job_add(assessment, kind, order[i]);

		if (order[i] == TLS_1_3) {
			job_fill_numbers(job, lists->suites13, lists->suite13_count);
		} else {
			job_fill_numbers(job, lists->suites, lists->suite_count);
		}
	}
}

static const struct job_kind job_versions = {
	.name = "versions", .phase = 0, .plan = plan_versions, .asking = &asking_versions
};

/*
 * SSLv2
 */

void job_hello_as_it_is(struct job *job, struct tls_hello *hello)
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

static const struct asking asking_ssl2 = { job_hello_as_it_is, take_ssl2 };

static void plan_ssl2(struct assessment *assessment, const struct job_kind *kind)
{
	(void)job_add(assessment, kind, TLS_SSL2);
}

static const struct job_kind job_ssl2 = {
	.name = "ssl2", .phase = 0, .plan = plan_ssl2, .asking = &asking_ssl2
};

extern const struct job_kind job_classes, job_order, job_chacha, job_groups, job_group_order,
	job_hybrids, job_schemes, job_certificates, job_fallback, job_questions, job_cbc,
	job_sessions, job_heartbleed, job_change, job_robot, job_ticketbleed, job_padding;

const struct job_kind *const job_kinds[] = {
	&job_versions, &job_ssl2,    &job_classes,     &job_order,        &job_groups,
	&job_hybrids,  &job_schemes, &job_fallback,    &job_certificates, &job_questions,
	&job_cbc,      &job_chacha,  &job_group_order, &job_sessions,     &job_heartbleed,
	&job_change,   &job_robot,   &job_padding,     &job_ticketbleed,  NULL,
};
