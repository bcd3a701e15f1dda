/*
 * connector.c - talks to the server, sees nothing of the machine.
 *
 * One connection at a time, for one of four purposes: to enrol, to renew the certificate, to enrol
 * anew where the state folder was copied from another machine, or to carry the session's frames
 * between the server and the collector. Its files are its key folder and what looking names up
 * needs. It also notices when the collector does not move any more, and says so to the server in
 * its place.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/dial.h"
#include "sensor/est.h"
#include "sensor/identity.h"
#include "sensor/link.h"
#include "sensor/secret.h"
#include "sensor/sensor.h"
#include "base/error.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/channel.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/loop.h"
#include "sys/pki.h"
#include "sys/process.h"
#include "sys/sandbox.h"
#include "sys/tls.h"
#include "wire/message.h"

#define RETRY_FIRST_MS   200
#define RETRY_LONGEST_MS 60000

/* A revoked sensor asks again only so often: somebody may have enrolled it anew meanwhile. */
#define REVOKED_RETRY_MS 900000

/* A renewal that failed is tried again after so long, and none follows another at once, whatever
 * the certificate or a clock that jumped says. The clock is looked at so often. */
#define RENEW_RETRY_MS 300000
#define RENEW_PAUSE_MS 10000
#define RENEW_CHECK_MS 21600000

/* The files that tell how to look names up may have been replaced, and the sandbox knows only the
 * old ones. */
#define LOOKUPS_MAX 3

/* A collector that says nothing is asked so many times before it is given up; from the second time
 * on the server is told. */
#define ASKED_TIMES 6
#define ASKED_QUIET 2

/* What this process costs is told to the collector, which keeps the account, no more often. */
#define COST_MS 5000

/* A session that lasted this long was a good one: the next failure is counted as the first. */
#define STEADY_MS 10000

#define SEND_MAX (2u << 20)
#define PEM_MAX  65536

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

static void stop(struct connecting *p, int status)
{
	p->is_stopping = true;
	p->status = status;
	loop_stop(p->loop);
}

/* The person who started --once is there to read it; a service goes on trying. */
static void need_person(struct connecting *p, const char *what, const char *reason,
			const char *hint)
{
	log_error(what, log_text("server", p->settings->state.host), log_text("reason", reason),
		  log_text("do", hint));
	if (p->settings->is_once) {
		stop(p, SENSOR_FAILED);
	}
}

/* Exponential with full jitter: a fleet that lost its server does not come back at once. */
static int64_t next_retry_ms(struct connecting *p)
{
	int64_t longest = RETRY_FIRST_MS;

	for (unsigned i = 0; i < p->failures && longest < RETRY_LONGEST_MS; i++) {
		longest *= 2;
	}
	longest = longest < RETRY_LONGEST_MS ? longest : RETRY_LONGEST_MS;
	p->failures++;
	return RETRY_FIRST_MS / 2 + random() % longest;
}

static void close_connection(struct connecting *p, const char *reason)
{
	dial_free(&p->dial);
	tls_stream_free(&p->stream);
	if (p->is_in_session) {
		p->is_in_session = false;
		if (clock_ms() - p->session_began_ms > STEADY_MS) {
			p->failures = 0;
		}
		channel_resume(p->channel);
		if (channel_send(p->channel, LINK_DISCONNECTED, p->connection, span_of(reason)) !=
		    0) {
			stop(p, SENSOR_RESTART);
		}
	}
}

static void retry(struct connecting *p, const char *reason, int64_t delay_ms)
{
	close_connection(p, reason);
	if (p->is_stopping) {
		return;
	}
	if (p->purpose == PURPOSE_RENEW) {
		p->renew_not_before_ms = clock_ms() + RENEW_RETRY_MS; /* the old one will do */
	}
	log_info("connecting again", log_text("reason", reason), log_number("in_ms", delay_ms));
	loop_timer_arm(p->retry_timer, delay_ms);
}

static void retry_later(struct connecting *p, const char *reason)
{
	retry(p, reason, next_retry_ms(p));
}

static bool is_renewal_due(const struct connecting *p)
{
	return p->is_enrolled && clock_wall_ms() / 1000 >= p->identity.renew_at_s &&
	       clock_ms() >= p->renew_not_before_ms;
}

/* When the certificate's age is looked at next: when it is due, but the clock may be set meanwhile.
 */
