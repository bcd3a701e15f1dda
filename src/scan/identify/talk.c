/*
 * talk.c - connections to one target, until it is known what it is.
 *
 *   connecting -> listening -> asked -> (asked ...) -> over, or the next connection
 *              -> shaking (TLS) -> listening or asked, within TLS
 *              -> dialogue (STARTTLS) -> shaking -> over
 */
#include "scan/identify/talk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/mem.h"
#include "formats/x509.h"
#include "scan/identify/choice.h"
#include "scan/identify/connect.h"
#include "sys/alloc.h"
#include "sys/buffer.h"
#include "sys/clock.h"

#define READ_SIZE       (16u << 10)
#define READS_A_TURN    4u    /* then others have their turn */
#define JUDGED_EAGERLY  4096u /* up to here every byte is judged, then each further quarter */
#define UNJUDGED_MS     100   /* bytes that wait for being judged */
#define RAW_TLS_MAX     4096u /* what is kept of a handshake, should it be no TLS */
#define CONNECTIONS_MAX 12u   /* one after the other, whatever happens */
#define UNKNOWN_HELLOS  2u    /* to a server whose banner nobody knows */
#define ALERT_NO_ALPN   120u  /* RFC 7301 section 3.2 */
#define NAME_TEXT_MAX   1024u

enum state { CONNECTING, LISTENING, ASKED, SHAKING, DIALOGUE, OVER };

/* What a connection is for. */
enum purpose { FOR_BANNER, FOR_HELLO, FOR_TLS, FOR_STARTTLS };

struct talk {
	struct talk_setup *setup;
	struct identify_result result;
	talk_done *done;
	void *context;
	char *name;
	char host[NET_TEXT_SIZE];

	int fd;
	struct loop_watch *watch;
	struct loop_timer *timer;
	enum state state;
	enum purpose purpose;
	struct buffer in;
	struct buffer out;
	struct tls_unverified *tls;      /* of this connection */
	struct tls_unverified *tls_kept; /* the one whose certificate is the result's */
	bool is_within;                  /* TLS is open on this connection */
	bool peer_closed;
	bool is_repeated; /* a datagram that was sent again */
	struct choice goal;
	struct choice inner_goal;
	bool has_inner_goal;
	bool offers_all; /* every ALPN name: it refused the usual one */
	struct choice_state outer;
	struct choice_state inner;
	unsigned hellos;
	unsigned inner_hellos;
	unsigned hellos_max;

	const struct prober *asked; /* whose words were said last on this connection */
	const struct prober *known; /* who said IS before STARTTLS */
	unsigned step;
	size_t since;
	size_t judged;
	struct starttls starttls;
	size_t starttls_seen;

	int64_t started_ms;
	int64_t connected_ms;
	int64_t deadline_ms; /* of the state */
};

static const char *const alpn_http[] = { "http/1.1", NULL };
static const char *const alpn_all[] = { "http/1.1",    "h2",          "imap", "pop3",       "ftp",
					"mqtt",        "xmpp-client", "dot",  "postgresql", "amqp",
					"managesieve", "nntp",        NULL };

static void next_attempt(struct talk *t);
static void judge(struct talk *t, bool ended);
static void say_hello(struct talk *t, const struct prober *prober);

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

static void give_up(struct talk *t, const char *format, unsigned long long number)
{
	if (t->result.facts.gave_up[0] == '\0') {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(t->result.facts.gave_up, sizeof t->result.facts.gave_up, format, number);
#pragma GCC diagnostic pop
	}
}

static void finish(struct talk *t)
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

static void wait_ms(struct talk *t, int64_t ms)
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

static void flush(struct talk *t)
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

static void say(struct talk *t, struct span words)
{
	if (words.len == 0) {
		return;
	}
	if ((t->is_within ? tls_unverified_write(t->tls, words) : buffer_append(&t->out, words)) !=
	    0) {
		t->peer_closed = true; /* it takes nothing any more, which ends the connection */
	}
	flush(t);
}

/*
 * Beginning a connection
 */

static void on_ready(void *context, unsigned events);

