/* nntp.c - NNTP (RFC 3977): the greeting is 200 or 201, which no other protocol with codes uses. */
#include "scan/identify/probers/words.h"

static enum probe_verdict nntp_read(const struct probe_view *view, struct service_facts *facts,
				    struct writer *say)
{
	struct reader r = reader_over(view->bytes);
	struct words_reply greeting;
	enum probe_verdict verdict = words_reply(&r, &greeting);

	(void)say;
	if (verdict != PROBE_IS) {
		return verdict == PROBE_MORE ? probe_wait(view) : verdict;
	}
	if ((greeting.code != 200 && greeting.code != 201) ||
	    !(words_contain(greeting.first, "NNTP") || words_contain(greeting.first, "news") ||
	      words_contain(greeting.first, "post") || view->port == 119)) {
		return PROBE_NOT;
	}
	facts_add(facts, "nntp.banner", greeting.first);
	return PROBE_IS;
}

static const uint16_t ports[] = { 119, 433, 0 };
static const uint16_t tls_ports[] = { 563, 0 };

const struct prober prober_nntp = {
	.name = "nntp",
	.transports = PROBER_TCP,
	.speaks_first = true,
	.ports = ports,
	.tls_ports = tls_ports,
	.starttls = STARTTLS_NNTP,
	.read = nntp_read,
};