static void arm_renewal(struct connecting *p)
{
	int64_t delay_ms = p->identity.renew_at_s * 1000 - clock_wall_ms();
	int64_t pause_ms = p->renew_not_before_ms - clock_ms();

	delay_ms = delay_ms > pause_ms ? delay_ms : pause_ms;
	delay_ms = delay_ms > RENEW_PAUSE_MS ? delay_ms : RENEW_PAUSE_MS;
	loop_timer_arm(p->renew_timer, delay_ms < RENEW_CHECK_MS ? delay_ms : RENEW_CHECK_MS);
}

/*
 * Enrolment
 */

static int ask_for_certificate(struct connecting *p, struct why *why)
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

static void forget_enrolment(struct connecting *p)
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

static void fail_enrolment(struct connecting *p, int error, const char *reason)
{
	bool is_first = p->purpose == PURPOSE_ENROL;

	forget_enrolment(p);
	if (is_first && error == ERR_DENIED) {
		log_error("the server refuses to enrol this agent", log_text("reason", reason),
			  log_text("do",
				   "make a new token with bartizan enroll-token and start the "
				   "agent with it"));
		stop(p, SENSOR_FAILED);
		return;
	}
	if (p->purpose == PURPOSE_CLONE && error == ERR_DENIED) {
		need_person(p, "the server does not enrol this copy of another machine's agent",
			    reason,
			    "make a token with bartizan enroll-token and start the agent "
			    "with it once");
		retry(p, reason, RETRY_LONGEST_MS);
		return;
	}
	if (is_first && error == ERR_FULL) {
		need_person(p, "the new certificate cannot be stored", reason,
			    "make room on the disk of the state folder");
	}
	log_warn(p->purpose != PURPOSE_RENEW ? "could not enrol"
					     : "could not renew the certificate",
		 log_text("reason", reason));
	retry_later(p, reason);
}

static void take_answer(struct connecting *p, bool is_end)
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
		fail_enrolment(p, error, why.text);
		return;
	}
	log_info(p->purpose == PURPOSE_RENEW   ? "certificate renewed"
		 : p->purpose == PURPOSE_CLONE ? "enrolled anew, as a machine of its own"
					       : "enrolled",
		 log_text("server", p->settings->state.host));
	forget_enrolment(p);
	close_connection(p, "");
	p->failures = 0;
	p->renew_not_before_ms = clock_ms() + RENEW_PAUSE_MS;
	arm_renewal(p);
	loop_timer_arm(p->retry_timer, 0);
}

/*
 * Session
 */

/* Rides along with what is sent anyway. */
static void tell_cost(struct connecting *p)
{
	uint8_t bytes[8];
	struct writer w = writer_over(bytes, sizeof bytes);

	if (clock_ms() - p->cost_told_ms < COST_MS) {
		return;
	}
	p->cost_told_ms = clock_ms();
	writer_be64(&w, (uint64_t)clock_cpu_us());
	(void)!channel_send(p->channel, LINK_COST, 0, writer_span(&w));
}

/* Whole frames for the collector. Returns how much was taken. */
static size_t pass_frames(struct connecting *p, struct span bytes)
{
	size_t taken = 0;
	struct span frame;
	size_t size;
	int error;

	while ((error = frame_next(span_after(bytes, taken), &frame, &size)) == 0) {
		tell_cost(p);
		error = channel_send(p->channel, LINK_FRAME, p->connection, frame);
		if (error == ERR_FULL) {
			tls_pause(p->stream);
			return taken;
		}
		if (error != 0) {
			stop(p, SENSOR_RESTART);
			return taken;
		}
		taken += size;
	}
	if (error == ERR_LIMIT) {
		retry_later(p, "the server sent what is no frame");
	}
	return taken;
}

static size_t on_received(void *context, struct span bytes)
{
	struct connecting *p = context;

	if (p->purpose == PURPOSE_SESSION) {
		return pass_frames(p, bytes);
	}
	if (buffer_append(&p->answer, bytes) != 0) {
		fail_enrolment(p, ERR_LIMIT, "the answer is too long");
		return bytes.len;
	}
	take_answer(p, false);
	return bytes.len;
}

static void begin_session(struct connecting *p)
{
	if (strcmp(tls_protocol(p->stream), MESSAGE_ALPN) != 0) {
		need_person(p, "this is no server for sensors", "it does not speak " MESSAGE_ALPN,
			    "check --server: the sensors' port, not the console's");
		retry_later(p, "no common protocol");
		return;
	}
	p->is_in_session = true;
	p->is_greeted = false;
	p->session_began_ms = clock_ms();
	log_info("connected", log_text("server", p->settings->state.host),
		 log_text("resumed", tls_is_resumed(p->stream) ? "yes" : "no"));
	if (channel_send(p->channel, LINK_CONNECTED, p->connection, (struct span){ NULL, 0 }) !=
	    0) {
		stop(p, SENSOR_RESTART);
	}
}

