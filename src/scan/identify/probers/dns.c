/* dns.c - DNS (RFC 1035): the version that servers tell as TXT of version.bind in class CHAOS. */
#include "base/reader.h"
#include "formats/dns_name.h"
#include "scan/identify/prober.h"

#define QUERY_ID    0x6274u
#define TXT         16
#define CHAOS       3
#define ANSWERS_MAX 8u

static void hello(const struct probe_view *view, struct writer *say)
{
	uint8_t query[64];
	struct writer w = writer_over(query, sizeof query);

	(void)view;
	writer_be16(&w, QUERY_ID);
	writer_be16(&w, 0); /* a standard query */
	writer_be16(&w, 1); /* one question */
	writer_be32(&w, 0); /* no answer, no authority */
	writer_be16(&w, 0); /* nothing more */
	writer_u8(&w, 7);
	writer_text(&w, "version");
	writer_u8(&w, 4);
	writer_text(&w, "bind");
	writer_u8(&w, 0);
	writer_be16(&w, TXT);
	writer_be16(&w, CHAOS);
	if (view->is_datagram) {
		writer_bytes(say, writer_span(&w));
		return;
	}
	writer_be16(say, (uint16_t)writer_used(&w));
	writer_bytes(say, writer_span(&w));
}

static void tell_answers(struct reader *r, unsigned count, struct service_facts *facts)
{
	for (unsigned i = 0; i < count && i < ANSWERS_MAX && reader_ok(r); i++) {
		uint16_t type;
		struct reader data;

		dns_name_skip(r);
		type = reader_be16(r);
		(void)reader_be16(r);
		(void)reader_be32(r);
		data = reader_over(reader_bytes(r, reader_be16(r)));
		if (type == TXT) {
			facts_add(facts, "dns.versionbind", reader_bytes(&data, reader_u8(&data)));
		}
	}
}

static enum probe_verdict dns_read(const struct probe_view *view, struct service_facts *facts,
				   struct writer *say)
{
	struct reader r = reader_over(probe_fresh(view));
	uint16_t flags;
	uint16_t questions;
	uint16_t answers;

	(void)say;
	if (view->step == 0) {
		return PROBE_NOT; /* it never speaks unasked, and nothing but the number asked
				     proves it */
	}
	if (!view->is_datagram) {
		uint16_t len = reader_be16(&r);

		if (reader_left(&r) < len) {
			return len > 4096 ? PROBE_NOT : probe_wait(view);
		}
		r = reader_over(reader_bytes(&r, len));
	}
	if (reader_be16(&r) != QUERY_ID && !view->is_ours) {
		return PROBE_NOT;
	}
	flags = reader_be16(&r);
	questions = reader_be16(&r);
	answers = reader_be16(&r);
	(void)reader_be32(&r);
	if (!reader_ok(&r) || (flags & 0x8000) == 0 || (flags & 0x7800) != 0 || questions > 1) {
		return PROBE_NOT;
	}
	if (questions == 1) {
		dns_name_skip(&r);
		(void)reader_be32(&r);
	}
	tell_answers(&r, answers, facts);
	if ((flags & 0x0080) != 0) {
		facts_add_text(facts, "dns.recursion", "offered");
	}
	return PROBE_IS;
}

static const uint16_t ports[] = { 53, 5353, 0 };
static const uint16_t tls_ports[] = { 853, 0 };
static const char *const alpn[] = { "dot", NULL };

const struct prober prober_dns = {
	.name = "dns",
	.transports = PROBER_TCP | PROBER_UDP,
	.ports = ports,
	.tls_ports = tls_ports,
	.alpn = alpn,
	.hello = hello,
	.read = dns_read,
};
