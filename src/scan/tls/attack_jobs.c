/* attack_jobs.c - tests that send what an attacker would, and take nothing: Heartbleed asks for 16
 * bytes and drops them, CCS injection ends at once, of Ticketbleed the length is looked at. */
#include <stdio.h>

#include "base/mem.h"
#include "base/writer.h"
#include "scan/tls/attack.h"

enum {
	ALERT_BAD_RECORD_MAC = 20,
	ALERT_DECRYPTION_FAILED = 21,
};

#define HEARTBEAT_ASKED 16 /* bytes that are claimed and not sent */
static bool is_any(const struct tls_suite *suite)
{
	(void)suite;
	return true;
}

static bool is_first(const struct attack *attack, unsigned heard)
{
	return attack->reaction.count > 0 && attack->reaction.heard[0] == heard;
}

/*
 * Heartbleed
 */

static void say_heartbeat(struct job *job)
{
	static const uint8_t request[] = { 1, 0, HEARTBEAT_ASKED }; /* and nothing of it */
	static const uint8_t farewell[] = { 2, 40 };
	uint8_t bytes[32];
	struct writer w = writer_over(bytes, sizeof bytes);

	attack_write_record(job, TLS_RECORD_HEARTBEAT, (struct span){ request, sizeof request },
			    &w);
	/* mended servers drop it without a word: this ends the connection then */
	attack_write_record(job, TLS_RECORD_ALERT, (struct span){ farewell, sizeof farewell }, &w);
	tls_wire_send(job->wire, writer_span(&w));
}

static size_t take_heartbleed(struct job *job, struct span bytes)
{
	return attack_received(job, bytes, say_heartbeat);
}

static bool end_heartbleed(struct job *job, enum tls_wire_end end)
{
	struct attack *attack = job->own;
	struct tls_result *result = job->assessment->result;

	attack_ended(attack, end);
	if (!attack->is_sent) {
		attack_set_unreached(job, TLS_HEARTBLEED);
	} else if (is_first(attack, ATTACK_RECORD + TLS_RECORD_HEARTBEAT)) {
		finding_set(result, TLS_HEARTBLEED, TLS_YES,
			    "a request that claims more than it has is answered");
	} else if (attack_is_silence(&attack->reaction)) {
		finding_set(result, TLS_HEARTBLEED, TLS_UNKNOWN,
			    "neither the request nor a fatal alert behind it is answered");
	} else {
		finding_set(result, TLS_HEARTBLEED, TLS_NO, "");
	}
	return false;
}

static const struct speaking speaking_heartbleed = {
	.opened = attack_opened,
	.received = take_heartbleed,
	.ended = end_heartbleed,
	.done = attack_done,
};

static void plan_heartbleed(struct assessment *assessment, const struct job_kind *kind)
{
	struct tls_result *result = assessment->result;
	enum tls_version version;

	if (result->features.heartbeat != TLS_YES) {
		bool is_none = result->features.heartbeat == TLS_NO ||
			       !highest_version(result, TLS_1_2, &version);

		if (is_none) {
			finding_set(result, TLS_HEARTBLEED, TLS_NO, "no heartbeat");
		}
	} else if (attack_is_wanted(assessment, &version)) {
		job_fill(attack_add(assessment, kind, version, sizeof(struct attack)), is_any);
	}
}

const struct job_kind job_heartbleed = {
	.name = "Heartbleed",
	.phase = 2,
	.plan = plan_heartbleed,
	.speaking = &speaking_heartbleed,
};

/*
 * CCS injection
 */

/* Two: the second one is read with keys of nothing where the first was taken. Then one alone,
 * where a connection that just ends leaves open at which of them it did. */
enum { STEP_TWO, STEP_ONE };

static void say_early_change(struct job *job)
{
	static const uint8_t change[] = { 1 };
	uint8_t bytes[32];
	struct writer w = writer_over(bytes, sizeof bytes);

	for (unsigned i = job->step; i <= STEP_ONE; i++) {
		attack_write_record(job, TLS_RECORD_CHANGE_CIPHER, (struct span){ change, 1 }, &w);
	}
	tls_wire_send(job->wire, writer_span(&w));
}

static size_t take_change(struct job *job, struct span bytes)
{
	return attack_received(job, bytes, say_early_change);
}

/* What the reaction to two says; true where one alone must be tried. */
static bool judge_two(struct job *job)
{
	const struct attack *attack = job->own;
	struct tls_result *result = job->assessment->result;

	if (is_first(attack, ATTACK_ALERT + ALERT_DECRYPTION_FAILED) ||
	    is_first(attack, ATTACK_ALERT + ALERT_BAD_RECORD_MAC)) {
		finding_set(result, TLS_CCS_INJECTION, TLS_YES,
			    "an early ChangeCipherSpec is taken: what follows is decrypted");
	} else if (attack->reaction.count > 0) {
		finding_set(result, TLS_CCS_INJECTION, TLS_NO, "");
	} else if (attack_is_silence(&attack->reaction)) {
		finding_set(result, TLS_CCS_INJECTION, TLS_UNKNOWN,
			    "an early ChangeCipherSpec is neither taken nor refused");
	} else {
		return true;
	}
	return false;
}

