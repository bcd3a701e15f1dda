/* attack_jobs.c - tests that send what an attacker would, and take nothing: Heartbleed asks for 16
 * bytes and drops them, ROBOT sends what decrypts to nothing, CCS injection ends at once. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/writer.h"
#include "scan/tls/assessment.h"
#include "sys/alloc.h"
#include "sys/tls_probe.h"

enum {
	ALERT_UNEXPECTED_MESSAGE = 10,
	ALERT_BAD_RECORD_MAC = 20,
	ALERT_DECRYPTION_FAILED = 21,
};

#define HEARTBEAT_ASKED 16 /* bytes that are claimed and not sent */
#define HELLO_SENT      1  /* phases of one connection */
#define ATTACK_SENT     2

/* How a server took it; equal values are equal behaviour. */
#define REACTION_NONE   0u
#define REACTION_CLOSED 0x1000u
#define REACTION_SILENT 0x2000u
#define REACTION_DATA   0x3000u /* with the record's type */

struct attack_work {
	struct tls_flight flight;
	unsigned phase;
	unsigned reaction;
	unsigned reactions[10]; /* ROBOT: five messages, twice */
};

static void begin_attack(struct job *job)
{
	struct attack_work *work = job->own;

	tls_flight_done(&work->flight);
	tls_flight_init(&work->flight);
	work->phase = HELLO_SENT;
	work->reaction = REACTION_NONE;
	job_say_hello(job);
}

/* The next record after the attack, and what it is. */
static size_t note_reaction(struct job *job, struct span bytes)
{
	struct attack_work *work = job->own;
	struct reader r = reader_over(bytes);
	struct tls_record record;
	int error = tls_record_next(&r, &record);

	if (error == 0) {
		work->reaction = record.type == TLS_RECORD_ALERT && record.payload.len == 2
					 ? 0x100u + record.payload.ptr[1]
					 : REACTION_DATA + record.type;
		job->is_ending = true;
		return bytes.len;
	}
	return bytes.len - reader_left(&r);
}

/* attack: says it, where the first flight is whole. */
static size_t take_attack(struct job *job, struct span bytes, void (*attack)(struct job *job))
{
	struct attack_work *work = job->own;
	size_t taken;

	if (work->phase == ATTACK_SENT) {
		return note_reaction(job, bytes);
	}
	taken = tls_flight_take(&work->flight, bytes);
	if (work->flight.state == TLS_FLIGHT_WHOLE && work->flight.hello.version < 0x0304) {
		work->phase = ATTACK_SENT;
		attack(job);
	} else if (work->flight.state != TLS_FLIGHT_MORE) {
		job->is_ending = true;
	}
	return taken;
}

static void finish_reaction(struct attack_work *work, enum tls_wire_end end)
{
	if (work->phase == ATTACK_SENT && work->reaction == REACTION_NONE) {
		work->reaction = end == TLS_WIRE_SILENT ? REACTION_SILENT : REACTION_CLOSED;
	}
}

static void done_attack(struct job *job)
{
	struct attack_work *work = job->own;

	if (work != NULL) {
		tls_flight_done(&work->flight);
		free(work);
		job->own = NULL;
	}
}

static struct job *add_attack(struct assessment *assessment, const struct job_kind *kind,
			      enum tls_version version)
{
	struct job *job = job_add(assessment, kind, version);

	if (job != NULL) {
		struct attack_work *work = alloc_zeroed(1, sizeof *work);

		tls_flight_init(&work->flight);
		job->own = work;
	}
	return job;
}

static bool is_any(const struct tls_suite *suite)
{
	(void)suite;
	return true;
}

static bool is_wanted(const struct assessment *assessment, enum tls_version *version)
{
	return assessment_config(assessment)->tests_vulnerabilities &&
	       highest_version(assessment->result, TLS_1_2, version) && *version >= TLS_1_0;
}

