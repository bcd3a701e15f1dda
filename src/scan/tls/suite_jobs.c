/* suite_jobs.c - what a letter needs of suites, and whose order decides among them. */
#include <string.h>

#include "scan/tls/assessment.h"

/*
 * What a letter needs of suites: of each class the server's favourite, of the weak ones all. All
 * classes are offered together, those that got their answer then left out: whoever has none of them
 * refuses once. A server's favourite among all is its favourite of each class that has it.
 */

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

static bool is_by_ecdsa(const struct tls_suite *suite)
{
	return suite->auth == TLS_AUTH_ECDSA;
}

static bool is_by_rsa(const struct tls_suite *suite)
{
	return suite->auth == TLS_AUTH_RSA;
}

enum class { WEAK, STATIC_RSA, DHE, STRONG, BY_ECDSA, BY_RSA, CLASSES };

static bool (*const classes[CLASSES])(const struct tls_suite *suite) = {
	[WEAK] = is_weak,     [STATIC_RSA] = is_static_rsa, [DHE] = is_dhe,
	[STRONG] = is_strong, [BY_ECDSA] = is_by_ecdsa,     [BY_RSA] = is_by_rsa,
};

static bool is_found(const struct job *job, uint16_t id)
{
	const struct tls_version_result *found = &job->assessment->result->versions[job->version];

	for (unsigned i = 0; i < found->count; i++) {
		if (found->suites[i].id == id) {
			return true;
		}
	}
	return false;
}

unsigned suite_classes(const struct tls_suite *suite)
{
	unsigned all = 0;

	for (unsigned class = 0; class < CLASSES; class ++) {
		all |= classes[class](suite) ? 1u << class : 0;
	}
	return all;
}

/* Keeps what belongs to a class that is still open: the job's step has the bits of those. What is
 * left is in the lists' order. */
static void drop_settled(struct job *job)
{
	const struct hello_lists *lists = assessment_lists(job->assessment);
	size_t kept = 0;
	size_t at = 0;

	for (size_t i = 0; i < lists->suite_count && at < job->left_count; i++) {
		if (lists->suites[i] != job->left[at]) {
			continue;
		}
		if ((job->step & lists->classes[i]) != 0) {
			job->left[kept++] = job->left[at];
		}
		at++;
	}
	job->left_count = kept;
}

/* Whether a second exchange of the kind would tell what is not known yet: does a key come twice? */
static bool is_reuse_open(const struct job *job, const struct tls_suite *suite)
{
	const struct tls_features *features = &job->assessment->result->features;

	return (suite->kex == TLS_KEX_DHE && features->dh_reuse == TLS_UNKNOWN) ||
	       (suite->kex == TLS_KEX_ECDHE && features->ecdh_reuse == TLS_UNKNOWN);
}

/* A suite of several classes answers for all of them, but is asked for once more where that shows
 * whether its key comes twice. */
static bool take_classes(struct job *job, const struct answer *answer)
{
	struct tls_suite suite;
	bool is_again;
	unsigned answered;

	if (!answer_is_of_version(job, answer)) {
		return false;
	}
	is_again = is_found(job, answer->flight->hello.suite);
	learn_answer(job->assessment, answer);
	if (!tls_suites_find(answer->flight->hello.suite, &suite)) {
		return false;
	}
	answered = suite_classes(&suite) & job->step & ~(1u << WEAK);
	if (answered != 0 && !is_again && is_reuse_open(job, &suite)) {
		answered &= ~answered + 1; /* one of them */
	} else if (!job_remove(job, (uint16_t)suite.id)) {
		return false; /* it does not heed what it is offered */
	}
	job->step &= ~answered;
	drop_settled(job);
	return job->left_count > 0;
}

static const struct asking asking_classes = { job_hello_as_it_is, take_classes };

static void plan_classes(struct assessment *assessment, const struct job_kind *kind)
{
	const struct tls_result *result = assessment->result;
	enum tls_version version;
	struct job *job;

	if (!assessment_is_quick(assessment) || !highest_version(result, TLS_1_2, &version)) {
		return;
	}
	job = job_add(assessment, kind, version);
	job->step = 1u << WEAK | 1u << STATIC_RSA | 1u << DHE;
	job->step |= result_has_suite(result, is_strong) ? 0 : 1u << STRONG;
	job->step |= result->chains[TLS_CERTIFICATE_ECDSA].count > 0 ? 0 : 1u << BY_ECDSA;
	job->step |= result->chains[TLS_CERTIFICATE_RSA].count > 0 ? 0 : 1u << BY_RSA;
	job_fill_numbers(job, assessment_lists(assessment)->suites,
			 assessment_lists(assessment)->suite_count);
	drop_settled(job);
}

const struct job_kind job_classes = {
	.name = "classes of suites", .phase = 1, .plan = plan_classes, .asking = &asking_classes
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