static void on_opened(void *context)
{
	struct connecting *p = context;
	struct why why = { .text = "" };

	if (p->purpose == PURPOSE_SESSION) {
		begin_session(p);
		return;
	}
	if (ask_for_certificate(p, &why) != 0) {
		fail_enrolment(p, ERR_IO, why.text);
	}
}

static void on_stream_drained(void *context)
{
	const struct connecting *p = context;

	channel_resume(p->channel);
}

static void on_stream_closed(void *context, int error, const char *reason)
{
	struct connecting *p = context;
	struct why said;

	(void)why_set(&said, 0, "%s", reason); /* the stream goes, its words stay */
	if (error == ERR_DENIED) {
		need_person(
			p, "the server's certificate, or ours, is not accepted", said.text,
			"check that --ca is the ca.pem of this server; to enrol anew, start with a "
			"new --token");
	} else if (p->purpose != PURPOSE_SESSION && p->answer.len > 0) {
		tls_stream_free(&p->stream);
		take_answer(p, true);
		return;
	}
	retry_later(p, said.text);
}

static const struct tls_handler stream_handler = { .opened = on_opened,
						   .received = on_received,
						   .drained = on_stream_drained,
						   .closed = on_stream_closed };

/*
 * Connecting
 */

static int make_context(struct connecting *p, struct why *why)
{
	static const char *const session[] = { MESSAGE_ALPN, NULL };
	static const char *const http[] = { "http/1.1", NULL };
	struct tls_config config = { .ca_pem = buffer_span(&p->settings->state.ca_pem),
				     .alpn = p->purpose == PURPOSE_SESSION ? session : http };

	if (p->contexts[p->purpose] != NULL) {
		return 0;
	}
	if (p->purpose != PURPOSE_ENROL) {
		config.certificate_pem = p->identity.certificate_pem;
		config.key_pem = p->identity.key_pem;
	}
	return tls_context_new(&config, &p->contexts[p->purpose], why);
}

static void on_dialled(void *context, int fd, const char *reason)
{
	static const struct tls_limits limits = { .receive_max = FRAME_BYTES_MAX + FRAME_HEAD_SIZE,
						  .send_max = SEND_MAX,
						  .handshake_ms = 15000 };
	struct connecting *p = context;
	struct why said;

	(void)why_set(&said, 0, "%s", reason != NULL ? reason : "");
	dial_free(&p->dial);
	if (fd < 0) {
		retry_later(p, said.text);
		return;
	}
	p->connection++;
	p->stream =
		tls_stream_new(p->loop, p->contexts[p->purpose], fd, &limits, &stream_handler, p);
}

static enum purpose purpose_now(const struct connecting *p)
{
	return !p->is_enrolled     ? PURPOSE_ENROL
	       : p->is_cloned      ? PURPOSE_CLONE
	       : is_renewal_due(p) ? PURPOSE_RENEW
				   : PURPOSE_SESSION;
}

/* Decides what the next connection is for, and starts it. */
static void begin(struct connecting *p)
{
	struct why why = { .text = "" };
	const struct state *state = &p->settings->state;

	p->purpose = purpose_now(p);
	if (make_context(p, &why) != 0) {
		need_person(p, "cannot set TLS up", why.text,
			    "check the CA file and the state folder");
		retry(p, why.text, RETRY_LONGEST_MS);
		return;
	}
	if (dial_new(p->loop, state->host, state->port, on_dialled, p, &p->dial, &why) != 0) {
		if (++p->failed_lookups >= LOOKUPS_MAX && !p->settings->is_once) {
			stop(p, SENSOR_RESTART);
			return;
		}
		retry_later(p, why.text);
		return;
	}
	p->failed_lookups = 0;
}

static void on_retry(void *context)
{
	begin(context);
}

static void on_renew_check(void *context)
{
	struct connecting *p = context;

	if (p->is_in_session && is_renewal_due(p)) {
		close_connection(p, "renewing the certificate");
		loop_timer_arm(p->retry_timer, 0);
	}
	arm_renewal(p);
}

/*
 * The collector's side
 */

