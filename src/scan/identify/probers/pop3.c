/* pop3.c - POP3 (RFC 1939): greeting, then CAPA (RFC 2449) for the implementation's name. */
#include "scan/identify/probers/words.h"

static enum probe_verdict pop3_read(const struct probe_view *view, struct service_facts *facts,
				    struct writer *say)
{
	struct reader r = reader_over(view->bytes);
	struct span greeting;
	struct span line;

	if (!words_may_start(view->bytes, "+OK") && !words_may_start(view->bytes, "-ERR")) {
		return PROBE_NOT;
	}
	if (!words_line(&r, &greeting)) {
		return view->bytes.len > WORDS_LINE_MAX ? PROBE_NOT : probe_wait(view);
	}
	if (view->step == 0 && view->said_by != NULL) {
		return PROBE_NOT; /* as an answer to others' words, Redis says the same */
	}
	if (span_starts_with(greeting, "-ERR")) {
		facts_add(facts, "pop3.banner", span_after(greeting, 5));
		return words_contain(greeting, "number of clients") ? PROBE_NOT : PROBE_IS;
	}
	if (view->step == 0 && !view->ended) {
		writer_text(say, "CAPA\r\n");
		return PROBE_SAY;
	}
	facts_add(facts, "pop3.banner", span_after(greeting, 4));
	while (words_line(&r, &line)) {
		if (span_starts_with(line, "IMPLEMENTATION ")) {
			facts_add(facts, "pop3.implementation", span_after(line, 15));
		} else if (span_is(line, ".") || span_starts_with(line, "-ERR")) {
			return PROBE_IS;
		}
	}
	return view->ended ? PROBE_IS : PROBE_MORE;
}

static const uint16_t ports[] = { 110, 0 };
static const uint16_t tls_ports[] = { 995, 0 };

const struct prober prober_pop3 = {
	.name = "pop3",
	.transports = PROBER_TCP,
	.speaks_first = true,
	.ports = ports,
	.tls_ports = tls_ports,
	.starttls = STARTTLS_POP3,
	.read = pop3_read,
};
