/* xmpp.c - XMPP (RFC 6120): a stream is opened; the server opens its own. Tags are looked for, not
 * parsed. */
#include "scan/identify/probers/words.h"

#define STREAM_MAX 8192u

static void hello(const struct probe_view *view, struct writer *say)
{
	writer_text(say, "<?xml version='1.0'?><stream:stream xmlns='jabber:");
	writer_text(say, view->port == 5269 ? "server" : "client");
	writer_text(say, "' xmlns:stream='http://etherx.jabber.org/streams' version='1.0' "
			 "to='localhost'>");
}

/* The value of an attribute, quoted either way. */
static struct span attribute(struct span tag, const char *name)
{
	struct span wanted = span_of(name);

	for (size_t i = 0; i + wanted.len + 2 < tag.len; i++) {
		struct reader r = reader_over(span_after(tag, i));

		if (tag.ptr[i] == ' ' && span_starts_with(span_after(tag, i + 1), name)) {
			uint8_t quote;

			(void)reader_bytes(&r, 1 + wanted.len);
			if (reader_u8(&r) == '=' &&
			    ((quote = reader_u8(&r)) == '"' || quote == '\'')) {
				return reader_until(&r, quote);
			}
		}
	}
	return (struct span){ NULL, 0 };
}

static enum probe_verdict xmpp_read(const struct probe_view *view, struct service_facts *facts,
				    struct writer *say)
{
	struct span fresh = span_first(probe_fresh(view), STREAM_MAX);

	(void)say;
	if (!words_may_start(fresh, "<?xml") && !words_may_start(fresh, "<stream:")) {
		return PROBE_NOT;
	}
	if (!words_contain(fresh, "etherx.jabber.org/streams")) {
		return fresh.len == STREAM_MAX ? PROBE_NOT : probe_wait(view);
	}
	if (!view->ended && !words_contain(fresh, "</stream:features>") &&
	    !words_contain(fresh, "</stream:error>")) {
		return PROBE_MORE;
	}
	facts_add(facts, "host.name", attribute(fresh, "from"));
	return PROBE_IS;
}

static const uint16_t ports[] = { 5222, 5269, 0 };
static const uint16_t tls_ports[] = { 5223, 5270, 0 };

const struct prober prober_xmpp = {
	.name = "xmpp",
	.transports = PROBER_TCP,
	.ports = ports,
	.tls_ports = tls_ports,
	.starttls = STARTTLS_XMPP,
	.hello = hello,
	.read = xmpp_read,
};