static void say_record(struct job *job, uint8_t type, struct span payload)
{
	uint8_t bytes[1200];
	struct writer w = writer_over(bytes, sizeof bytes);

	writer_u8(&w, type);
	writer_be16(&w, version_number(job->version));
	writer_be16(&w, (uint16_t)payload.len);
	writer_bytes(&w, payload);
	tls_wire_send(job->wire, writer_span(&w));
}

/*
 * Heartbleed
 */

static void say_heartbeat(struct job *job)
{
	static const uint8_t request[] = { 1, 0, HEARTBEAT_ASKED }; /* and nothing of it */
	static const uint8_t farewell[] = { 2, 40 };

	say_record(job, TLS_RECORD_HEARTBEAT, (struct span){ request, sizeof request });
	/* mended servers drop it without a word: this ends the connection then */
	say_record(job, TLS_RECORD_ALERT, (struct span){ farewell, sizeof farewell });
}

static size_t take_heartbleed(struct job *job, struct span bytes)
{
	return take_attack(job, bytes, say_heartbeat);
}

static bool end_heartbleed(struct job *job, enum tls_wire_end end)
{
	struct attack_work *work = job->own;
	bool is_answered;

	finish_reaction(work, end);
	is_answered = work->reaction == REACTION_DATA + TLS_RECORD_HEARTBEAT;
	if (work->phase == ATTACK_SENT) {
		finding_set(job->assessment->result, TLS_HEARTBLEED, is_answered ? TLS_YES : TLS_NO,
			    is_answered ? "a request that claims more than it has is answered"
					: "");
	}
	return false;
}