static void end_session(struct connecting *p, struct span body)
{
	struct link_end end;
	char text[LINK_TEXT_MAX + 1];

	if (link_end_read(body, &end) != 0) {
		stop(p, SENSOR_RESTART);
		return;
	}
	if (!p->is_in_session && p->failures > 0) {
		p->failures--; /* the server closed behind its goodbye: that was counted already */
	}
	memcpy(text, end.text.ptr, end.text.len);
	text[end.text.len] = '\0';
	switch (end.code) {
	case LINK_END_REVOKED:
		identity_mark_revoked(p->settings->state.key_folder);
		need_person(p, "this sensor was revoked", text,
			    "to enrol it anew, start the agent with a new --token");
		retry(p, "revoked", REVOKED_RETRY_MS);
		break;
	case LINK_END_VERSION:
		need_person(p, "server and agent do not speak the same protocol", text,
			    "update the older of the two");
		retry(p, "version", RETRY_LONGEST_MS);
		break;
	case LINK_END_PROTOCOL:
		log_error("the session broke off", log_text("reason", text));
		retry_later(p, "protocol");
		break;
	default:
		if (end.retry_ms > 0) {
			retry(p, text, end.retry_ms);
		} else {
			retry_later(p, text);
		}
		break;
	}
}

static void take_tick(struct connecting *p, struct span body)
{
	struct link_tick tick;

	if (link_tick_read(body, &tick) == 0) {
		p->busy_table = tick.table;
		memcpy(p->policy, tick.digest, sizeof p->policy);
	}
}

static int64_t silence_allowed(const struct connecting *p)
{
	return p->settings->silence_ms != 0 ? p->settings->silence_ms : SENSOR_SILENCE_MS;
}

/* The sensor lives, in part: what the collector would say itself if it could. */
static void say_silent(struct connecting *p, int64_t silent_ms)
{
	uint8_t bytes[128];
	struct writer w = writer_over(bytes, sizeof bytes);
	const struct message alive = { .kind = MESSAGE_ALIVE,
				       .alive = { .clock_ms = clock_wall_ms(),
						  .policy = { p->policy, sizeof p->policy },
						  .silent_s = (uint32_t)(silent_ms / 1000),
						  .busy_table = p->busy_table } };

	message_encode(&alive, &w);
	p->is_silence_told = silent_ms > 0;
	if (writer_ok(&w) && tls_send(p->stream, writer_span(&w)) != 0) {
		retry_later(p, "more is to be sent than may wait");
	}
}

static void give_collector_up(struct connecting *p, int64_t silent_ms)
{
	const struct table *table = schema_by_number(p->busy_table);

	log_error("the collector does not move and is started anew",
		  log_text("table", table != NULL ? table->name : "none"),
		  log_number("silent_s", silent_ms / 1000));
	stop(p, SENSOR_HUNG + (table != NULL ? p->busy_table : 0));
}

static void on_beat(void *context)
{
	struct connecting *p = context;
	int64_t step_ms = silence_allowed(p) / ASKED_TIMES;
	int64_t silent_ms = clock_ms() - p->heard_ms;

	if (silent_ms >= silence_allowed(p)) {
		give_collector_up(p, silent_ms);
		return;
	}
	if (silent_ms >= ASKED_QUIET * step_ms && p->is_in_session && p->is_greeted) {
		say_silent(p, silent_ms);
	}
	if (silent_ms >= step_ms) {
		(void)!channel_send(p->channel, LINK_PING, 0, (struct span){ NULL, 0 });
	}
	loop_timer_arm(p->beat_timer, step_ms);
}

static void on_message(void *context, uint8_t kind, uint64_t id, struct span body)
{
	struct connecting *p = context;

	p->heard_ms = clock_ms();
	if (kind == LINK_TICK) {
		take_tick(p, body);
		if (p->is_silence_told && p->is_in_session && p->is_greeted) {
			say_silent(p, 0); /* it moves again */
		}
		return;
	}
	if (kind == LINK_END && id == p->connection) {
		/* a goodbye's end may come first: the server closes right behind it */
		end_session(p, body);
		return;
	}
	if (kind != LINK_FRAME || !p->is_in_session || id != p->connection) {
		return;
	}
	if (tls_send(p->stream, body) != 0) {
		retry_later(p, "more is to be sent than may wait");
		return;
	}
	p->is_greeted = true; /* the first frame is its hello */
	if (tls_is_congested(p->stream)) {
		channel_pause(p->channel);
	}
}

static void on_channel_drained(void *context)
{
	const struct connecting *p = context;

	if (p->is_in_session) {
		tls_resume(p->stream);
	}
}

static void on_channel_closed(void *context)
{
	stop(context, SENSOR_RESTART); /* the collector is gone */
}

