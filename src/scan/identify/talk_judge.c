/* talk_judge.c - whose bytes these are, and what comes next. */
#include <assert.h>
#include <stdio.h>

#include "scan/identify/talk_parts.h"

#define UNKNOWN_HELLOS 2u /* to a server whose banner nobody knows */

#define AGAINS_MAX 3

struct probe_view talk_view(const struct talk *t, bool ended)
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
		.contact = &t->setup->contact,
		.port = t->outer.port,
	};
}

void talk_next_attempt(struct talk *t)
{
	struct choice choice;

	if (t->purpose == FOR_STARTTLS || t->result.facts.protocol[0] != '\0') {
		/* what is known already is not made better by other protocols' words; but it may
		 * have asked for TLS */
		if (!t->result.facts.is_tls_expected || t->outer.is_tls_tried) {
			talk_finish(t);
			return;
		}
		t->outer.has_tls_bytes = true;
	}
	if (t->result.facts.is_tls_open && t->purpose == FOR_TLS) {
		if (!talk_choose(t, true, &choice)) {
			talk_finish(t);
			return;
		}
		t->inner_goal = choice;
		t->has_inner_goal = true;
		talk_begin_connection(t);
		return;
	}
	if (!talk_choose(t, false, &choice)) {
		talk_finish(t);
		return;
	}
	t->goal = choice;
	t->purpose = choice.is_tls ? FOR_TLS : FOR_HELLO;
	talk_begin_connection(t);
}

/* True where the bytes are a TLS record: an alert, or a hello. */
bool talk_is_tls_record(struct span bytes)
{
	return bytes.len >= 3 && (bytes.ptr[0] == 0x15 || bytes.ptr[0] == 0x16) &&
	       bytes.ptr[1] == 3 && bytes.ptr[2] <= 4;
}

/* It is this; where it may offer TLS, that is looked at next. */
void talk_settle(struct talk *t, const struct prober *prober)
{
	struct service_facts *f = &t->result.facts;

	assert(prober != NULL);
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
		talk_next_attempt(t);
		return;
	}
	if (prober->again != NULL && t->agains < AGAINS_MAX && prober->again(f)) {
		t->agains++;
		t->purpose = prober->speaks_first && !t->is_within ? FOR_BANNER : t->purpose;
		talk_begin_connection(t);
		return;
	}
	if (!t->is_within && prober->starttls != STARTTLS_NONE &&
	    t->result.transport == IDENTIFY_TCP && t->purpose != FOR_TLS) {
		t->known = prober;
		t->purpose = FOR_STARTTLS;
		talk_begin_connection(t);
		return;
	}
	talk_finish(t);
}

static enum probe_verdict ask(struct talk *t, const struct prober *prober, bool ended,
			      struct writer *w)
{
	struct probe_view view = talk_view(t, ended);
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
struct talk_opinion talk_ask_all(struct talk *t, bool ended, struct writer *w)
{
	unsigned transport = t->outer.transport;
	struct talk_opinion best = { PROBE_NOT, NULL };

	if (t->asked != NULL) {
		best = (struct talk_opinion){ ask(t, t->asked, ended, w), t->asked };
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
			return (struct talk_opinion){ verdict, probers[i] };
		}
		if ((verdict == PROBE_MORE || verdict == PROBE_TRY) && best.verdict < verdict) {
			best = (struct talk_opinion){ verdict, probers[i] };
		}
	}
	return best;
}

/* Nobody knows these bytes. */
static void misunderstand(struct talk *t, bool ended)
{
	struct choice_state *s = talk_level(t);

	s->has_tls_bytes = s->has_tls_bytes || talk_is_tls_record(buffer_span(&t->in));
	s->has_bytes = true;
	if (t->state == LISTENING) {
		t->hellos_max = t->hellos_max < UNKNOWN_HELLOS ? t->hellos_max : UNKNOWN_HELLOS;
		if (ended && t->peer_closed) {
			talk_next_attempt(t);
		}
		return; /* what it says may go on; then it is said something */
	}
	talk_next_attempt(t);
}

static void note_close(struct talk *t)
{
	if (t->peer_closed && t->asked != NULL && t->asked == prober_find("http")) {
		talk_level(t)->closes_http = true;
	}
}

void talk_judge(struct talk *t, bool ended)
{
	uint8_t words[PROBER_SAY_MAX];
	struct writer w = writer_over(words, sizeof words);
	struct talk_opinion opinion;

	t->judged = t->in.len;
	if (t->in.len == 0) {
		if (ended) {
			note_close(t);
			talk_next_attempt(t);
		}
		return;
	}
	opinion = talk_ask_all(t, ended, &w);
	switch (opinion.verdict) {
	case PROBE_IS:
		talk_settle(t, opinion.prober);
		break;
	case PROBE_SAY:
		t->step = opinion.prober == t->asked ? t->step + 1 : 1;
		t->asked = opinion.prober;
		t->since = t->in.len;
		t->state = ASKED;
		talk_wait_ms(t, t->setup->options.answer_ms);
		talk_say(t, writer_span(&w));
		break;
	case PROBE_MORE:
		talk_wait_ms(t, t->state == LISTENING && t->in.len == 0
					? t->setup->options.banner_ms
					: t->setup->options.answer_ms / 2);
		break;
	case PROBE_TRY:
		talk_level(t)->hinted = opinion.prober;
		misunderstand(t, ended);
		break;
	case PROBE_NOT:
		misunderstand(t, ended);
		break;
	}
}