static void begin_connection(struct talk *t)
{
	int error;

	close_connection(t, false);
	if (t->result.connections == CONNECTIONS_MAX) {
		finish(t);
		return;
	}
	t->result.connections++;
	t->state = CONNECTING;
	error = connect_start(t->setup, &t->result.address, t->result.transport, &t->fd);
	if (error != 0) {
		if (error == ERR_FULL) {
			give_up(t, "no local port or descriptor was left%.0llu", 0);
		}
		finish(t);
		return;
	}
	t->watch = loop_watch(t->setup->loop, t->fd, LOOP_READ | LOOP_WRITE, on_ready, t);
	wait_ms(t, t->setup->options.connect_ms);
}

static struct choice_state *level(struct talk *t)
{
	return t->is_within ? &t->inner : &t->outer;
}

static void listen_for_banner(struct talk *t)
{
	const struct identify_options *o = &t->setup->options;
	const struct choice_state *s = level(t);

	t->state = LISTENING;
	if (choice_expects_banner(s)) {
		wait_ms(t, 3 * o->banner_ms);
	} else {
		wait_ms(t, choice_expects_hello(s) ? o->banner_ms / 4 : o->banner_ms / 2);
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

static void begin_tls(struct talk *t)
{
	buffer_clear(&t->in);
	t->since = 0;
	t->judged = 0;
	t->asked = NULL;
	t->step = 0;
	t->state = SHAKING;
	t->tls = tls_unverified_new(t->setup->tls, t->name, alpn_offered(t));
	t->result.handshakes++;
	wait_ms(t, t->setup->options.answer_ms);
	flush(t);
}

static void begin_dialogue(struct talk *t)
{
	uint8_t words[STARTTLS_SAY_MAX];
	struct writer w = writer_over(words, sizeof words);

	starttls_init(&t->starttls, t->known->starttls, t->name);
	t->starttls_seen = 0;
	t->state = DIALOGUE;
	wait_ms(t, t->setup->options.answer_ms * 2);
	(void)starttls_begin(&t->starttls, &w);
	say(t, writer_span(&w));
}

/* The next hello of this level; false where none is left. */
static bool choose(struct talk *t, bool is_inner, struct choice *out)
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

static void say_first(struct talk *t)
{
	struct choice choice;

	if (!choose(t, t->is_within, &choice)) {
		next_attempt(t);
		return;
	}
	if (!choice.is_tls) {
		say_hello(t, choice.prober);
		return;
	}
	if (t->in.len > 0) { /* a banner came: TLS needs a connection of its own */
		t->purpose = FOR_TLS;
		begin_connection(t);
		return;
	}
	t->purpose = FOR_TLS;
	begin_tls(t);
}

static void on_connected(struct talk *t)
{
	t->connected_ms = clock_ms();
	switch (t->purpose) {
	case FOR_BANNER:
		if (t->result.transport == IDENTIFY_UDP) {
			say_first(t);
		} else {
			listen_for_banner(t);
		}
		break;
	case FOR_HELLO:
		say_hello(t, t->goal.prober);
		break;
	case FOR_TLS:
		begin_tls(t);
		break;
	case FOR_STARTTLS:
		begin_dialogue(t);
		break;
	}
}

/*
 * Deciding
 */

static struct probe_view view_of(const struct talk *t, bool ended)
{
	return (struct probe_view){
		.bytes = buffer_span(&t->in),
		.since = t->since,
		.said_by = t->asked == NULL ? NULL : t->asked->name,
		.ended = ended,
		.is_tls = t->is_within,
		.is_datagram = t->result.transport == IDENTIFY_UDP,
		.alpn = t->is_within ? t->result.facts.alpn : "",
		.host = t->host,
		.port = t->outer.port,
	};
}

static void say_hello(struct talk *t, const struct prober *prober)
{
	uint8_t words[PROBER_SAY_MAX];
	struct writer w = writer_over(words, sizeof words);
	struct probe_view view = view_of(t, false);

	view.bytes = (struct span){ NULL, 0 };
	prober->hello(&view, &w);
	t->asked = prober;
	t->step = 1;
	t->since = t->in.len;
	t->judged = t->in.len;
	t->state = ASKED;
	t->result.handshakes++;
	wait_ms(t, t->result.transport == IDENTIFY_UDP ? t->setup->options.answer_ms / 2
						       : t->setup->options.answer_ms);
	say(t, writer_span(&w));
}

static void next_attempt(struct talk *t)
{
	struct choice choice;

	if (t->purpose == FOR_STARTTLS || t->result.facts.protocol[0] != '\0') {
		/* what is known already is not made better by other protocols' words; but it may
		 * have asked for TLS */
		if (!t->result.facts.is_tls_expected || t->outer.is_tls_tried) {
			finish(t);
			return;
		}
		t->outer.has_tls_bytes = true;
	}
	if (t->result.facts.is_tls_open && t->purpose == FOR_TLS) {
		if (!choose(t, true, &choice)) {
			finish(t);
			return;
		}
		t->inner_goal = choice;
		t->has_inner_goal = true;
		begin_connection(t);
		return;
	}
	if (!choose(t, false, &choice)) {
		finish(t);
		return;
	}
	t->goal = choice;
	t->purpose = choice.is_tls ? FOR_TLS : FOR_HELLO;
	begin_connection(t);
}

/* It is this; where it may offer TLS, that is looked at next. */
static void settle(struct talk *t, const struct prober *prober)
{
	struct service_facts *f = &t->result.facts;

	if (f->protocol[0] == '\0') {
		facts_set_protocol(f, prober->name);
	}
	if (t->asked == NULL) {
		snprintf(f->found, sizeof f->found, "banner%s", t->is_within ? " within TLS" : "");
	} else {
		snprintf(f->found, sizeof f->found, "answer to %s%s", t->asked->name,
			 t->is_within ? " within TLS" : "");
	}
	if (f->is_tls_expected && !t->outer.is_tls_tried) {
		next_attempt(t);
		return;
	}
	if (!t->is_within && prober->starttls != STARTTLS_NONE &&
	    t->result.transport == IDENTIFY_TCP && t->purpose != FOR_TLS) {
		t->known = prober;
		t->purpose = FOR_STARTTLS;
		begin_connection(t);
		return;
	}
	finish(t);
}

/* True where the bytes are a TLS record: an alert, or a hello. */
static bool is_tls_record(struct span bytes)
{
	return bytes.len >= 3 && (bytes.ptr[0] == 0x15 || bytes.ptr[0] == 0x16) &&
	       bytes.ptr[1] == 3 && bytes.ptr[2] <= 4;
}

struct opinion {
	enum probe_verdict verdict;
	const struct prober *prober;
};

static enum probe_verdict ask(struct talk *t, const struct prober *prober, bool ended,
			      struct writer *w)
{
	struct probe_view view = view_of(t, ended);
	enum probe_verdict verdict;

	view.step = prober == t->asked ? t->step : 0;
	writer_rewind(w, 0);
	verdict = prober->read(&view, &t->result.facts, w);
	if (verdict == PROBE_SAY && (ended || view.step >= PROBER_STEPS_MAX || !writer_ok(w))) {
		return PROBE_IS; /* nothing more can be said: it is what it probably was */
	}
	return verdict;
}

/* Everybody looks at the bytes, first the one whose words were said. */
static struct opinion ask_all(struct talk *t, bool ended, struct writer *w)
{
	unsigned transport = t->outer.transport;
	struct opinion best = { PROBE_NOT, NULL };

	if (t->asked != NULL) {
		best = (struct opinion){ ask(t, t->asked, ended, w), t->asked };
		if (best.verdict >= PROBE_SAY || (t->step > 1 && best.verdict == PROBE_MORE)) {
			return best;
		}
	}
	for (size_t i = 0; probers[i] != NULL; i++) {
		enum probe_verdict verdict;

		if (probers[i] == t->asked || (probers[i]->transports & transport) == 0) {
			continue;
		}
		verdict = ask(t, probers[i], ended, w);
		if (verdict == PROBE_IS || verdict == PROBE_SAY) {
			return (struct opinion){ verdict, probers[i] };
		}
		if ((verdict == PROBE_MORE || verdict == PROBE_TRY) && best.verdict < verdict) {
			best = (struct opinion){ verdict, probers[i] };
		}
	}
	return best;
}

/* Nobody knows these bytes. */
static void misunderstand(struct talk *t, bool ended)
{
	struct choice_state *s = level(t);

	s->has_tls_bytes = s->has_tls_bytes || is_tls_record(buffer_span(&t->in));
	s->has_bytes = true;
	if (t->state == LISTENING) {
		t->hellos_max = t->hellos_max < UNKNOWN_HELLOS ? t->hellos_max : UNKNOWN_HELLOS;
		if (ended && t->peer_closed) {
			next_attempt(t);
		}
		return; /* what it says may go on; then it is said something */
	}
	next_attempt(t);
}

static void note_close(struct talk *t)
{
	if (t->peer_closed && t->asked != NULL && t->asked == prober_find("http")) {
		level(t)->closes_http = true;
	}
}

static void judge(struct talk *t, bool ended)
{
	uint8_t words[PROBER_SAY_MAX];
	struct writer w = writer_over(words, sizeof words);
	struct opinion opinion;

	t->judged = t->in.len;
	if (t->in.len == 0) {
		if (ended) {
			note_close(t);
			next_attempt(t);
		}
		return;
	}
	opinion = ask_all(t, ended, &w);
	switch (opinion.verdict) {
	case PROBE_IS:
		settle(t, opinion.prober);
		break;
	case PROBE_SAY:
		t->step = opinion.prober == t->asked ? t->step + 1 : 1;
		t->asked = opinion.prober;
		t->since = t->in.len;
		t->state = ASKED;
		wait_ms(t, t->setup->options.answer_ms);
		say(t, writer_span(&w));
		break;
	case PROBE_MORE:
		wait_ms(t, t->state == LISTENING && t->in.len == 0
				   ? t->setup->options.banner_ms
				   : t->setup->options.answer_ms / 2);
		break;
	case PROBE_TRY:
		level(t)->hinted = opinion.prober;
		misunderstand(t, ended);
		break;
	case PROBE_NOT:
		misunderstand(t, ended);
		break;
	}
}

/*
 * TLS
 */

static void tell_certificate(struct talk *t)
{
	struct service_facts *f = &t->result.facts;
	struct span der = tls_unverified_certificate(t->tls);
	struct x509 leaf;
	uint8_t text[NAME_TEXT_MAX];
	struct writer w = writer_over(text, sizeof text);

	facts_add_text(f, "tls.version", tls_unverified_version(t->tls));
	if (der.len == 0 || x509_parse(der, &leaf) != 0) {
		return;
	}
	if (x509_write_name(leaf.subject, &w) == 0) {
		facts_add(f, "x509.subject", writer_span(&w));
	}
	w = writer_over(text, sizeof text);
	if (x509_write_name(leaf.issuer, &w) == 0) {
		facts_add(f, "x509.issuer", writer_span(&w));
	}
}

static void on_tls_open(struct talk *t)
{
	struct service_facts *f = &t->result.facts;

	t->is_within = true;
	buffer_clear(&t->in);
	t->judged = 0;
	if (!f->is_tls_open) {
		f->is_tls_open = true;
		tls_unverified_alpn(t->tls, f->alpn, sizeof f->alpn);
		if (t->purpose == FOR_TLS) {
			f->layer = SERVICE_TLS;
			f->protocol[0] = '\0'; /* what it said in the clear was how to reach it */
			t->inner.alpn = f->alpn;
		}
		tell_certificate(t);
	}
	if (t->purpose == FOR_STARTTLS) {
		finish(t);
	} else if (t->has_inner_goal) {
		say_hello(t, t->inner_goal.prober);
	} else if (choice_expects_hello(&t->inner)) {
		say_first(t);
	} else {
		listen_for_banner(t);
	}
}

/* No TLS came of it: an answer in another protocol tells which, an alert that it is TLS. */
static void on_tls_failed(struct talk *t)
{
	static const struct prober tls = { .name = "tls" };
	unsigned alert = tls_unverified_alert(t->tls);
	bool is_tls = is_tls_record(buffer_span(&t->in));

	tls_unverified_free(&t->tls);
	if (t->purpose == FOR_STARTTLS) {
		finish(t);
		return;
	}
	if (is_tls && alert == ALERT_NO_ALPN && !t->offers_all) {
		t->offers_all = true;
		begin_connection(t);
		return;
	}
	if (is_tls) {
		t->result.facts.layer = SERVICE_TLS;
		snprintf(t->result.facts.found, sizeof t->result.facts.found,
			 "answer to tls, alert %u", alert);
		finish(t);
		return;
	}
	t->state = ASKED;
	t->asked = NULL;
	if (t->in.len > 0) {
		uint8_t words[PROBER_SAY_MAX];
		struct writer w = writer_over(words, sizeof words);
		struct opinion opinion = ask_all(t, true, &w);

		if (opinion.verdict == PROBE_IS) {
			t->purpose = FOR_HELLO;
			t->asked = &tls;
			settle(t, opinion.prober);
			return;
		}
	}
	t->outer.closes_tls = t->peer_closed;
	next_attempt(t);
}

/* Plain bytes out of records, as far as there is room. */
static bool draw_plain(struct talk *t)
{
	for (;;) {
		uint8_t *room = buffer_reserve(&t->in, 2048);
		size_t got;

		if (room == NULL) {
			return false;
		}
		got = tls_unverified_read(t->tls, room, 2048);
		if (got == 0) {
			return true;
		}
		buffer_grow(&t->in, got);
	}
}

/*
 * Receiving
 */

static void keep_banner(struct talk *t, struct span bytes)
{
	struct service_facts *f = &t->result.facts;

	if (f->banner_len == 0) {
		bytes = span_first(bytes, sizeof f->banner);
		mem_copy(f->banner, bytes.ptr, bytes.len);
		f->banner_len = (uint16_t)bytes.len;
	}
}

static void continue_dialogue(struct talk *t, bool ended)
{
	uint8_t words[STARTTLS_SAY_MAX];
	struct writer w = writer_over(words, sizeof words);
	size_t consumed;
	enum starttls_verdict verdict =
		starttls_read(&t->starttls, buffer_span(&t->in), ended, &consumed, &w);

	buffer_consume(&t->in, consumed);
	switch (verdict) {
	case STARTTLS_MORE:
		break;
	case STARTTLS_SAY:
		say(t, writer_span(&w));
		break;
	case STARTTLS_READY:
		t->result.facts.layer = SERVICE_STARTTLS;
		say(t, writer_span(&w));
		begin_tls(t);
		break;
	case STARTTLS_REFUSED:
	case STARTTLS_NOT_THIS:
		finish(t);
		break;
	}
}

/* True where it goes on reading. */
static bool take_bytes(struct talk *t, struct span bytes)
{
	const struct identify_options *o = &t->setup->options;
	bool fits = true;

	t->result.bytes_received += bytes.len;
	if (t->result.bytes_received > o->target_bytes_max) {
		give_up(t, "%llu KiB from it", o->target_bytes_max >> 10);
		return false;
	}
	if (t->tls == NULL) {
		if (t->result.transport == IDENTIFY_UDP) {
			buffer_clear(&t->in);
			t->since = 0;
		}
		keep_banner(t, bytes);
		fits = buffer_append(&t->in, bytes) == 0;
	} else if (t->is_within) {
		(void)tls_unverified_feed(t->tls, bytes);
		fits = draw_plain(t);
		keep_banner(t, buffer_span(&t->in));
	} else {
		if (t->in.len < RAW_TLS_MAX) {
			fits = buffer_append(&t->in, bytes) == 0;
		}
		(void)tls_unverified_feed(t->tls, bytes);
	}
	if (!fits) {
		give_up(t, t->asked == NULL ? "%llu KiB of banner" : "%llu KiB of answer",
			o->connection_bytes_max >> 10);
		t->peer_closed = true;
		return false;
	}
	return true;
}

/* What was read is looked at. */
static void consider(struct talk *t)
{
	switch (t->state) {
	case SHAKING:
		if (tls_unverified_state(t->tls) == TLS_UNVERIFIED_OPEN) {
			on_tls_open(t);
			if (t->state != OVER && t->is_within) {
				(void)draw_plain(t); /* its first words may have come along */
				if (t->in.len > 0) {
					judge(t, t->peer_closed);
				}
			}
		} else if (tls_unverified_state(t->tls) == TLS_UNVERIFIED_FAILED ||
			   t->peer_closed) {
			on_tls_failed(t);
		} else {
			wait_ms(t, t->setup->options.answer_ms * 2); /* it is at it */
		}
		break;
	case DIALOGUE:
		continue_dialogue(t, t->peer_closed);
		break;
	case LISTENING:
	case ASKED:
		if (t->is_within && tls_unverified_state(t->tls) >= TLS_UNVERIFIED_CLOSED) {
			t->peer_closed = true;
		}
		if (t->peer_closed || t->in.len <= JUDGED_EAGERLY ||
		    t->in.len > t->judged + t->judged / 4 || t->result.transport == IDENTIFY_UDP) {
			judge(t, t->peer_closed);
		} else if (t->in.len > t->judged) {
			wait_ms(t, UNJUDGED_MS);
		}
		break;
	case CONNECTING:
	case OVER:
		break;
	}
}

static void read_some(struct talk *t)
{
	uint8_t bytes[READ_SIZE];
	bool came = false;

	for (unsigned i = 0; i < READS_A_TURN && !t->peer_closed; i++) {
		ssize_t got = recv(t->fd, bytes, sizeof bytes, 0);

		if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
			break;
		}
		came = true;
		if (got <= 0) {
			if (t->result.transport == IDENTIFY_UDP && got == 0) {
				continue;
			}
			t->peer_closed = true;
			break;
		}
		if (!take_bytes(t, (struct span){ bytes, (size_t)got })) {
			t->peer_closed = true;
			break;
		}
		if (t->result.transport == IDENTIFY_UDP) {
			break;
		}
	}
	if (came) {
		consider(t);
	}
}

static void on_ready(void *context, unsigned events)
{
	struct talk *t = context;

	if (t->state == CONNECTING) {
		int error = connect_result(t->fd);

		if (error == ERR_AGAIN ||
		    (error == 0 && (events & (LOOP_WRITE | LOOP_READ)) == 0)) {
			return;
		}
		if (error != 0) {
			finish(t);
			return;
		}
		on_connected(t);
		return;
	}
	if (t->state == OVER) {
		return;
	}
	if ((events & LOOP_WRITE) != 0) {
		flush(t);
	}
	if ((events & (LOOP_READ | LOOP_HANGUP)) != 0) {
		read_some(t);
	}
	if (t->state != OVER && t->fd >= 0 && t->state != CONNECTING) {
		flush(t);
	}
}

/*
 * Time is up
 */

static void repeat_datagram(struct talk *t)
{
	const struct prober *asked = t->asked;

	say_hello(t, asked);
	t->result.handshakes--; /* the same once more: the network may have lost it */
	t->is_repeated = true;
}

static void on_state_time(struct talk *t)
{
	switch (t->state) {
	case CONNECTING:
		finish(t);
		break;
	case LISTENING:
		if (t->in.len > 0) {
			judge(t, true);
			if (t->state != LISTENING) {
				break;
			}
		}
		say_first(t);
		break;
	case ASKED:
		if (t->result.transport == IDENTIFY_UDP && !t->is_repeated && t->in.len == 0) {
			repeat_datagram(t);
		} else {
			judge(t, true);
		}
		break;
	case SHAKING:
		on_tls_failed(t);
		break;
	case DIALOGUE:
		continue_dialogue(t, true);
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
		give_up(t, "%llu s for all of it", (unsigned long long)(o->target_ms / 1000));
		if (t->state == LISTENING || t->state == ASKED) {
			t->hellos = t->hellos_max;
			t->inner_hellos = o->inner_max;
			judge(t, true);
		}
		finish(t);
	} else if (t->state != CONNECTING && now >= t->connected_ms + o->connection_ms) {
		give_up(t, "%llu s of one connection",
			(unsigned long long)(o->connection_ms / 1000));
		t->hellos = t->hellos_max; /* who trickles here trickles everywhere */
		t->inner_hellos = o->inner_max;
		on_state_time(t);
		finish(t);
	} else if ((t->state == ASKED || t->state == LISTENING) && t->in.len > t->judged) {
		judge(t, false);
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
	begin_connection(t);
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