/* Whether the agent ends or only this process the supervisor knows, who asked for it or did not. */
static void on_stop(void *context)
{
	stop(context, SENSOR_RESTART);
}

/*
 * Process
 */

/* A numeric port is known; any other would be looked up in a file that is not reachable. */
static int port_of(const char *port)
{
	int number = 0;

	for (; *port >= '0' && *port <= '9' && number < 65536; port++) {
		number = 10 * number + (*port - '0');
	}
	return number;
}

static int confine(const struct state *state, struct why *why)
{
	const struct sandbox_path paths[] = {
		{ state->key_folder, true }, { "/etc/resolv.conf", false },
		{ "/etc/hosts", false },     { "/etc/nsswitch.conf", false },
		{ "/etc/gai.conf", false },  { "/etc/host.conf", false },
	};
	const int keep[] = { -1 };
	int error = sandbox_privileges(keep, why);

	if (error == 0) {
		error = sandbox_files(paths, COUNT_OF(paths), port_of(state->port), why);
		if (error == ERR_UNSUPPORTED) {
			log_warn("files are not confined by Landlock",
				 log_text("reason", why->text));
			error = 0;
		}
	}
	if (error == 0) {
		error = sandbox_calls(SANDBOX_BASIC | SANDBOX_READ_FILES | SANDBOX_WRITE_FILES |
					      SANDBOX_SOCKETS_OPEN | SANDBOX_INTERNET,
				      why);
	}
	return error == ERR_UNSUPPORTED ? 0 : error; /* the supervisor said so */
}

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
static int open_identity(struct connecting *p, struct why *why)
{
	const char *folder = p->settings->state.key_folder;
	int error;

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
		error = make_context(p, why); /* OpenSSL reads its configuration, and the key */
	}
	if (error != 0 && p->settings->token != NULL) {
		if (error != ERR_NOT_FOUND) {
			give_identity_up(p, "the key or certificate cannot be used", why->text);
		}
		return make_context(p, why);
	}
	return error == 0
		       ? 0
		       : why_set(why, error,
				 "the key and certificate in %s cannot be used; make a token with "
				 "bartizan enroll-token and start the agent with it once",
				 folder);
}

static int open_all(struct connecting *p, struct why *why)
{
	int error;

	process_protect_memory();
	p->loop = loop_new();
	loop_on_signal(p->loop, SIGTERM, on_stop, p);
	loop_on_signal(p->loop, SIGINT, on_stop, p);
	p->retry_timer = loop_timer(p->loop, on_retry, p);
	p->renew_timer = loop_timer(p->loop, on_renew_check, p);
	p->beat_timer = loop_timer(p->loop, on_beat, p);
	buffer_init(&p->new_key, PEM_MAX);
	buffer_init(&p->answer, EST_ANSWER_MAX);
	identity_init(&p->identity);
	error = open_identity(p, why); /* before the sandbox */
	return error == 0 ? confine(&p->settings->state, why) : error;
}

static void close_all(struct connecting *p)
{
	dial_free(&p->dial);
	tls_stream_free(&p->stream);
	for (size_t i = 0; i <= PURPOSE_SESSION; i++) {
		tls_context_free(&p->contexts[i]);
	}
	forget_enrolment(p);
	identity_done(&p->identity);
	channel_free(&p->channel);
	loop_timer_free(&p->retry_timer);
	loop_timer_free(&p->renew_timer);
	loop_timer_free(&p->beat_timer);
	loop_free(&p->loop);
}

int connector_process(void *context)
{
	static const struct channel_handler handler = { .message = on_message,
							.drained = on_channel_drained,
							.closed = on_channel_closed };
	struct sensor_child *child = context;
	struct connecting *p = alloc_zeroed(1, sizeof *p);
	struct why why;
	int status;

	file_close(&child->other_fd);
	if (child->program->close_own != NULL) {
		child->program->close_own(child->program->own);
	}
	log_open("connector", child->settings->is_verbose ? LOG_DEBUG : LOG_INFO);
	p->settings = child->settings;
	p->status = SENSOR_DONE;
	srandom((unsigned)clock_us());
	if (open_all(p, &why) != 0) {
		log_error("cannot start", log_text("reason", why.text));
		return SENSOR_FAILED;
	}
	p->channel = channel_new(p->loop, child->channel_fd, SENSOR_CHANNEL_QUEUE_MAX, &handler, p);
	arm_renewal(p);
	p->heard_ms = clock_ms();
	on_beat(p);
	begin(p);
	loop_run(p->loop);
	status = p->status;
	close_all(p);
	free(p);
	return status;
}
