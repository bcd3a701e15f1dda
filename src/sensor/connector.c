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

#include "sensor/connector_parts.h"
#include "sensor/link.h"
#include "base/error.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/process.h"
#include "sys/sandbox.h"

#define RETRY_FIRST_MS 200

/* A revoked sensor asks again only so often: somebody may have enrolled it anew meanwhile. */
#define REVOKED_RETRY_MS 900000

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

void connector_stop(struct connecting *p, int status)
{
	p->is_stopping = true;
	p->status = status;
	loop_stop(p->loop);
}

void connector_need_person(struct connecting *p, const char *what, const char *reason,
			   const char *hint)
{
	log_error(what, log_text("server", p->settings->state.host), log_text("reason", reason),
		  log_text("do", hint));
	if (p->settings->is_once) {
		connector_stop(p, SENSOR_FAILED);
	}
}

/* Exponential with full jitter: a fleet that lost its server does not come back at once. */
static int64_t next_retry_ms(struct connecting *p)
{
	int64_t longest = RETRY_FIRST_MS;

	for (unsigned i = 0; i < p->failures && longest < CONNECTOR_RETRY_LONGEST_MS; i++) {
		longest *= 2;
	}
	longest = longest < CONNECTOR_RETRY_LONGEST_MS ? longest : CONNECTOR_RETRY_LONGEST_MS;
	p->failures++;
	return RETRY_FIRST_MS / 2 + random() % longest;
}

void connector_close(struct connecting *p, const char *reason)
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
			connector_stop(p, SENSOR_RESTART);
		}
	}
}

void connector_retry(struct connecting *p, const char *reason, int64_t delay_ms)
{
	connector_close(p, reason);
	if (p->is_stopping) {
		return;
	}
	if (p->purpose == PURPOSE_RENEW) {
		enrolment_put_renewal_off(p); /* the old one will do */
	}
	log_info("connecting again", log_text("reason", reason), log_number("in_ms", delay_ms));
	loop_timer_arm(p->retry_timer, delay_ms);
}

void connector_retry_later(struct connecting *p, const char *reason)
{
	connector_retry(p, reason, next_retry_ms(p));
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
			connector_stop(p, SENSOR_RESTART);
			return taken;
		}
		taken += size;
	}
	if (error == ERR_LIMIT) {
		connector_retry_later(p, "the server sent what is no frame");
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
		enrolment_fail(p, ERR_LIMIT, "the answer is too long");
		return bytes.len;
	}
	enrolment_take(p, false);
	return bytes.len;
}

static void begin_session(struct connecting *p)
{
	if (strcmp(tls_protocol(p->stream), MESSAGE_ALPN) != 0) {
		connector_need_person(p, "this is no server for sensors",
				      "it does not speak " MESSAGE_ALPN,
				      "check --server: the sensors' port, not the console's");
		connector_retry_later(p, "no common protocol");
		return;
	}
	p->is_in_session = true;
	p->is_greeted = false;
	p->session_began_ms = clock_ms();
	log_info("connected", log_text("server", p->settings->state.host),
		 log_text("resumed", tls_is_resumed(p->stream) ? "yes" : "no"));
	if (channel_send(p->channel, LINK_CONNECTED, p->connection, (struct span){ NULL, 0 }) !=
	    0) {
		connector_stop(p, SENSOR_RESTART);
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
	if (enrolment_ask(p, &why) != 0) {
		enrolment_fail(p, ERR_IO, why.text);
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
		connector_need_person(
			p, "the server's certificate, or ours, is not accepted", said.text,
			"check that --ca is the ca.pem of this server; to enrol anew, start with a "
			"new --token");
	} else if (p->purpose != PURPOSE_SESSION && p->answer.len > 0) {
		tls_stream_free(&p->stream);
		enrolment_take(p, true);
		return;
	}
	connector_retry_later(p, said.text);
}

static const struct tls_handler stream_handler = { .opened = on_opened,
						   .received = on_received,
						   .drained = on_stream_drained,
						   .closed = on_stream_closed };

/*
 * Connecting
 */

int connector_make_context(struct connecting *p, struct why *why)
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
		connector_retry_later(p, said.text);
		return;
	}
	p->connection++;
	p->stream =
		tls_stream_new(p->loop, p->contexts[p->purpose], fd, &limits, &stream_handler, p);
}

