/* sip.c - SIP (RFC 3261): OPTIONS, which any server answers, if only to refuse. */
#include "scan/identify/probers/words.h"

static void hello(const struct probe_view *view, struct writer *say)
{
	writer_text(say, "OPTIONS sip:bartizan.invalid SIP/2.0\r\nVia: SIP/2.0/");
	writer_text(say, view->is_tls ? "TLS" : view->is_datagram ? "UDP" : "TCP");
	writer_text(
		say,
		" bartizan.invalid;branch=z9hG4bKbartizan;rport\r\n"
		"Max-Forwards: 70\r\nTo: <sip:bartizan.invalid>\r\n"
		"From: <sip:inventory@bartizan.invalid>;tag=1\r\nCall-ID: 1@bartizan.invalid\r\n"
		"CSeq: 1 OPTIONS\r\nContact: <sip:inventory@bartizan.invalid>\r\n"
		"Accept: application/sdp\r\nUser-Agent: ");
	contact_write_agent(view->contact, say);
	writer_text(say, "\r\nOrganization: ");
	writer_text(say, view->contact->text);
	writer_text(say, "\r\nContent-Length: 0\r\n\r\n");
}

static enum probe_verdict sip_read(const struct probe_view *view, struct service_facts *facts,
				   struct writer *say)
{
	struct words_answer a;
	enum probe_verdict verdict = words_answer(probe_fresh(view), view->ended, "SIP/2.0", &a);

	(void)say;
	if (verdict == PROBE_IS) {
		facts_add(facts, "sip_header.server", words_header_first(&a, "server"));
		facts_add(facts, "sip_header.user_agent", words_header_first(&a, "user-agent"));
	}
	return verdict;
}

static const uint16_t ports[] = { 5060, 0 };
static const uint16_t tls_ports[] = { 5061, 0 };

const struct prober prober_sip = {
	.name = "sip",
	.transports = PROBER_TCP | PROBER_UDP,
	.ports = ports,
	.tls_ports = tls_ports,
	.hello = hello,
	.read = sip_read,
};
