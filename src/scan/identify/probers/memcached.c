/* memcached.c - the text protocol: version. */
#include "scan/identify/probers/words.h"

static void hello(const struct probe_view *view, struct writer *say)
{
	(void)view;
	writer_text(say, "version\r\n");
}

static enum probe_verdict memcached_read(const struct probe_view *view, struct service_facts *facts,
					 struct writer *say)
{
	struct span fresh = probe_fresh(view);
	struct reader r = reader_over(fresh);
	struct span line;

	(void)say;
	if (!words_may_start(fresh, "VERSION ") && !words_may_start(fresh, "ERROR\r\n")) {
		return PROBE_NOT;
	}
	if (!words_line(&r, &line)) {
		return fresh.len > WORDS_LINE_MAX ? PROBE_NOT : probe_wait(view);
	}
	if (span_starts_with(line, "VERSION ")) {
		if (view->step == 0) {
			return PROBE_NOT; /* nobody asked */
		}
		facts_add_text(facts, "service.product", "memcached");
		facts_add(facts, "service.version", span_after(line, 8));
		return PROBE_IS;
	}
	/* an answer to other words, as others might give */
	return span_is(line, "ERROR") && view->step == 0 ? PROBE_TRY : PROBE_NOT;
}

static const uint16_t ports[] = { 11211, 0 };

const struct prober prober_memcached = {
	.name = "memcached",
	.transports = PROBER_TCP,
	.ports = ports,
	.hello = hello,
	.read = memcached_read,
};
