/*
 * connector_parts.h - what the connector's files share; nobody else includes it.
 */
#pragma once

#include "sensor/dial.h"
#include "sensor/identity.h"
#include "sensor/sensor.h"
#include "sys/channel.h"
#include "sys/loop.h"
#include "sys/tls.h"
#include "wire/message.h"

/* The longest that a server that does not answer is waited for. */
#define CONNECTOR_RETRY_LONGEST_MS 60000

enum purpose { PURPOSE_ENROL, PURPOSE_RENEW, PURPOSE_CLONE, PURPOSE_SESSION };

struct connecting {
	const struct sensor_settings *settings;
	struct loop *loop;
	struct channel *channel;
	struct identity identity;
	bool is_enrolled;
	bool is_cloned;                                    /* the identity is another machine's */
	struct tls_context *contexts[PURPOSE_SESSION + 1]; /* NULL until needed */
	enum purpose purpose;
	struct dial *dial;
	struct tls_stream *stream;
	uint64_t connection; /* number of the session's connection */
	bool is_in_session;
	int64_t session_began_ms;
	struct loop_timer *retry_timer;
	struct loop_timer *renew_timer;
	int64_t renew_not_before_ms;
	unsigned failures;
	unsigned failed_lookups;
	/* the collector */
	struct loop_timer *beat_timer;
	int64_t heard_ms;    /* when it said something last */
	uint16_t busy_table; /* that it reads, as far as it said */
	uint8_t policy[MESSAGE_POLICY_DIGEST];
	bool is_greeted; /* its hello went out on this connection */
	bool is_silence_told;
	int64_t cost_told_ms;
	/* of an enrolment under way */
	struct buffer new_key;
	struct buffer answer;
	bool is_stopping;
	int status;
};

/* Ends the process with this status. */
void connector_stop(struct connecting *p, int status);

/* The person who started --once is there to read it; a service goes on trying. */
void connector_need_person(struct connecting *p, const char *what, const char *reason,
			   const char *hint);

/* Ends the connection at hand; the collector is told where it was a session's. */
void connector_close(struct connecting *p, const char *reason);

/* Ends it, and begins another one after so long; later: after a time that grows. */
void connector_retry(struct connecting *p, const char *reason, int64_t delay_ms);
void connector_retry_later(struct connecting *p, const char *reason);

/* TLS for the purpose at hand, made once. */
MUST_USE int connector_make_context(struct connecting *p, struct why *why);

/* --- connector_enrol.c: the identity, and connections that are for getting one --- */

/* Loads the identity, decides what the first connection is for, and makes its context. */
MUST_USE int enrolment_open(struct connecting *p, struct why *why);

/* The connection is open: asks for a certificate. */
MUST_USE int enrolment_ask(struct connecting *p, struct why *why);

/* More of the answer has come; is_end: and no more will. */
void enrolment_take(struct connecting *p, bool is_end);
void enrolment_fail(struct connecting *p, int error, const char *reason);

/* Wipes the new key. */
void enrolment_forget(struct connecting *p);

bool enrolment_is_renewal_due(const struct connecting *p);

/* Sets when the certificate's age is looked at next. */
void enrolment_arm_renewal(struct connecting *p);

/* A renewal failed: the old certificate will do for a while. */
void enrolment_put_renewal_off(struct connecting *p);
