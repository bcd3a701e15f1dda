/* question_jobs.c - one hello each: other certificates, fallback, tolerance, names, protocols. */
#include <stdio.h>

#include "base/attr.h"
#include "scan/tls/assessment.h"

#define FALLBACK_SCSV 0x5600 /* RFC 7507 */

enum { ALERT_INAPPROPRIATE_FALLBACK = 86 };

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

enum { STEP_EDDSA, STEP_PSS };

static void hello_certificates(struct job *job, struct tls_hello *hello)
{
	static const uint16_t eddsa[] = { 0x0807, 0x0808 };
	static const uint16_t pss[] = { 0x0809, 0x080a, 0x080b };

	if (job->step == STEP_EDDSA) {
		hello->schemes = eddsa;
		hello->scheme_count = COUNT_OF(eddsa);
	} else {
		hello->schemes = pss;
		hello->scheme_count = COUNT_OF(pss);
	}
}

static const struct asking asking_certificates = { hello_certificates, job_take_one };

static void plan_certificates(struct assessment *assessment, const struct job_kind *kind)
{
	const struct tls_result *result = assessment->result;
	enum tls_version version;

	struct job *job;

	/* all suites were tried: only types that share suites are open */
	if (assessment_is_quick(assessment) || !highest_version(result, TLS_1_2, &version) ||
	    version != TLS_1_2) {
		return;
	}
	job = job_add(assessment, kind, version);
	job_fill(job, is_by_ecdsa);
	job->step = STEP_EDDSA;
	job = job_add(assessment, kind, version);
	job_fill(job, is_by_rsa);
	job->step = STEP_PSS;
}

const struct job_kind job_certificates = {
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

/* The same hello without the signal was agreed to: so a refusal is about it. But only the alert
 * that RFC 7507 demands says that it was understood. */
static bool take_fallback(struct job *job, const struct answer *answer)
{
	struct tls_features *features = &job->assessment->result->features;
	const struct tls_flight *flight = answer->flight;

	if (answer->kind == ANSWER_HELLO) {
		features->fallback_scsv = TLS_NO;
	} else if (answer->kind == ANSWER_NO && flight->state == TLS_FLIGHT_ALERT) {
		if (flight->alert == ALERT_INAPPROPRIATE_FALLBACK) {
			features->fallback_scsv = TLS_YES;
		} else {
			features->fallback_alert = flight->alert;
		}
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
		job_fill_numbers(job_add(assessment, kind, lower), lists->suites,
				 lists->suite_count);
	}
}

const struct job_kind job_fallback = {
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

	if (assessment_is_quick(assessment) || !highest_version(result, TLS_1_2, &version) ||
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
		job_fill_numbers(job, lists->suites, lists->suite_count);
		job->step = question;
	}
}

const struct job_kind job_questions = {
	.name = "questions", .phase = 1, .plan = plan_questions, .asking = &asking_question
};

/* Encrypt-then-mac, which is told for CBC only. */
static bool is_cbc(const struct tls_suite *suite)
{
	return suite->mode == TLS_MODE_CBC && suite->bits >= 112 && suite->auth != TLS_AUTH_NONE;
}

static bool take_cbc(struct job *job, const struct answer *answer)
{
	struct tls_features *features = &job->assessment->result->features;

	if (answer_is_of_version(job, answer)) {
		learn_answer(job->assessment, answer);
		features->encrypt_then_mac =
			answer->flight->hello.has_encrypt_then_mac ? TLS_YES : TLS_NO;
	}
	return false;
}

static const struct asking asking_cbc = { job_hello_as_it_is, take_cbc };

static void plan_cbc(struct assessment *assessment, const struct job_kind *kind)
{
	enum tls_version version;

	if (!assessment_is_quick(assessment) &&
	    highest_version(assessment->result, TLS_1_2, &version) &&
	    result_has_suite(assessment->result, is_cbc)) {
		job_fill(job_add(assessment, kind, version), is_cbc);
	}
}

const struct job_kind job_cbc = {
	.name = "CBC", .phase = 1, .plan = plan_cbc, .asking = &asking_cbc
};
