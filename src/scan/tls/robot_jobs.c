/* robot_jobs.c - ROBOT (Böck, Somorovsky, Young: Return Of Bleichenbacher's Oracle Threat, 2018):
 * does an answer tell whether a ciphertext was well padded? What is sent decrypts to nothing. */
#include <stdio.h>
#include <string.h>

#include "base/writer.h"
#include "scan/tls/attack.h"
#include "sys/clock.h"
#include "sys/tls_probe.h"

#define RSA_LENGTH_MAX  1024 /* of 8,192 bits */
#define PATIENCE_FACTOR 8    /* times what the first flight took */
#define FAILURES_MAX    2    /* handshakes in a row that came not so far */

/* What is encrypted: right, or wrong in one of the paper's four ways (4.1). */
enum robot_message {
	ROBOT_RIGHT,
	ROBOT_WRONG_START,
	ROBOT_ZERO_MISPLACED,
	ROBOT_NO_ZERO,
	ROBOT_WRONG_VERSION,
	ROBOT_MESSAGES
};

/* Whether ChangeCipherSpec and a Finished follow, or the server is left waiting for them (4.2). */
enum robot_flow { ROBOT_FULL, ROBOT_SHORT, ROBOT_FLOWS };

#define ROBOT_ROUNDS 2

struct robot_work {
	struct attack attack;
	enum robot_flow flow;
	unsigned round;
	unsigned failures;
	struct attack_reaction reactions[ROBOT_ROUNDS][ROBOT_MESSAGES];
};

