/* talk_receive.c - bytes, and TLS between. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/mem.h"
#include "formats/x509.h"
#include "scan/identify/connect.h"
#include "scan/identify/talk_parts.h"

#define READ_SIZE      (16u << 10)
#define READS_A_TURN   4u    /* then others have their turn */
#define JUDGED_EAGERLY 4096u /* up to here every byte is judged, then each further quarter */
#define UNJUDGED_MS    100   /* bytes that wait for being judged */
#define RAW_TLS_MAX    4096u /* what is kept of a handshake, should it be no TLS */
#define ALERT_NO_ALPN  120u  /* RFC 7301 section 3.2 */
#define NAME_TEXT_MAX  1024u

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
		talk_finish(t);
	} else if (t->has_inner_goal) {
		talk_say_hello(t, t->inner_goal.prober);
	} else if (choice_expects_hello(&t->inner)) {
		talk_say_first(t);
	} else {
		talk_listen_for_banner(t);
	}
}

/* No TLS came of it: an answer in another protocol tells which, an alert that it is TLS. */
void talk_on_tls_failed(struct talk *t)
{
	static const struct prober tls = { .name = "tls" };
	unsigned alert = tls_unverified_alert(t->tls);
	bool is_tls = talk_is_tls_record(buffer_span(&t->in));

	tls_unverified_free(&t->tls);
	if (t->purpose == FOR_STARTTLS) {
		talk_finish(t);
		return;
	}
	if (is_tls && alert == ALERT_NO_ALPN && !t->offers_all) {
		t->offers_all = true;
		talk_begin_connection(t);
		return;
	}
	if (is_tls) {
		t->result.facts.layer = SERVICE_TLS;
		snprintf(t->result.facts.found, sizeof t->result.facts.found,
			 "answer to tls, alert %u", alert);
		talk_finish(t);
		return;
	}
	t->state = ASKED;
	t->asked = NULL;
	if (t->in.len > 0) {
		uint8_t words[PROBER_SAY_MAX];
		struct writer w = writer_over(words, sizeof words);
		struct talk_opinion opinion = talk_ask_all(t, true, &w);

		if (opinion.verdict == PROBE_IS) {
			t->purpose = FOR_HELLO;
			t->asked = &tls;
			talk_settle(t, opinion.prober);
			return;
		}
	}
	t->outer.closes_tls = t->peer_closed;
	talk_next_attempt(t);
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

void talk_continue_dialogue(struct talk *t, bool ended)
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
		talk_say(t, writer_span(&w));
		break;
	case STARTTLS_READY:
		t->result.facts.layer = SERVICE_STARTTLS;
		talk_say(t, writer_span(&w));
		talk_begin_tls(t);
		break;
	case STARTTLS_REFUSED:
	case STARTTLS_NOT_THIS:
		talk_finish(t);
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
		talk_give_up(t, "%llu KiB from it", o->target_bytes_max >> 10);
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
		talk_give_up(t, t->asked == NULL ? "%llu KiB of banner" : "%llu KiB of answer",
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
					talk_judge(t, t->peer_closed);
				}
			}
		} else if (tls_unverified_state(t->tls) == TLS_UNVERIFIED_FAILED ||
			   t->peer_closed) {
			talk_on_tls_failed(t);
		} else {
			talk_wait_ms(t, t->setup->options.answer_ms * 2); /* it is at it */
		}
		break;
	case DIALOGUE:
		talk_continue_dialogue(t, t->peer_closed);
		break;
	case LISTENING:
	case ASKED:
		if (t->is_within && tls_unverified_state(t->tls) >= TLS_UNVERIFIED_CLOSED) {
			t->peer_closed = true;
		}
		if (t->peer_closed || t->in.len <= JUDGED_EAGERLY ||
		    t->in.len > t->judged + t->judged / 4 || t->result.transport == IDENTIFY_UDP) {
			talk_judge(t, t->peer_closed);
		} else if (t->in.len > t->judged) {
			talk_wait_ms(t, UNJUDGED_MS);
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

void talk_on_ready(void *context, unsigned events)
{
	struct talk *t = context;

	if (t->state == CONNECTING) {
		int error = connect_result(t->fd);

		if (error == ERR_AGAIN ||
		    (error == 0 && (events & (LOOP_WRITE | LOOP_READ)) == 0)) {
			return;
		}
		if (error != 0) {
			talk_finish(t);
			return;
		}
		talk_on_connected(t);
		return;
	}
	if (t->state == OVER) {
		return;
	}
	if ((events & LOOP_WRITE) != 0) {
		talk_flush(t);
	}
	if ((events & (LOOP_READ | LOOP_HANGUP)) != 0) {
		read_some(t);
	}
	if (t->state != OVER && t->fd >= 0 && t->state != CONNECTING) {
		talk_flush(t);
	}
}
