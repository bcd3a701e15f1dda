/* suite_jobs.c - what a letter needs of suites, and whose order decides among them. */
#include <string.h>

#include "scan/tls/assessment.h"

/*
 * Some suites, until the server refuses: what a grade needs of them
 */

static bool take_suites(struct job *job, const struct answer *answer)
{
	if (!answer_is_of_version(job, answer)) {
		return false;
	}
	learn_answer(job->assessment, answer);
	return job_remove(job, answer->flight->hello.suite) && job->left_count > 0;
}

static const struct asking asking_suites = { job_hello_as_it_is, take_suites };
static const struct asking asking_one = { job_hello_as_it_is, job_take_one };

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

	if (assessment_is_quick(assessment) &&
	    highest_version(assessment->result, TLS_1_2, &version)) {
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

static void plan_strong(struct assessment *assessment, const struct job_kind *kind)
{
	if (!result_has_suite(assessment->result, is_strong)) {
		plan_filtered(assessment, kind, is_strong);
	}
}

const struct job_kind job_weak = {
	.name = "weak suites", .phase = 1, .plan = plan_weak, .asking = &asking_suites
};
const struct job_kind job_static_rsa = {
	.name = "static RSA", .phase = 1, .plan = plan_static_rsa, .asking = &asking_one
};
const struct job_kind job_dhe = {
	.name = "DHE", .phase = 1, .plan = plan_dhe, .asking = &asking_one
};
const struct job_kind job_strong = {
	.name = "strong suites", .phase = 1, .plan = plan_strong, .asking = &asking_one
};

/*
 * Whose order decides
 */

static bool take_order(struct job *job, const struct answer *answer)
{
	struct tls_version_result *found = &job->assessment->result->versions[job->version];

	if (!answer_is_of_version(job, answer)) {
		return false;
	}
	if (answer->flight->hello.suite == found->chosen) {
		found->preference = TLS_PREFERENCE_SERVER;
	} else {
		found->preference = TLS_PREFERENCE_CLIENT;
	}
	return false;
}

static const struct asking asking_order = { job_hello_as_it_is, take_order };

static void plan_order(struct assessment *assessment, const struct job_kind *kind)
{
	for (unsigned v = TLS_SSL3; v < TLS_VERSIONS; v++) {
		const struct tls_version_result *found = &assessment->result->versions[v];

		if (!assessment_is_quick(assessment) && found->offered == TLS_YES &&
		    found->count > 1) {
			job_fill_found(job_add(assessment, kind, v), true);
		}
	}
}

const struct job_kind job_order = {
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

	if (answer_is_of_version(job, answer)) {
		found->is_chacha_reordered = found->preference == TLS_PREFERENCE_SERVER &&
					     is_chacha(answer->flight->hello.suite);
	}
	return false;
}

static const struct asking asking_chacha = { job_hello_as_it_is, take_chacha };

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
		job_fill_found(job, false);
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

const struct job_kind job_chacha = {
	.name = "ChaCha20 first", .phase = 2, .plan = plan_chacha, .asking = &asking_chacha
};