/* PKCS #1 v1.5: 00 02, padding without zeros, 00, version, 46 bytes of a secret. */
static void robot_message(enum robot_message message, uint16_t version, uint8_t *block, size_t len)
{
	size_t secret = len - 48;

	memset(block, 0xa5, len);
	block[0] = 0;
	block[1] = 2;
	block[secret - 1] = 0;
	block[secret] = (uint8_t)(version >> 8);
	block[secret + 1] = (uint8_t)version;
	switch (message) {
	case ROBOT_WRONG_START:
		block[0] = 0x41;
		block[1] = 0x17;
		break;
	case ROBOT_ZERO_MISPLACED:
		block[secret - 1] = 0x11;
		block[len - 2] = 0;
		break;
	case ROBOT_NO_ZERO:
		block[secret - 1] = 0x11;
		break;
	case ROBOT_WRONG_VERSION:
		block[secret] = 2;
		block[secret + 1] = 2;
		break;
	default:
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

static size_t key_of(const struct tls_flight *flight, struct span *leaf)
{
	struct tls_certificates it;
	struct span body;

	if (!tls_flight_message(flight, TLS_CERTIFICATE, &body) ||
	    tls_certificates_over(body, &it) != 0 || !tls_certificates_next(&it, leaf)) {
		return 0;
	}
	return tls_probe_rsa_length(*leaf);
}

/* A sound server never answers the short flow: that would cost its time five times, so how long
 * is waited goes by how quickly it came with its first flight. */
static int64_t patience_of(const struct job *job)
{
	const struct robot_work *work = job->own;
	int64_t most_ms = assessment_config(job->assessment)->silence_ms;
	int64_t least_ms = most_ms / 3;
	int64_t ms = PATIENCE_FACTOR * (clock_ms() - work->attack.opened_ms);

	if (work->flow == ROBOT_FULL) {
		return assessment_config(job->assessment)->answer_ms / 2;
	}
	return ms < least_ms ? least_ms : ms > most_ms ? most_ms : ms;
}

static void say_robot(struct job *job)
{
	static const uint8_t change[] = { 1 };
	static const uint8_t finished[40] = { 0x22 };
	struct robot_work *work = job->own;
	uint8_t block[RSA_LENGTH_MAX];
	uint8_t encrypted[RSA_LENGTH_MAX];
	uint8_t message[RSA_LENGTH_MAX + 8];
	uint8_t records[RSA_LENGTH_MAX + 128];
	struct writer w = writer_over(message, sizeof message);
	struct writer all = writer_over(records, sizeof records);
	struct span leaf = { 0 };
	size_t len = key_of(&work->attack.flight, &leaf);

	if (len < 64 || len > RSA_LENGTH_MAX) {
		work->attack.is_sent = false;
		work->attack.is_over = true;
		job->is_ending = true;
		return;
	}
	robot_message(job->step, version_number(job->version), block, len);
	len = encrypt_message(leaf, block, len, encrypted);
	writer_u8(&w, 16); /* ClientKeyExchange */
	writer_u8(&w, 0);
	writer_be16(&w, (uint16_t)(len + 2));
	writer_be16(&w, (uint16_t)len);
	writer_bytes(&w, (struct span){ encrypted, len });
	attack_write_record(job, TLS_RECORD_HANDSHAKE, writer_span(&w), &all);
	if (work->flow == ROBOT_FULL) {
		attack_write_record(job, TLS_RECORD_CHANGE_CIPHER, (struct span){ change, 1 },
				    &all);
		attack_write_record(job, TLS_RECORD_HANDSHAKE,
				    (struct span){ finished, sizeof finished }, &all);
	}
	work->attack.patience_ms = patience_of(job);
	/* in one piece: whether a server that ends has read all of it decides between close and
	 * reset, and must not hang on how they were sent */
	tls_wire_send(job->wire, writer_span(&all));
}

static size_t take_robot(struct job *job, struct span bytes)
{
	return attack_received(job, bytes, say_robot);
}

/* The first message of a round that is answered otherwise; ROBOT_MESSAGES where none is. */
static unsigned first_different(const struct attack_reaction reactions[ROBOT_MESSAGES])
{
	unsigned i = 1;

	while (i < ROBOT_MESSAGES && attack_is_same(&reactions[0], &reactions[i])) {
		i++;
	}
	return i;
}

static bool is_steady(const struct robot_work *work)
{
	for (unsigned i = 0; i < ROBOT_MESSAGES; i++) {
		if (!attack_is_same(&work->reactions[0][i], &work->reactions[1][i])) {
			return false;
		}
	}
	return true;
}

/* Where only what is wrong at its very end is told apart, an attack takes far longer (6.1). */
static bool is_weak(const struct attack_reaction reactions[ROBOT_MESSAGES])
{
	return attack_is_same(&reactions[ROBOT_WRONG_START], &reactions[ROBOT_ZERO_MISPLACED]) &&
	       attack_is_same(&reactions[ROBOT_WRONG_START], &reactions[ROBOT_NO_ZERO]);
}

static void tell_difference(struct job *job)
{
	static const char *const names[ROBOT_MESSAGES] = {
		[ROBOT_WRONG_START] = "a wrong start",
		[ROBOT_ZERO_MISPLACED] = "a zero misplaced",
		[ROBOT_NO_ZERO] = "no zero",
		[ROBOT_WRONG_VERSION] = "a wrong version",
	};
	struct robot_work *work = job->own;
	struct attack_reaction *reactions = work->reactions[0];
	unsigned other = first_different(reactions);
	char right[ATTACK_TEXT_SIZE];
	char wrong[ATTACK_TEXT_SIZE];
	char detail[TLS_RESULT_DETAIL_SIZE];

	attack_text(&reactions[ROBOT_RIGHT], right);
	attack_text(&reactions[other], wrong);
	(void)snprintf(detail, sizeof detail, "%s oracle: %s to right padding, %s to %s%s",
		       is_weak(reactions) ? "weak" : "strong", right, wrong, names[other],
		       work->flow == ROBOT_SHORT ? " (short flow)" : "");
	finding_set(job->assessment->result, TLS_ROBOT, TLS_YES, detail);
}

/* After a round; returns true where another one is needed. */
static bool judge_round(struct job *job)
{
	struct robot_work *work = job->own;
	bool is_different = first_different(work->reactions[0]) < ROBOT_MESSAGES;

	job->step = 0;
	if (is_different && work->round == 0) {
		work->round = 1; /* a loaded server may close for reasons of its own */
		return true;
	}
	if (is_different && is_steady(work)) {
		tell_difference(job);
		return false;
	}
	if (is_different) {
		finding_set(job->assessment->result, TLS_ROBOT, TLS_UNKNOWN,
			    "answers differ, but not steadily");
		return false;
	}
	if (work->flow == ROBOT_FULL && !assessment_is_quick(job->assessment)) {
		work->flow = ROBOT_SHORT;
		return true;
	}
	finding_set(job->assessment->result, TLS_ROBOT, TLS_NO, "");
	return false;
}

static bool end_robot(struct job *job, enum tls_wire_end end)
{
	struct robot_work *work = job->own;

	attack_ended(&work->attack, end);
	if (!work->attack.is_sent) {
		attack_set_unreached(job, TLS_ROBOT);
		return ++work->failures < FAILURES_MAX;
	}
	work->failures = 0;
	work->reactions[work->round][job->step++] = work->attack.reaction;
	return job->step < ROBOT_MESSAGES || judge_round(job);
}

static const struct speaking speaking_robot = {
	.opened = attack_opened,
	.received = take_robot,
	.ended = end_robot,
	.done = attack_done,
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

	if (!attack_is_wanted(assessment, &version)) {
		if (result->versions[TLS_1_3].offered == TLS_YES &&
		    !highest_version(result, TLS_1_2, &version)) {
			finding_set(assessment->result, TLS_ROBOT, TLS_NO, "TLS 1.3 only");
		}
		return;
	}
	for (unsigned i = 0; i < result->versions[version].count; i++) {
		(void)tls_suites_find(result->versions[version].suites[i].id, &suite);
		if (is_rsa_exchange(&suite)) {
			job_fill(attack_add(assessment, kind, version, sizeof(struct robot_work)),
				 is_rsa_exchange);
			return;
		}
	}
	finding_set(assessment->result, TLS_ROBOT, TLS_NO, "no RSA key exchange");
}

const struct job_kind job_robot = {
	.name = "ROBOT", .phase = 2, .plan = plan_robot, .speaking = &speaking_robot
};
