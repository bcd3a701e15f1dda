/* sieve.c - ManageSieve (RFC 5804): it greets with its capabilities. */
#include "scan/identify/probers/words.h"

static enum probe_verdict sieve_read(const struct probe_view *view, struct service_facts *facts,
				     struct writer *say)
{
	struct reader r = reader_over(view->bytes);
	struct span line;

	(void)say;
	if (!words_may_start(view->bytes, "\"IMPLEMENTATION\" ")) {
		return PROBE_NOT;
	}
	if (!words_line(&r, &line)) {
		return view->bytes.len > WORDS_LINE_MAX ? PROBE_NOT : probe_wait(view);
	}
	line = span_trim(span_after(line, 17));
	facts_add(facts, "service.product",
		  line.len > 2 ? span_first(span_after(line, 1), line.len - 2) : line);
	return PROBE_IS;
}

static const uint16_t ports[] = { 4190, 0 };

const struct prober prober_sieve = {
	.name = "sieve",
	.transports = PROBER_TCP,
	.speaks_first = true,
	.ports = ports,
	.starttls = STARTTLS_SIEVE,
	.read = sieve_read,
};
