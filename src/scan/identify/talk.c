/*
 * talk.c - connections to one target, until it is known what it is.
 *
 *   connecting -> listening -> asked -> (asked ...) -> over, or the next connection
 *              -> shaking (TLS) -> listening or asked, within TLS
 *              -> dialogue (STARTTLS) -> shaking -> over
 */
#include "scan/identify/talk.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/reader.h"
#include "scan/identify/connect.h"
#include "scan/identify/talk_parts.h"
#include "sys/alloc.h"
#include "sys/clock.h"

#define CONNECTIONS_MAX 12u /* one after the other, whatever happens */

static const char *const alpn_http[] = { "http/1.1", NULL };
static const char *const alpn_all[] = { "http/1.1",    "h2",          "imap", "pop3",       "ftp",
					"mqtt",        "xmpp-client", "dot",  "postgresql", "amqp",
					"managesieve", "nntp",        NULL };

/*
 * The end
 */

static void close_connection(struct talk *t, bool abort)
{
	loop_unwatch(&t->watch);
	connect_end(&t->fd, abort);
	buffer_clear(&t->in);
	buffer_trim(&t->in);
	buffer_clear(&t->out);
	buffer_trim(&t->out);
	if (t->is_within && t->tls_kept == NULL) {
		t->tls_kept = t->tls; /* whose certificate was told */
		t->tls = NULL;
	}
	tls_unverified_free(&t->tls);
	t->is_within = false;
	t->peer_closed = false;
	t->is_repeated = false;
	t->asked = NULL;
	t->step = 0;
	t->since = 0;
	t->judged = 0;
}

void talk_give_up(struct talk *t, const char *format, unsigned long long number)
{
	if (t->result.facts.gave_up[0] == '\0') {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(t->result.facts.gave_up, sizeof t->result.facts.gave_up, format, number);
#pragma GCC diagnostic pop
	}
}

void talk_finish(struct talk *t)
{
	struct identify_result *r = &t->result;

	if (t->state == OVER) {
		return;
	}
	t->state = OVER;
	close_connection(t, r->facts.gave_up[0] != '\0' || r->facts.protocol[0] == '\0');
	loop_timer_disarm(t->timer);
	if (r->facts.protocol[0] != '\0') {
		r->outcome = IDENTIFY_KNOWN;
	} else if (r->bytes_received > 0) {
		r->outcome = IDENTIFY_UNKNOWN;
		facts_set_protocol(&r->facts, "unknown");
	} else {
		r->outcome = t->connected_ms != 0 && r->transport == IDENTIFY_TCP ? IDENTIFY_SILENT
										  : IDENTIFY_CLOSED;
	}
	if (t->tls_kept != NULL) {
		r->certificate = tls_unverified_certificate(t->tls_kept);
	}
	r->duration_ms = clock_ms() - t->started_ms;
	/* told by the timer, so that it never comes from within a call */
	loop_timer_arm(t->timer, 0);
}

/*
 * Time
 */

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void talk_wait_ms(struct talk *t, int64_t ms)
{
	const struct identify_options *o = &t->setup->options;
	int64_t now = clock_ms();
	int64_t until;

	t->deadline_ms = now + ms;
	until = smaller(t->deadline_ms, t->started_ms + o->target_ms);
	if (t->state != CONNECTING) {
		until = smaller(until, t->connected_ms + o->connection_ms);
	}
	loop_timer_arm(t->timer, until > now ? until - now : 0);
}

/*
 * Sending
 */

static void watch_events(struct talk *t)
{
	bool wants_write = t->out.len > 0 || t->state == CONNECTING ||
			   (t->tls != NULL && tls_unverified_output(t->tls).len > 0);

	if (t->watch != NULL) {
		loop_watch_change(t->watch, LOOP_READ | (wants_write ? LOOP_WRITE : 0u));
	}
}

/* What is to go out: records where there is TLS, else the plain bytes. */
static struct span outgoing(struct talk *t)
{
	struct span records = { NULL, 0 };

	if (t->out.len > 0) {
		return buffer_span(&t->out);
	}
	if (t->tls != NULL) {
		records = tls_unverified_output(t->tls);
	}
	return records;
}

