/* session_jobs.c - what only a handshake tells: tickets, resumption, renegotiation, and all that
 * TLS 1.3 encrypts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "formats/http_head.h"
#include "scan/tls/assessment.h"
#include "scan/tls/hsts.h"
#include "sys/alloc.h"
#include "sys/tls_probe.h"

#define HTTP_MAX 16384 /* of an answer's head */

/* One connection each, in this order; a step that is of no use is passed over. */
enum session_step {
	STEP_HTTP,        /* whole handshake, and the HTTPS request */
	STEP_RESUME,      /* by session id */
	STEP_TICKET,      /* a ticket's lifetime; Ticketbleed wants it */
	STEP_RENEGOTIATE, /* begun by us */
	STEP_ALPN,        /* TLS 1.3 alone: does it know h2? */
	STEPS
};

struct session_work {
	struct tls_probe *probe;
	struct tls_probe_session *session;
	bool was_open; /* the handshake was done, and learnt from */
	uint8_t head[HTTP_MAX];
	size_t head_len;
};

static const uint8_t both_protocols[] = { 2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1' };

static bool wants_http(const struct job *job)
{
	const struct tls_result *result = job->assessment->result;

	return job->step == STEP_HTTP && !assessment_config(job->assessment)->is_quick &&
	       (job->version == TLS_1_3 || result->versions[TLS_1_3].offered != TLS_YES) &&
	       result->target.starttls == TLS_STARTTLS_NONE && result->http.answered != TLS_YES;
}

static void flush(struct job *job)
{
	struct session_work *work = job->own;
	struct span bytes = tls_probe_output(work->probe);

	if (bytes.len > 0) {
		tls_wire_send(job->wire, bytes);
	}
}

static void begin_session(struct job *job)
{
	struct session_work *work = job->own;
	const struct tls_result *result = job->assessment->result;
	struct tls_probe_config config = {
		.server_name = result->target.is_host_address ? NULL : result->target.host,
		.version = version_number(job->version),
		.is_without_tickets = job->version < TLS_1_3 &&
				      (job->step == STEP_HTTP || job->step == STEP_RESUME),
	};

	if (wants_http(job)) {
		config.alpn = (struct span){ both_protocols + 3, sizeof both_protocols - 3 };
	} else if (job->step == STEP_ALPN) {
		config.alpn = (struct span){ both_protocols, sizeof both_protocols };
	} else if (job->step == STEP_RESUME) {
		config.session = work->session;
	}
	work->was_open = false;
	work->head_len = 0;
	work->probe = tls_probe_new(assessment_probes(job->assessment), &config);
	if (work->probe == NULL) {
		job->is_ending = true; /* OpenSSL here has no such version */
		return;
	}
	(void)tls_probe_take(work->probe, (struct span){ 0 });
	flush(job);
}

struct span job_http_request(const struct job *job, char buffer[JOB_HTTP_MAX])
{
	const struct tls_target *target = &job->assessment->result->target;
	bool is_ipv6 = strchr(target->host, ':') != NULL;
	int len = snprintf(buffer, JOB_HTTP_MAX,
			   "GET / HTTP/1.1\r\nHost: %s%s%s\r\nUser-Agent: bartizan (TLS "
			   "assessment)\r\nAccept: */*\r\nConnection: close\r\n\r\n",
			   is_ipv6 ? "[" : "", target->host, is_ipv6 ? "]" : "");

	return (struct span){ (const uint8_t *)buffer, (size_t)len };
}

static void say_http(struct job *job)
{
	struct session_work *work = job->own;
	char buffer[JOB_HTTP_MAX];

	tls_probe_say(work->probe, job_http_request(job, buffer));
}

static void learn_alpn(struct tls_result *result, struct span chosen)
{
	result->alpn_h2 = span_is(chosen, "h2") ? TLS_YES : TLS_NO;
	if (chosen.len > 0) {
		(void)snprintf(result->alpn, sizeof result->alpn, "%.*s",
			       (int)(chosen.len < 31 ? chosen.len : 31), (const char *)chosen.ptr);
	}
}

/* Of the handshake that was just done. */
static void learn_handshake(struct job *job)
{
	struct session_work *work = job->own;
	struct tls_result *result = job->assessment->result;
	struct span chain[TLS_PROBE_CERTIFICATES_MAX];
	struct span staple = tls_probe_staple(work->probe);
	struct span scts = tls_probe_scts(work->probe);

	learn_chain(result, chain, tls_probe_certificates(work->probe, chain, COUNT_OF(chain)),
		    job->version);
	if (staple.len > 0) {
		learn_staple(result, staple);
	} else if (result->features.ocsp_stapling == TLS_UNKNOWN) {
		result->features.ocsp_stapling = TLS_NO;
	}
	if (scts.len > 0) {
		learn_scts(result, scts);
	} else if (result->features.scts_by_extension == TLS_UNKNOWN) {
		result->features.scts_by_extension = TLS_NO;
	}
	if (job->step == STEP_ALPN) {
		learn_alpn(result, tls_probe_alpn(work->probe));
	} else if (job->step == STEP_RESUME) {
		result->features.session_id = tls_probe_is_resumed(work->probe) ? TLS_YES : TLS_NO;
	}
}

static void on_open(struct job *job)
{
	struct session_work *work = job->own;

	work->was_open = true;
	learn_handshake(job);
	if (job->step == STEP_RENEGOTIATE) {
		if (!tls_probe_renegotiate(work->probe)) {
			job->is_ending = true;
			return;
		}
		(void)tls_probe_take(work->probe, (struct span){ 0 });
	} else if (wants_http(job)) {
		say_http(job);
	} else {
		/* tickets come before the answer to this */
		tls_probe_close(work->probe);
	}
}

static void read_http(struct job *job)
{
	struct session_work *work = job->own;
	size_t got = tls_probe_read(work->probe, work->head + work->head_len,
				    sizeof work->head - work->head_len);

	work->head_len += got;
	if (hsts_is_whole((struct span){ work->head, work->head_len }) ||
	    work->head_len == sizeof work->head) {
		job->is_ending = true;
	}
}

static size_t take_session(struct job *job, struct span bytes)
{
	struct session_work *work = job->own;
	enum tls_probe_state state;

	if (work->probe == NULL) {
		job->is_ending = true;
		return bytes.len;
	}
	state = tls_probe_take(work->probe, bytes);
	if (state == TLS_PROBE_OPEN && !work->was_open) {
		on_open(job);
	}
	flush(job);
	if (work->was_open && wants_http(job)) {
		read_http(job);
	}
	if (tls_probe_is_renegotiated(work->probe)) {
		job->is_ending = true;
	}
	if (state == TLS_PROBE_ENDED) {
		job->is_ending = true;
	}
	return bytes.len;
}

static void learn_session(struct job *job)
{
	struct session_work *work = job->own;
	struct tls_features *features = &job->assessment->result->features;
	struct tls_probe_session *session = tls_probe_take_session(work->probe);

	if (session == NULL) {
		return;
	}
	if (job->version == TLS_1_3) {
		features->psk = TLS_YES;
		features->ticket_lifetime_s = tls_probe_session_lifetime_s(session);
		features->max_early_data = tls_probe_session_early_data(session);
		features->early_data = features->max_early_data > 0 ? TLS_YES : TLS_NO;
	} else if (job->step == STEP_TICKET) {
		assessment_keep_ticket(job->assessment, tls_probe_session_ticket(session));
		if (features->ticket_lifetime_s == 0) {
			features->ticket_lifetime_s = tls_probe_session_lifetime_s(session);
		}
	}
	tls_probe_session_free(&work->session);
	work->session = session;
}

static void learn_end(struct job *job)
{
	struct session_work *work = job->own;
	struct tls_result *result = job->assessment->result;
	struct tls_features *features = &result->features;

	learn_session(job);
	/* who wants a certificate of ours ends the handshake after we think it done */
	if (job->version == TLS_1_3 && job->step == STEP_HTTP && features->psk == TLS_UNKNOWN &&
	    work->was_open && features->client_certificate != TLS_YES) {
		features->psk = TLS_NO;
		features->early_data = TLS_NO;
	}
	if (wants_http(job) && work->was_open) {
		hsts_parse((struct span){ work->head, work->head_len }, &result->http);
	}
	if (job->step == STEP_RENEGOTIATE && work->was_open) {
		features->client_renegotiation =
			tls_probe_is_renegotiated(work->probe) ? TLS_YES : TLS_NO;
	}
	if (job->step == STEP_RESUME && features->session_id == TLS_UNKNOWN && work->was_open) {
		features->session_id = TLS_NO;
	}
}

static bool is_useful(const struct job *job)
{
	const struct tls_result *result = job->assessment->result;
	const struct session_work *work = job->own;
	bool is_quick = assessment_config(job->assessment)->is_quick;

	switch (job->step) {
	case STEP_HTTP:
		return true;
	case STEP_RESUME:
		if (job->version < TLS_1_3 && work->session == NULL && work->was_open) {
			job->assessment->result->features.session_id = TLS_NO;
		}
		return !is_quick && job->version < TLS_1_3 && work->session != NULL;
	case STEP_TICKET:
		return !is_quick && job->version < TLS_1_3 && result->features.ticket == TLS_YES;
	case STEP_RENEGOTIATE:
		return !is_quick && job->version < TLS_1_3;
	case STEP_ALPN:
		return !is_quick && job->version == TLS_1_3 &&
		       result->versions[TLS_1_2].offered != TLS_YES &&
		       result->target.starttls == TLS_STARTTLS_NONE;
	default:
		return false;
	}
}

static bool end_session(struct job *job, enum tls_wire_end end)
{
	struct session_work *work = job->own;

	(void)end;
	if (work->probe != NULL) {
		learn_end(job);
		tls_probe_free(&work->probe);
	}
	do {
		job->step++;
	} while (job->step < STEPS && !is_useful(job));
	return job->step < STEPS;
}

static void done_session(struct job *job)
{
	struct session_work *work = job->own;

	if (work != NULL) {
		tls_probe_free(&work->probe);
		tls_probe_session_free(&work->session);
		free(work);
		job->own = NULL;
	}
}

static const struct speaking speaking_session = {
	.opened = begin_session,
	.received = take_session,
	.ended = end_session,
	.done = done_session,
};

static void add_session(struct assessment *assessment, const struct job_kind *kind,
			enum tls_version version)
{
	struct job *job = job_add(assessment, kind, version);

	if (job != NULL) {
		job->own = alloc_zeroed(1, sizeof(struct session_work));
	}
}

static void plan_sessions(struct assessment *assessment, const struct job_kind *kind)
{
	const struct tls_result *result = assessment->result;
	bool is_quick = assessment_config(assessment)->is_quick;
	bool has_chain = false;
	enum tls_version version;

	for (unsigned i = 0; i < TLS_CERTIFICATE_TYPES; i++) {
		has_chain = has_chain || result->chains[i].count > 0;
	}
	if (result->versions[TLS_1_3].offered == TLS_YES && (!is_quick || !has_chain)) {
		add_session(assessment, kind, TLS_1_3);
	}
	if (!is_quick && highest_version(result, TLS_1_2, &version) && version >= TLS_1_0) {
		add_session(assessment, kind, version);
	}
}

const struct job_kind job_sessions = {
	.name = "sessions", .phase = 2, .plan = plan_sessions, .speaking = &speaking_session
};
