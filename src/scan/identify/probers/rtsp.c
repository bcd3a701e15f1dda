/* rtsp.c - RTSP (RFC 7826): OPTIONS. */
#include "scan/identify/probers/words.h"

static void hello(const struct probe_view *view, struct writer *say)
{
	writer_text(say, "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: ");
	contact_write_agent(view->contact, say);
	writer_text(say, "\r\n\r\n");
}

static enum probe_verdict rtsp_read(const struct probe_view *view, struct service_facts *facts,
				    struct writer *say)
{
	struct words_answer a;
	enum probe_verdict verdict = words_answer(probe_fresh(view), view->ended, "RTSP/", &a);

	(void)say;
	if (verdict == PROBE_IS) {
		facts_add(facts, "rtsp_header.server", words_header_first(&a, "server"));
		facts_add(facts, "rtsp.methods", words_header_first(&a, "public"));
	}
	return verdict;
}

static const uint16_t ports[] = { 554, 8554, 0 };
static const uint16_t tls_ports[] = { 322, 0 };

const struct prober prober_rtsp = {
	.name = "rtsp",
	.transports = PROBER_TCP,
	.ports = ports,
	.tls_ports = tls_ports,
	.hello = hello,
	.read = rtsp_read,
};
