/*
 * connector_enrol.c - the sensor's identity: loaded, asked for by EST, renewed, replaced where the
 * state folder was copied from another machine or the server revoked it.
 */
#include "sensor/connector_parts.h"

#include "base/error.h"
#include "sensor/est.h"
#include "sensor/secret.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/pki.h"

/* A renewal that failed is tried again after so long, and none follows another at once, whatever
 * the certificate or a clock that jumped says. The clock is looked at so often. */
#define RENEW_RETRY_MS 300000
#define RENEW_PAUSE_MS 10000
#define RENEW_CHECK_MS 21600000

#define PEM_MAX 65536

bool enrolment_is_renewal_due(const struct connecting *p)
{
	return p->is_enrolled && clock_wall_ms() / 1000 >= p->identity.renew_at_s &&
	       clock_ms() >= p->renew_not_before_ms;
}

/* When the certificate's age is looked at next: when it is due, but the clock may be set meanwhile.
 */
void enrolment_arm_renewal(struct connecting *p)
{
	int64_t delay_ms = p->identity.renew_at_s * 1000 - clock_wall_ms();
	int64_t pause_ms = p->renew_not_before_ms - clock_ms();

	delay_ms = delay_ms > pause_ms ? delay_ms : pause_ms;
	delay_ms = delay_ms > RENEW_PAUSE_MS ? delay_ms : RENEW_PAUSE_MS;
	loop_timer_arm(p->renew_timer, delay_ms < RENEW_CHECK_MS ? delay_ms : RENEW_CHECK_MS);
}

void enrolment_put_renewal_off(struct connecting *p)
{
	p->renew_not_before_ms = clock_ms() + RENEW_RETRY_MS;
}

static void on_renew_check(void *context)
{
	struct connecting *p = context;

	if (p->is_in_session && enrolment_is_renewal_due(p)) {
		connector_close(p, "renewing the certificate");
		loop_timer_arm(p->retry_timer, 0);
	}
	enrolment_arm_renewal(p);
}

/* --- one that is asked for --- */

int enrolment_ask(struct connecting *p, struct why *why)
{
	struct buffer request OWNED(buffer_done);
	struct buffer http OWNED(buffer_done);
	enum est_kind kind = p->purpose == PURPOSE_ENROL   ? EST_ENROL
			     : p->purpose == PURPOSE_RENEW ? EST_RENEW
							   : EST_CLONE;
	int error;

	buffer_init(&request, PEM_MAX);
	buffer_init(&http, PEM_MAX);
	buffer_clear(&p->new_key);
	buffer_clear(&p->answer);
	error = pki_key_new(&p->new_key, why);
	if (error == 0) { /* the server gives the name: what is asked for here is a word */
		error = pki_request_new(buffer_span(&p->new_key), "agent", &request, why);
	}
	if (error == 0) {
		error = est_request(kind, p->settings->state.host, p->settings->token,
				    buffer_span(&request), &http, why);
	}
	if (error == 0) {
		error = tls_send(p->stream, buffer_span(&http));
	}
	secret_wipe(buffer_span(&http));
	return error;
}

void enrolment_forget(struct connecting *p)
{
	secret_wipe(buffer_span(&p->new_key));
	buffer_done(&p->new_key);
	buffer_done(&p->answer);
	buffer_init(&p->new_key, PEM_MAX);
	buffer_init(&p->answer, EST_ANSWER_MAX);
}

/* The new identity is stored; from here on it is ours. */
static int adopt(struct connecting *p, struct span certificate_der, struct why *why)
{
	const char *folder = p->settings->state.key_folder;
	struct identity identity;
	int error = identity_store(folder, buffer_span(&p->new_key), certificate_der, why);

	if (error == 0) {
		error = identity_load(folder, &identity, why);
	}
	if (error != 0) {
		return error;
	}
	identity_done(&p->identity);
	p->identity = identity;
	p->is_enrolled = true;
	p->is_cloned = false;
	identity_drop_token(folder);
	for (size_t i = 0; i <= PURPOSE_SESSION; i++) {
		tls_context_free(&p->contexts[i]);
	}
	return 0;
}