static const struct speaking speaking_heartbleed = {
	.opened = begin_attack,
	.received = take_heartbleed,
	.ended = end_heartbleed,
	.done = done_attack,
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
	} else if (is_wanted(assessment, &version)) {
		job_fill(add_attack(assessment, kind, version), is_any);
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

static void say_early_change(struct job *job)
{
	static const uint8_t change[] = { 1 };

	/* the second one is read with keys of nothing where the first was taken */
	say_record(job, TLS_RECORD_CHANGE_CIPHER, (struct span){ change, 1 });
	say_record(job, TLS_RECORD_CHANGE_CIPHER, (struct span){ change, 1 });
}

static size_t take_change(struct job *job, struct span bytes)
{
	return take_attack(job, bytes, say_early_change);
}

static bool end_change(struct job *job, enum tls_wire_end end)
{
	struct attack_work *work = job->own;
	struct tls_result *result = job->assessment->result;

	finish_reaction(work, end);
	if (work->phase != ATTACK_SENT) {
		return false;
	}
	if (work->reaction == 0x100 + ALERT_DECRYPTION_FAILED ||
	    work->reaction == 0x100 + ALERT_BAD_RECORD_MAC) {
		finding_set(result, TLS_CCS_INJECTION, TLS_YES,
			    "an early ChangeCipherSpec is taken");
	} else if (work->reaction == REACTION_SILENT) {
		finding_set(result, TLS_CCS_INJECTION, TLS_UNKNOWN, "no answer");
	} else {
		finding_set(result, TLS_CCS_INJECTION, TLS_NO, "");
	}
	return false;
}

static const struct speaking speaking_change = {
	.opened = begin_attack,
	.received = take_change,
	.ended = end_change,
	.done = done_attack,
};

static void plan_change(struct assessment *assessment, const struct job_kind *kind)
{
	enum tls_version version;

	if (is_wanted(assessment, &version)) {
		job_fill(add_attack(assessment, kind, version), is_any);
	} else if (assessment->result->versions[TLS_1_3].offered == TLS_YES &&
		   !highest_version(assessment->result, TLS_1_2, &version)) {
		finding_set(assessment->result, TLS_CCS_INJECTION, TLS_NO, "TLS 1.3 only");
	}
}

const struct job_kind job_change = {
	.name = "CCS injection", .phase = 2, .plan = plan_change, .speaking = &speaking_change
};

/*
 * ROBOT: does an answer tell whether a ciphertext was well padded?
 */

#define ROBOT_MESSAGES 5
#define RSA_LENGTH_MAX 1024 /* of 8,192 bits */

/* PKCS #1 v1.5: 00 02, padding without zeros, 00, version, 46 bytes of a secret. The five of the
 * paper (Böck, Somorovsky, Young, 2018), 4.1. */
static void robot_message(unsigned kind, uint16_t version, uint8_t *block, size_t len)
{
	size_t secret = len - 48;

	memset(block, 0xa5, len);
	block[0] = 0;
	block[1] = 2;
	block[secret - 1] = 0;
	block[secret] = (uint8_t)(version >> 8);
	block[secret + 1] = (uint8_t)version;
	switch (kind) {
	case 1: /* wrong first bytes */
		block[0] = 0x41;
		block[1] = 0x17;
		break;
	case 2: /* the zero at the wrong place */
		block[secret - 1] = 0x11;
		block[len - 1] = 0;
		break;
	case 3: /* no zero in the middle */
		block[secret - 1] = 0x11;
		break;
	case 4: /* wrong version */
		block[secret] = 2;
		block[secret + 1] = 2;
		break;
	default: /* right */
		break;
	}
}

/* A first byte of 0x41 may be more than the modulus; then OpenSSL encrypts nothing. */
static size_t encrypt_message(struct span certificate, uint8_t *block, size_t len, uint8_t *out)
{
	size_t written =
		tls_probe_rsa(certificate, (struct span){ block, len }, out, RSA_LENGTH_MAX);

	if (written == 0) {
		block[0] = 0;
		written = tls_probe_rsa(certificate, (struct span){ block, len }, out,
					RSA_LENGTH_MAX);
	}
	return written;
}

static void say_robot(struct job *job)
{
	static const uint8_t change[] = { 1 };
	static const uint8_t finished[40] = { 0x22 };
	struct attack_work *work = job->own;
	uint8_t block[RSA_LENGTH_MAX];
	uint8_t encrypted[RSA_LENGTH_MAX];
	uint8_t message[RSA_LENGTH_MAX + 8];
	struct writer w = writer_over(message, sizeof message);
	struct tls_certificates it;
	struct span body;
	struct span leaf = { 0 };
	size_t len = 0;

	if (tls_flight_message(&work->flight, TLS_CERTIFICATE, &body) &&
	    tls_certificates_over(body, &it) == 0 && tls_certificates_next(&it, &leaf)) {
		len = tls_probe_rsa_length(leaf);
	}
	if (len < 64 || len > RSA_LENGTH_MAX) {
		job->is_ending = true;
		work->phase = 0;
		return;
	}
	robot_message(job->step % ROBOT_MESSAGES, version_number(job->version), block, len);
	len = encrypt_message(leaf, block, len, encrypted);
	writer_u8(&w, 16); /* ClientKeyExchange */
	writer_u8(&w, 0);
	writer_be16(&w, (uint16_t)(len + 2));
	writer_be16(&w, (uint16_t)len);
	writer_bytes(&w, (struct span){ encrypted, len });
	say_record(job, TLS_RECORD_HANDSHAKE, writer_span(&w));
	say_record(job, TLS_RECORD_CHANGE_CIPHER, (struct span){ change, 1 });
	say_record(job, TLS_RECORD_HANDSHAKE, (struct span){ finished, sizeof finished });
}

static size_t take_robot(struct job *job, struct span bytes)
{
	return take_attack(job, bytes, say_robot);
}

static void judge_robot(struct job *job)
{
	struct attack_work *work = job->own;
	struct tls_result *result = job->assessment->result;
	bool is_uniform = true;
	bool is_steady = true;
	unsigned rounds = job->step / ROBOT_MESSAGES;

	for (unsigned i = 0; i < ROBOT_MESSAGES; i++) {
		is_uniform = is_uniform && work->reactions[i] == work->reactions[0];
		is_steady =
			is_steady &&
			(rounds < 2 || work->reactions[i] == work->reactions[i + ROBOT_MESSAGES]);
	}
	if (is_uniform) {
		finding_set(result, TLS_ROBOT, TLS_NO, "");
	} else if (is_steady) {
		finding_set(result, TLS_ROBOT, TLS_YES,
			    "answers to well and badly padded key exchanges differ");
	} else {
		finding_set(result, TLS_ROBOT, TLS_UNKNOWN, "answers differ, but not steadily");
	}
}

static bool end_robot(struct job *job, enum tls_wire_end end)
{
	struct attack_work *work = job->own;
	bool is_uniform = true;

	finish_reaction(work, end);
	if (work->phase != ATTACK_SENT) {
		return false; /* no such exchange after all */
	}
	work->reactions[job->step++] = work->reaction;
	for (unsigned i = 1; i < job->step; i++) {
		is_uniform = is_uniform && work->reactions[i] == work->reactions[0];
	}
	/* again, where they differ: a loaded server may close for reasons of its own */
	if (job->step < ROBOT_MESSAGES || (!is_uniform && job->step < 2 * ROBOT_MESSAGES)) {
		return true;
	}
	judge_robot(job);
	return false;
}

static const struct speaking speaking_robot = {
	.opened = begin_attack,
	.received = take_robot,
	.ended = end_robot,
	.done = done_attack,
};

static bool is_rsa_exchange(const struct tls_suite *suite)
{
	return suite->kex == TLS_KEX_RSA && suite->export_bits == 0;
}

static void plan_robot(struct assessment *assessment, const struct job_kind *kind)
{
	const struct tls_result *result = assessment->result;
	enum tls_version version;
	struct tls_suite suite;
	struct job *job;

	if (!is_wanted(assessment, &version)) {
		if (result->versions[TLS_1_3].offered == TLS_YES &&
		    !highest_version(result, TLS_1_2, &version)) {
			finding_set(assessment->result, TLS_ROBOT, TLS_NO, "TLS 1.3 only");
		}
		return;
	}
	for (unsigned i = 0; i < result->versions[version].count; i++) {
		(void)tls_suites_find(result->versions[version].suites[i].id, &suite);
		if (is_rsa_exchange(&suite)) {
			job = add_attack(assessment, kind, version);
			job_fill(job, is_rsa_exchange);
			return;
		}
	}
	finding_set(assessment->result, TLS_ROBOT, TLS_NO, "no RSA key exchange");
}

const struct job_kind job_robot = {
	.name = "ROBOT", .phase = 2, .plan = plan_robot, .speaking = &speaking_robot
};

/*
 * Ticketbleed: a session id shorter than 32 bytes comes back filled up
 */

#define SHORT_ID 16

static void hello_ticketbleed(struct job *job, struct tls_hello *hello)
{
	hello->ticket = job->assessment->ticket;
	hello->session_id = (struct span){ hello->random, SHORT_ID };
}

static bool take_ticketbleed(struct job *job, const struct answer *answer)
{
	struct span id;

	if (answer->kind != ANSWER_HELLO) {
		return false;
	}
	id = answer->flight->hello.session_id;
	/* the length alone is looked at; what fills it is dropped */
	finding_set(job->assessment->result, TLS_TICKETBLEED,
		    id.len > SHORT_ID && answer->flight->count == 1 ? TLS_YES : TLS_NO, "");
	return false;
}

static const struct asking asking_ticketbleed = { hello_ticketbleed, take_ticketbleed };

static void plan_ticketbleed(struct assessment *assessment, const struct job_kind *kind)
{
	const struct tls_result *result = assessment->result;
	enum tls_version version;

	if (result->features.ticket == TLS_NO || !highest_version(result, TLS_1_2, &version)) {
		finding_set(assessment->result, TLS_TICKETBLEED, TLS_NO, "no tickets");
	} else if (assessment->ticket.len > 0 && is_wanted(assessment, &version)) {
		job_fill(job_add(assessment, kind, version), is_any);
	}
}

const struct job_kind job_ticketbleed = {
	.name = "Ticketbleed", .phase = 3, .plan = plan_ticketbleed, .asking = &asking_ticketbleed
};