void talk_flush(struct talk *t)
{
	for (;;) {
		struct span bytes = outgoing(t);
		ssize_t sent;

		if (bytes.len == 0 || t->fd < 0) {
			break;
		}
		sent = send(t->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
		if (sent < 0) {
			break; /* a dead connection is told by reading */
		}
		t->result.bytes_sent += (uint64_t)sent;
		if (t->out.len > 0) {
			buffer_consume(&t->out, (size_t)sent);
		} else {
			tls_unverified_sent(t->tls, (size_t)sent);
		}
	}
	watch_events(t);
}

void talk_say(struct talk *t, struct span words)
{
	if (words.len == 0) {
		return;
	}
	if ((t->is_within ? tls_unverified_write(t->tls, words) : buffer_append(&t->out, words)) !=
	    0) {
		t->peer_closed = true; /* it takes nothing any more, which ends the connection */
	}
	talk_flush(t);
}

/*
 * Beginning a connection
 */

void talk_begin_connection(struct talk *t)
{
	int error;

	close_connection(t, false);
	if (t->result.connections == CONNECTIONS_MAX) {
		talk_finish(t);
		return;
	}
	t->result.connections++;
	t->state = CONNECTING;
	error = connect_start(t->setup, &t->result.address, t->result.transport, &t->fd);
	if (error != 0) {
		if (error == ERR_FULL) {
			talk_give_up(t, "no local port or descriptor was left%.0llu", 0);
		}
		talk_finish(t);
		return;
	}
	t->watch = loop_watch(t->setup->loop, t->fd, LOOP_READ | LOOP_WRITE, talk_on_ready, t);
	talk_wait_ms(t, t->setup->options.connect_ms);
}

struct choice_state *talk_level(struct talk *t)
{
	return t->is_within ? &t->inner : &t->outer;
}

void talk_listen_for_banner(struct talk *t)
{
	const struct identify_options *o = &t->setup->options;
	const struct choice_state *s = talk_level(t);

	t->state = LISTENING;
	if (choice_expects_banner(s)) {
		talk_wait_ms(t, 3 * o->banner_ms);
	} else {
		talk_wait_ms(t, choice_expects_hello(s) ? o->banner_ms / 4 : o->banner_ms / 2);
	}
}

static const char *const *alpn_offered(const struct talk *t)
{
	const struct prober *usual = NULL;

	if (t->offers_all) {
		return alpn_all;
	}
	if (t->purpose == FOR_STARTTLS) {
		return NULL;
	}
	usual = choice_usual(&t->inner);
	return usual == NULL ? alpn_http : usual->alpn;
}

void talk_begin_tls(struct talk *t)
{
	buffer_clear(&t->in);
	t->since = 0;
	t->judged = 0;
	t->asked = NULL;
	t->step = 0;
	t->state = SHAKING;
	t->tls = tls_unverified_new(t->setup->tls, t->name, alpn_offered(t));
	t->result.handshakes++;
	talk_wait_ms(t, t->setup->options.answer_ms);
	talk_flush(t);
}

void talk_say_hello(struct talk *t, const struct prober *prober)
{
	uint8_t words[PROBER_SAY_MAX];
	struct writer w = writer_over(words, sizeof words);
	struct probe_view view = talk_view(t, false);

	view.bytes = (struct span){ NULL, 0 };
	prober->hello(&view, &w);
	t->asked = prober;
	t->step = 1;
	t->since = t->in.len;
	t->judged = t->in.len;
	t->state = ASKED;
	t->result.handshakes++;
	talk_wait_ms(t, t->result.transport == IDENTIFY_UDP ? t->setup->options.answer_ms / 2
							    : t->setup->options.answer_ms);
	talk_say(t, writer_span(&w));
}

static void begin_dialogue(struct talk *t)
{
	uint8_t words[STARTTLS_SAY_MAX];
	struct writer w = writer_over(words, sizeof words);

	starttls_init(&t->starttls, t->known->starttls, t->name);
	t->starttls_seen = 0;
	t->state = DIALOGUE;
	talk_wait_ms(t, t->setup->options.answer_ms * 2);
	(void)starttls_begin(&t->starttls, &w);
	talk_say(t, writer_span(&w));
}

/* The next hello of this level; false where none is left. */
bool talk_choose(struct talk *t, bool is_inner, struct choice *out)
{
	const struct identify_options *o = &t->setup->options;

	if (is_inner) {
		if (t->inner_hellos >= o->inner_max || !choice_next(&t->inner, out)) {
			return false;
		}
		t->inner_hellos++;
		return true;
	}
	if (t->hellos >= t->hellos_max || !choice_next(&t->outer, out)) {
		return false;
	}
	t->hellos++;
	return true;
}

void talk_say_first(struct talk *t)
{
	struct choice choice;

	if (!talk_choose(t, t->is_within, &choice)) {
		talk_next_attempt(t);
		return;
	}
	if (!choice.is_tls) {
		talk_say_hello(t, choice.prober);
		return;
	}
	if (t->in.len > 0) { /* a banner came: TLS needs a connection of its own */
		t->purpose = FOR_TLS;
		talk_begin_connection(t);
		return;
	}
	t->purpose = FOR_TLS;
	talk_begin_tls(t);
}

void talk_on_connected(struct talk *t)
{
	t->connected_ms = clock_ms();
	switch (t->purpose) {
	case FOR_BANNER:
		if (t->result.transport == IDENTIFY_UDP) {
			talk_say_first(t);
		} else {
			talk_listen_for_banner(t);
		}
		break;
	case FOR_HELLO:
		talk_say_hello(t, t->goal.prober);
		break;
	case FOR_TLS:
		talk_begin_tls(t);
		break;
	case FOR_STARTTLS:
		begin_dialogue(t);
		break;
	}
}

/*
 * Time is up
 */

static void repeat_datagram(struct talk *t)
{
	const struct prober *asked = t->asked;

	talk_say_hello(t, asked);
	t->result.handshakes--; /* the same once more: the network may have lost it */
	t->is_repeated = true;
}

static void on_state_time(struct talk *t)
{
	switch (t->state) {
	case CONNECTING:
		talk_finish(t);
		break;
	case LISTENING:
		if (t->in.len > 0) {
			talk_judge(t, true);
			if (t->state != LISTENING) {
				break;
			}
		}
		talk_say_first(t);
		break;
	case ASKED:
		if (t->result.transport == IDENTIFY_UDP && !t->is_repeated && t->in.len == 0) {
			repeat_datagram(t);
		} else {
			talk_judge(t, true);
		}
		break;
	case SHAKING:
		talk_on_tls_failed(t);
		break;
	case DIALOGUE:
		talk_continue_dialogue(t, true);
		break;
	case OVER:
		break;
	}
}

static void on_time(void *context)
{
	struct talk *t = context;
	const struct identify_options *o = &t->setup->options;
	int64_t now = clock_ms();

	if (t->state == OVER) {
		t->done(t->context, t);
		return;
	}
	if (now >= t->started_ms + o->target_ms) {
		talk_give_up(t, "%llu s for all of it", (unsigned long long)(o->target_ms / 1000));
		if (t->state == LISTENING || t->state == ASKED) {
			t->hellos = t->hellos_max;
			t->inner_hellos = o->inner_max;
			talk_judge(t, true);
		}
		talk_finish(t);
	} else if (t->state != CONNECTING && now >= t->connected_ms + o->connection_ms) {
		talk_give_up(t, "%llu s of one connection",
			     (unsigned long long)(o->connection_ms / 1000));
		t->hellos = t->hellos_max; /* who trickles here trickles everywhere */
		t->inner_hellos = o->inner_max;
		on_state_time(t);
		talk_finish(t);
	} else if ((t->state == ASKED || t->state == LISTENING) && t->in.len > t->judged) {
		talk_judge(t, false);
	} else if (now >= t->deadline_ms) {
		on_state_time(t);
	} else {
		loop_timer_arm(t->timer, t->deadline_ms - now);
	}
}

/*
 * Life
 */

static unsigned port_of(const struct net_address *address)
{
	struct reader r = reader_over(
		(struct span){ (const uint8_t *)&address->storage, sizeof address->storage });

	(void)reader_be16(&r); /* the family; the port follows it in both */
	return reader_be16(&r);
}

static void start(void *context)
{
	struct talk *t = context;

	loop_timer_free(&t->timer);
	t->timer = loop_timer(t->setup->loop, on_time, t);
	talk_begin_connection(t);
}

struct talk *talk_new(struct talk_setup *setup, const struct net_address *address,
		      enum identify_transport transport, const char *name, talk_done *done,
		      void *context)
{
	struct talk *t = alloc_zeroed(1, sizeof *t);

	t->setup = setup;
	t->done = done;
	t->context = context;
	t->fd = -1;
	t->result.address = *address;
	t->result.transport = transport;
	t->name = name == NULL ? NULL : alloc_text(name);
	if (name == NULL) {
		net_host_text(address, t->host);
	} else {
		snprintf(t->host, sizeof t->host, "%s", name);
	}
	t->outer.transport = transport == IDENTIFY_UDP ? PROBER_UDP : PROBER_TCP;
	t->outer.port = port_of(address);
	t->outer.alpn = "";
	if (setup->options.is_without_anonymous_asks) {
		choice_skip_anonymous(&t->outer);
	}
	t->inner = t->outer;
	t->inner.is_inner = true;
	t->hellos_max = setup->options.handshakes_max;
	buffer_init(&t->in, setup->options.connection_bytes_max);
	buffer_init(&t->out, TLS_UNVERIFIED_OUT_MAX);
	t->started_ms = clock_ms();
	t->timer = loop_timer(setup->loop, start, t);
	loop_timer_arm(t->timer, 0);
	return t;
}

void talk_free(struct talk **talk)
{
	struct talk *t = *talk;

	*talk = NULL;
	if (t == NULL) {
		return;
	}
	close_connection(t, true);
	loop_timer_free(&t->timer);
	tls_unverified_free(&t->tls_kept);
	buffer_done(&t->in);
	buffer_done(&t->out);
	free(t->name);
	free(t);
}

struct identify_result *talk_result(struct talk *t)
{
	return &t->result;
}
