/* imap.c - IMAP (RFC 9051): greeting, then ID (RFC 2971), which needs no login. */
#include "scan/identify/probers/words.h"

/* RFC 2971 section 3.3 */
static void tell_us(const struct contact *contact, struct writer *say)
{
	writer_text(say, "b1 ID (\"name\" \"bartizan\" \"support-url\" \"");
	writer_text(say, contact->url[0] != '\0' ? contact->url : contact->text);
	writer_text(say, "\")\r\n");
}

static enum probe_verdict imap_read(const struct probe_view *view, struct service_facts *facts,
				    struct writer *say)
{
	struct reader r = reader_over(view->bytes);
	struct span greeting;
	struct span line;

	if (!words_may_start(view->bytes, "* OK") && !words_may_start(view->bytes, "* PREAUTH") &&
	    !words_may_start(view->bytes, "* BYE")) {
		return PROBE_NOT;
	}
	if (!words_line(&r, &greeting)) {
		return view->bytes.len > WORDS_LINE_MAX ? PROBE_NOT : probe_wait(view);
	}
	facts_add(facts, "imap4.banner",
		  span_after(greeting, span_starts_with(greeting, "* OK") ? 5 : 2));
	if (span_starts_with(greeting, "* BYE")) {
		return PROBE_IS;
	}
	if (view->step == 0) {
		tell_us(view->contact, say);
		return PROBE_SAY;
	}
	while (words_line(&r, &line)) {
		if (span_starts_with(line, "* ID (")) {
			facts_add(facts, "imap.id", span_after(line, 5));
		} else if (span_starts_with(line, "b1 ")) {
			return PROBE_IS;
		}
	}
	return view->ended ? PROBE_IS : PROBE_MORE;
}

static const uint16_t ports[] = { 143, 0 };
static const uint16_t tls_ports[] = { 993, 0 };

const struct prober prober_imap = {
	.name = "imap",
	.transports = PROBER_TCP,
	.speaks_first = true,
	.ports = ports,
	.tls_ports = tls_ports,
	.starttls = STARTTLS_IMAP,
	.read = imap_read,
};