static bool end_change(struct job *job, enum tls_wire_end end)
{
	struct attack *attack = job->own;
	struct tls_result *result = job->assessment->result;

	attack_ended(attack, end);
	if (!attack->is_sent) {
		attack_set_unreached(job, TLS_CCS_INJECTION);
	} else if (job->step == STEP_TWO) {
		job->step = judge_two(job) ? STEP_ONE : STEP_TWO;
		return job->step == STEP_ONE;
	} else if (attack_is_silence(&attack->reaction)) {
		finding_set(result, TLS_CCS_INJECTION, TLS_UNKNOWN,
			    "it closes at the second early ChangeCipherSpec, not at the first");
	} else {
		finding_set(result, TLS_CCS_INJECTION, TLS_NO, "");
	}
	return false;
}

static const struct speaking speaking_change = {
	.opened = attack_opened,
	.received = take_change,
	.ended = end_change,
	.done = attack_done,
};

static void plan_change(struct assessment *assessment, const struct job_kind *kind)
{
	enum tls_version version;

	if (attack_is_wanted(assessment, &version)) {
		job_fill(attack_add(assessment, kind, version, sizeof(struct attack)), is_any);
	} else if (assessment->result->versions[TLS_1_3].offered == TLS_YES &&
		   !highest_version(assessment->result, TLS_1_2, &version)) {
		finding_set(assessment->result, TLS_CCS_INJECTION, TLS_NO, "TLS 1.3 only");
	}
}

const struct job_kind job_change = {
	.name = "CCS injection", .phase = 2, .plan = plan_change, .speaking = &speaking_change
};

/*
 * Ticketbleed: a session id shorter than 32 bytes comes back filled up
 */

#define SHORT_ID ASSESSMENT_SHORT_ID

static void hello_ticketbleed(struct job *job, struct tls_hello *hello)
{
	hello->ticket = job->assessment->ticket;
	mem_copy(job->assessment->short_id, hello->random, SHORT_ID);
	hello->session_id = (struct span){ hello->random, SHORT_ID };
}

/* The length and our own bytes alone are looked at; what fills it up is dropped. */
static bool take_ticketbleed(struct job *job, const struct answer *answer)
{
	struct tls_result *result = job->assessment->result;
	char detail[TLS_RESULT_DETAIL_SIZE];
	struct span body;
	struct span id;

	if (answer->kind != ANSWER_HELLO) {
		finding_set(result, TLS_TICKETBLEED, TLS_UNKNOWN,
			    answer->kind == ANSWER_LOST ? "a ticket is not answered"
							: "a ticket with a short id is refused");
		return false;
	}
	id = answer->flight->hello.session_id;
	if (id.len > SHORT_ID && span_equal(span_first(id, SHORT_ID),
					    (struct span){ job->assessment->short_id, SHORT_ID })) {
		(void)snprintf(detail, sizeof detail,
			       "an id of %d bytes comes back with %zu: memory fills it", SHORT_ID,
			       id.len);
		finding_set(result, TLS_TICKETBLEED, TLS_YES, detail);
	} else if (tls_flight_message(answer->flight, TLS_CERTIFICATE, &body)) {
		finding_set(result, TLS_TICKETBLEED, TLS_UNKNOWN,
			    "its own ticket was not taken, so nothing could come with it");
	} else {
		finding_set(result, TLS_TICKETBLEED, TLS_NO, "");
	}
	return false;
}

static const struct asking asking_ticketbleed = { hello_ticketbleed, take_ticketbleed };

static void plan_ticketbleed(struct assessment *assessment, const struct job_kind *kind)
{
	const struct tls_result *result = assessment->result;
	enum tls_version version;

	if (result->features.ticket == TLS_NO || !highest_version(result, TLS_1_2, &version)) {
		finding_set(assessment->result, TLS_TICKETBLEED, TLS_NO, "no tickets");
	} else if (assessment->ticket.len > 0 && attack_is_wanted(assessment, &version)) {
		job_fill(job_add(assessment, kind, version), is_any);
	} else if (assessment_config(assessment)->tests_vulnerabilities && !result->is_quick) {
		finding_set(assessment->result, TLS_TICKETBLEED, TLS_UNKNOWN,
			    "no handshake brought a ticket to try it with");
	}
}

const struct job_kind job_ticketbleed = {
	.name = "Ticketbleed", .phase = 3, .plan = plan_ticketbleed, .asking = &asking_ticketbleed
};
