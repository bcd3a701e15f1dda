/* smtp.c - SMTP (RFC 5321): greeting, then EHLO for what it offers. */
#include "scan/identify/probers/words.h"

/* Others greet with 220 as well. */
static bool is_of_others(struct span greeting)
{
	return words_contain(greeting, "FTP") && !words_contain(greeting, "SMTP");
}

static bool is_surely(const struct probe_view *view, struct span greeting)
{
	return words_contain(greeting, "SMTP") || words_contain(greeting, "mail") ||
	       words_contain(greeting, "postfix") || view->port == 25 || view->port == 587 ||
	       view->port == 465;
}

static void tell_offers(struct span lines, struct service_facts *facts)
{
	struct reader r = reader_over(lines);
	struct span line;

	for (unsigned i = 0; i < 12 && words_line(&r, &line); i++) {
		facts_add(facts, "smtp_ehlo", line);
	}
}

static enum probe_verdict smtp_read(const struct probe_view *view, struct service_facts *facts,
				    struct writer *say)
{
	struct reader r = reader_over(view->bytes);
	struct words_reply greeting;
	struct words_reply offers;
	enum probe_verdict verdict = words_reply(&r, &greeting);

	if (verdict != PROBE_IS) {
		return verdict == PROBE_MORE ? probe_wait(view) : verdict;
	}
	if ((greeting.code != 220 && greeting.code != 554 && greeting.code != 421) ||
	    is_of_others(greeting.whole)) {
		return PROBE_NOT;
	}
	if (greeting.code != 220) {
		if (!is_surely(view, greeting.whole)) {
			return PROBE_NOT;
		}
		facts_add(facts, "smtp.banner", greeting.first);
		return PROBE_IS; /* it does not talk to us: "554 no SMTP service here" */
	}
	if (view->step == 0) {
		if (!is_surely(view, greeting.whole) &&
		    prober_has_port(prober_find("ftp"), view->port)) {
			return PROBE_NOT;
		}
		if (view->ended) {
			return is_surely(view, greeting.whole) ? PROBE_IS : PROBE_NOT;
		}
		/* the one word about us: whose machine it is (RFC 5321 section 4.1.1.1) */
		writer_text(say, "EHLO ");
		writer_text(say, view->contact->host[0] != '\0' ? view->contact->host
								: "bartizan.invalid");
		writer_text(say, "\r\n");
		return PROBE_SAY;
	}
	verdict = words_reply(&r, &offers);
	if (verdict == PROBE_MORE && !view->ended) {
		return PROBE_MORE;
	}
	if (verdict == PROBE_IS && offers.code == 250) {
		tell_offers(offers.whole, facts);
	} else if (!is_surely(view, greeting.whole)) {
		return PROBE_NOT;
	}
	facts_add(facts, "smtp.banner", greeting.first);
	return PROBE_IS;
}

static const uint16_t ports[] = { 25, 587, 2525, 0 };
static const uint16_t tls_ports[] = { 465, 0 };

const struct prober prober_smtp = {
	.name = "smtp",
	.transports = PROBER_TCP,
	.speaks_first = true,
	.ports = ports,
	.tls_ports = tls_ports,
	.starttls = STARTTLS_SMTP,
	.read = smtp_read,
};
