/* attack.c - the flight before an attack, and the records after it. */
#include "scan/tls/attack.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/writer.h"
#include "sys/alloc.h"
#include "sys/clock.h"

void attack_opened(struct job *job)
{
	struct attack *attack = job->own;

	tls_flight_done(&attack->flight);
	tls_flight_init(&attack->flight);
	attack->is_sent = false;
	attack->is_over = false;
	attack->opened_ms = clock_ms();
	attack->reaction = (struct attack_reaction){ 0 };
	job_say_hello(job);
}

/* Records after the attack. */
static size_t hear(struct job *job, struct span bytes)
{
	struct attack *attack = job->own;
	struct attack_reaction *reaction = &attack->reaction;
	struct reader r = reader_over(bytes);
	struct tls_record record;

	while (!attack->is_over && tls_record_next(&r, &record) == 0) {
		bool is_alert = record.type == TLS_RECORD_ALERT && record.payload.len == 2;

		reaction->heard[reaction->count++] =
			(uint16_t)(is_alert ? ATTACK_ALERT + record.payload.ptr[1]
					    : ATTACK_RECORD + record.type);
		attack->is_over = attack->patience_ms == 0 || reaction->count == ATTACK_HEARD_MAX;
	}
	job->is_ending = attack->is_over;
	return attack->is_over ? bytes.len : bytes.len - reader_left(&r);
}

size_t attack_received(struct job *job, struct span bytes, void (*say)(struct job *job))
{
	struct attack *attack = job->own;
	size_t taken;

	if (attack->is_sent) {
		return hear(job, bytes);
	}
	taken = tls_flight_take(&attack->flight, bytes);
	if (attack->flight.state == TLS_FLIGHT_WHOLE && attack->flight.hello.version < 0x0304) {
		attack->is_sent = true;
		say(job);
		if (attack->patience_ms > 0) {
			tls_wire_hurry(job->wire, attack->patience_ms);
		}
	} else if (attack->flight.state != TLS_FLIGHT_MORE) {
		attack->is_over = true;
		job->is_ending = true;
	}
	return taken;
}

void attack_ended(struct attack *attack, enum tls_wire_end end)
{
	if (!attack->is_over) {
		attack->reaction.end = end == TLS_WIRE_RESET    ? ATTACK_RESET
				       : end == TLS_WIRE_CLOSED ? ATTACK_CLOSED
								: ATTACK_STAYED;
	}
}

void attack_done(struct job *job)
{
	struct attack *attack = job->own;

	if (attack != NULL) {
		tls_flight_done(&attack->flight);
		free(attack);
		job->own = NULL;
	}
}

struct job *attack_add(struct assessment *assessment, const struct job_kind *kind,
		       enum tls_version version, size_t own_size)
{
	struct job *job = job_add(assessment, kind, version);

	if (job != NULL) {
		struct attack *attack = alloc_zeroed(1, own_size);

		tls_flight_init(&attack->flight);
		job->own = attack;
	}
	return job;
}

bool attack_is_wanted(const struct assessment *assessment, enum tls_version *version)
{
	return assessment_config(assessment)->tests_vulnerabilities &&
	       highest_version(assessment->result, TLS_1_2, version) && *version >= TLS_1_0;
}

void attack_write_record(const struct job *job, uint8_t type, struct span payload, struct writer *w)
{
	writer_u8(w, type);
	writer_be16(w, version_number(job->version));
	writer_be16(w, (uint16_t)payload.len);
	writer_bytes(w, payload);
}

bool attack_is_silence(const struct attack_reaction *reaction)
{
	return reaction->count == 0 && reaction->end == ATTACK_STAYED;
}

bool attack_is_same(const struct attack_reaction *a, const struct attack_reaction *b)
{
	for (unsigned i = 0; i < ATTACK_HEARD_MAX; i++) {
		if (a->heard[i] != b->heard[i]) {
			return false;
		}
	}
	return a->count == b->count && a->end == b->end;
}

void attack_text(const struct attack_reaction *reaction, char text[ATTACK_TEXT_SIZE])
{
	static const char *const ends[] = {
		[ATTACK_STAYED] = "nothing", [ATTACK_CLOSED] = "a close", [ATTACK_RESET] = "a reset"
	};
	static const char *const then[] = { [ATTACK_STAYED] = "",
					    [ATTACK_CLOSED] = " and a close",
					    [ATTACK_RESET] = " and a reset" };
	static const char *const times[] = { "", "", " twice", " and more", " and more" };

	if (reaction->count == 0) {
		(void)snprintf(text, ATTACK_TEXT_SIZE, "%s", ends[reaction->end]);
	} else {
		bool is_alert = reaction->heard[0] < ATTACK_RECORD;

		(void)snprintf(text, ATTACK_TEXT_SIZE, "%s %d%s%s", is_alert ? "alert" : "record",
			       reaction->heard[0] - (is_alert ? ATTACK_ALERT : ATTACK_RECORD),
			       times[reaction->count], then[reaction->end]);
	}
}

void attack_set_unreached(const struct job *job, enum tls_vulnerability vulnerability)
{
	const struct attack *attack = job->own;
	char detail[TLS_RESULT_DETAIL_SIZE];

	switch (attack->flight.state) {
	case TLS_FLIGHT_ALERT:
		(void)snprintf(detail, sizeof detail, "the handshake was refused: alert %u",
			       attack->flight.alert);
		break;
	case TLS_FLIGHT_WHOLE:
		(void)snprintf(detail, sizeof detail, "another version was agreed to this time");
		break;
	case TLS_FLIGHT_BROKEN:
		(void)snprintf(detail, sizeof detail, "what came was no first flight");
		break;
	default:
		(void)snprintf(detail, sizeof detail, "%s before the first flight was whole",
			       attack->reaction.end == ATTACK_STAYED ? "nothing more came"
								     : "it closed");
		break;
	}
	finding_set(job->assessment->result, vulnerability, TLS_UNKNOWN, detail);
}
