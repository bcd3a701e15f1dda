/* ftp.c - FTP (RFC 959): greeting, then FEAT (RFC 2389), which needs no login. */
#include "scan/identify/probers/words.h"

static bool is_surely(const struct probe_view *view, struct span greeting)
{
	return words_contain(greeting, "FTP") || view->port == 21 || view->port == 990;
}

static enum probe_verdict ftp_read(const struct probe_view *view, struct service_facts *facts,
				   struct writer *say)
{
	struct reader r = reader_over(view->bytes);
	struct words_reply greeting;
	struct words_reply answer;
	enum probe_verdict verdict = words_reply(&r, &greeting);

	if (verdict != PROBE_IS) {
		return verdict == PROBE_MORE ? probe_wait(view) : verdict;
	}
	if ((greeting.code != 220 && greeting.code != 421 && greeting.code != 530) ||
	    words_contain(greeting.whole, "SMTP")) {
		return PROBE_NOT;
	}
	if (view->step == 0 && greeting.code == 220 && is_surely(view, greeting.whole) &&
	    !view->ended) {
		writer_text(say, "FEAT\r\n");
		return PROBE_SAY;
	}
	verdict = words_reply(&r, &answer);
	if (verdict == PROBE_MORE && view->step > 0 && !view->ended) {
		return PROBE_MORE;
	}
	/* 530, 331: asks for a login, as no SMTP does */
	if (!is_surely(view, greeting.whole) &&
	    !(verdict == PROBE_IS && (answer.code == 530 || answer.code == 331))) {
		return PROBE_NOT;
	}
	facts_add(facts, "ftp.banner", greeting.first);
	facts_add(facts, "ftp.banner", greeting.last);
	if (verdict == PROBE_IS && answer.code == 211) {
		facts_add(facts, "ftp.features", answer.whole);
	}
	return PROBE_IS;
}

static const uint16_t ports[] = { 21, 2121, 0 };
static const uint16_t tls_ports[] = { 990, 0 };

const struct prober prober_ftp = {
	.name = "ftp",
	.transports = PROBER_TCP,
	.speaks_first = true,
	.ports = ports,
	.tls_ports = tls_ports,
	.starttls = STARTTLS_FTP,
	.read = ftp_read,
};