void enrolment_fail(struct connecting *p, int error, const char *reason)
{
	bool is_first = p->purpose == PURPOSE_ENROL;

	enrolment_forget(p);
	if (is_first && error == ERR_DENIED) {
		log_error("the server refuses to enrol this agent", log_text("reason", reason),
			  log_text("do",
				   "make a new token with bartizan enroll-token and start the "
				   "agent with it"));
		connector_stop(p, SENSOR_FAILED);
		return;
	}
	if (p->purpose == PURPOSE_CLONE && error == ERR_DENIED) {
		connector_need_person(
			p, "the server does not enrol this copy of another machine's agent", reason,
			"make a token with bartizan enroll-token and start the agent "
			"with it once");
		connector_retry(p, reason, CONNECTOR_RETRY_LONGEST_MS);
		return;
	}
	if (is_first && error == ERR_FULL) {
		connector_need_person(p, "the new certificate cannot be stored", reason,
				      "make room on the disk of the state folder");
	}
	log_warn(p->purpose != PURPOSE_RENEW ? "could not enrol"
					     : "could not renew the certificate",
		 log_text("reason", reason));
	connector_retry_later(p, reason);
}

void enrolment_take(struct connecting *p, bool is_end)
{
	struct buffer certificate OWNED(buffer_done);
	struct why why = { .text = "" };
	int error;

	buffer_init(&certificate, PEM_MAX);
	error = est_answer(buffer_span(&p->answer), is_end, &certificate, &why);
	if (error == ERR_AGAIN) {
		return;
	}
	if (error == 0) {
		error = adopt(p, buffer_span(&certificate), &why);
	}
	if (error != 0) {
		enrolment_fail(p, error, why.text);
		return;
	}
	log_info(p->purpose == PURPOSE_RENEW   ? "certificate renewed"
		 : p->purpose == PURPOSE_CLONE ? "enrolled anew, as a machine of its own"
					       : "enrolled",
		 log_text("server", p->settings->state.host));
	enrolment_forget(p);
	connector_close(p, "");
	p->failures = 0;
	p->renew_not_before_ms = clock_ms() + RENEW_PAUSE_MS;
	enrolment_arm_renewal(p);
	loop_timer_arm(p->retry_timer, 0);
}

/* --- the one that is there --- */

/* There is a token for a new identity. */
static void give_identity_up(struct connecting *p, const char *what, const char *reason)
{
	log_warn(what, log_text("server", p->settings->state.host), log_text("reason", reason),
		 log_text("do", "nothing: it enrols anew with the token"));
	identity_forget(p->settings->state.key_folder);
	identity_done(&p->identity);
	p->is_enrolled = false;
	p->is_cloned = false;
	p->purpose = PURPOSE_ENROL;
}

/* An identity that was revoked or is damaged is given up where there is a token for a new one. */
int enrolment_open(struct connecting *p, struct why *why)
{
	const char *folder = p->settings->state.key_folder;
	int error;

	p->renew_timer = loop_timer(p->loop, on_renew_check, p);
	buffer_init(&p->new_key, PEM_MAX);
	buffer_init(&p->answer, EST_ANSWER_MAX);
	identity_init(&p->identity);
	if (p->settings->token != NULL && identity_is_revoked(folder)) {
		give_identity_up(p, "this sensor was revoked", "the server said so");
	}
	error = identity_load(folder, &p->identity, why);
	p->is_enrolled = error == 0;
	p->is_cloned = p->is_enrolled && identity_is_cloned(folder);
	p->purpose = !p->is_enrolled ? PURPOSE_ENROL
		     : p->is_cloned  ? PURPOSE_CLONE
				     : PURPOSE_SESSION;
	if (p->purpose == PURPOSE_SESSION) {
		identity_drop_token(folder);
	}
	if (error == 0) {
		error = connector_make_context(
			p, why); /* OpenSSL reads its configuration, and the key */
	}
	if (error != 0 && p->settings->token != NULL) {
		if (error != ERR_NOT_FOUND) {
			give_identity_up(p, "the key or certificate cannot be used", why->text);
		}
		return connector_make_context(p, why);
	}
	return error == 0
		       ? 0
		       : why_set(why, error,
				 "the key and certificate in %s cannot be used; make a token with "
				 "bartizan enroll-token and start the agent with it once",
				 folder);
}