static enum purpose purpose_now(const struct connecting *p)
{
	return !p->is_enrolled               ? PURPOSE_ENROL
	       : p->is_cloned                ? PURPOSE_CLONE
	       : enrolment_is_renewal_due(p) ? PURPOSE_RENEW
					     : PURPOSE_SESSION;
}

/* Decides what the next connection is for, and starts it. */
static void begin(struct connecting *p)
{
	struct why why = { .text = "" };
	const struct state *state = &p->settings->state;

	p->purpose = purpose_now(p);
	if (connector_make_context(p, &why) != 0) {
		connector_need_person(p, "cannot set TLS up", why.text,
				      "check the CA file and the state folder");
		connector_retry(p, why.text, CONNECTOR_RETRY_LONGEST_MS);
		return;
	}
	if (dial_new(p->loop, state->host, state->port, on_dialled, p, &p->dial, &why) != 0) {
		if (++p->failed_lookups >= LOOKUPS_MAX && !p->settings->is_once) {
			connector_stop(p, SENSOR_RESTART);
			return;
		}
		connector_retry_later(p, why.text);
		return;
	}
	p->failed_lookups = 0;
}

static void on_retry(void *context)
{
	begin(context);
}

/*
 * The collector's side
 */

static void end_session(struct connecting *p, struct span body)
{
	struct link_end end;
	char text[LINK_TEXT_MAX + 1];

	if (link_end_read(body, &end) != 0) {
		connector_stop(p, SENSOR_RESTART);
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
		connector_need_person(p, "this sensor was revoked", text,
				      "to enrol it anew, start the agent with a new --token");
		connector_retry(p, "revoked", REVOKED_RETRY_MS);
		break;
	case LINK_END_VERSION:
		connector_need_person(p, "server and agent do not speak the same protocol", text,
				      "update the older of the two");
		connector_retry(p, "version", CONNECTOR_RETRY_LONGEST_MS);
		break;
	case LINK_END_PROTOCOL:
		log_error("the session broke off", log_text("reason", text));
		connector_retry_later(p, "protocol");
		break;
	default:
		if (end.retry_ms > 0) {
			connector_retry(p, text, end.retry_ms);
		} else {
			connector_retry_later(p, text);
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
		connector_retry_later(p, "more is to be sent than may wait");
	}
}

static void give_collector_up(struct connecting *p, int64_t silent_ms)
{
	const struct table *table = schema_by_number(p->busy_table);

	log_error("the collector does not move and is started anew",
		  log_text("table", table != NULL ? table->name : "none"),
		  log_number("silent_s", silent_ms / 1000));
	connector_stop(p, SENSOR_HUNG + (table != NULL ? p->busy_table : 0));
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
		connector_retry_later(p, "more is to be sent than may wait");
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
	connector_stop(context, SENSOR_RESTART); /* the collector is gone */
}

/* Whether the agent ends or only this process the supervisor knows, who asked for it or did not. */
static void on_stop(void *context)
{
	connector_stop(context, SENSOR_RESTART);
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

static int open_all(struct connecting *p, struct why *why)
{
	int error;

	process_protect_memory();
	p->loop = loop_new();
	loop_on_signal(p->loop, SIGTERM, on_stop, p);
	loop_on_signal(p->loop, SIGINT, on_stop, p);
	p->retry_timer = loop_timer(p->loop, on_retry, p);
	p->beat_timer = loop_timer(p->loop, on_beat, p);
	error = enrolment_open(p, why); /* before the sandbox */
	return error == 0 ? confine(&p->settings->state, why) : error;
}

static void close_all(struct connecting *p)
{
	dial_free(&p->dial);
	tls_stream_free(&p->stream);
	for (size_t i = 0; i <= PURPOSE_SESSION; i++) {
		tls_context_free(&p->contexts[i]);
	}
	enrolment_forget(p);
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
	enrolment_arm_renewal(p);
	p->heard_ms = clock_ms();
	on_beat(p);
	begin(p);
	loop_run(p->loop);
	status = p->status;
	close_all(p);
	free(p);
	return status;
}
