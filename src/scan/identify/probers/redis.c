/* redis.c - Redis' inline commands: INFO, or the refusal of it. */
#include "scan/identify/probers/words.h"

#define INFO_MAX 8192u

static void hello(const struct probe_view *view, struct writer *say)
{
	(void)view;
	writer_text(say, "INFO server\r\n");
}

static bool is_refusal(struct span line)
{
	return span_starts_with(line, "-NOAUTH ") || span_starts_with(line, "-DENIED Redis") ||
	       span_starts_with(line, "-NOPERM ") ||
	       words_contain(line, "-ERR operation not permitted");
}

static enum probe_verdict redis_read(const struct probe_view *view, struct service_facts *facts,
				     struct writer *say)
{
	struct span fresh = probe_fresh(view);
	struct reader r = reader_over(fresh);
	struct span line;

	(void)say;
	if (fresh.len > 0 && fresh.ptr[0] != '$' && fresh.ptr[0] != '-') {
		return PROBE_NOT;
	}
	if (!words_line(&r, &line)) {
		return fresh.len > WORDS_LINE_MAX ? PROBE_NOT : probe_wait(view);
	}
	if (is_refusal(line)) {
		facts_add_text(facts, "redis.access", "refused");
		facts_add_text(facts, "service.product", "Redis");
		return PROBE_IS;
	}
	if (span_starts_with(line, "-ERR wrong number of arguments for 'get'") ||
	    span_starts_with(line, "-ERR unknown command")) {
		return view->step > 0 ? PROBE_IS : PROBE_TRY; /* an answer to other words */
	}
	if (line.ptr[0] != '$') {
		return PROBE_NOT;
	}
	while (words_line(&r, &line)) {
		if (span_starts_with(line, "redis_version:")) {
			facts_add_text(facts, "service.product", "Redis");
			facts_add(facts, "service.version", span_after(line, 14));
			facts_add_text(facts, "redis.access", "open");
		} else if (span_starts_with(line, "os:")) {
			facts_add(facts, "os.kernel", span_after(line, 3));
		} else if (span_starts_with(line, "tcp_port:")) {
			return PROBE_IS;
		}
	}
	if (view->ended || fresh.len > INFO_MAX) {
		return facts_find(facts, "redis.access").len > 0 ? PROBE_IS : PROBE_NOT;
	}
	return PROBE_MORE;
}

static const uint16_t ports[] = { 6379, 6380, 26379, 0 };

const struct prober prober_redis = {
	.name = "redis",
	.transports = PROBER_TCP,
	.ports = ports,
	.hello = hello,
	.read = redis_read,
};
