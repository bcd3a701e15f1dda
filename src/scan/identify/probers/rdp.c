/* rdp.c - Remote Desktop ([MS-RDPBCGR] 2.2.1.1): an X.224 connection that asks for TLS or CredSSP.
 */
#include "base/reader.h"
#include "scan/identify/prober.h"

#define CONFIRM 0xd0u

static void hello(const struct probe_view *view, struct writer *say)
{
	static const uint8_t request[] = { 3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0,
					   0, 1, 0, 8,  0,  3,    0, 0, 0 };

	(void)view;
	writer_bytes(say, (struct span){ request, sizeof request });
}

static enum probe_verdict rdp_read(const struct probe_view *view, struct service_facts *facts,
				   struct writer *say)
{
	/* MCS: disconnect provider ultimatum, "user requested" (T.125) */
	static const uint8_t farewell[] = { 3, 0, 0, 9, 2, 0xf0, 0x80, 0x21, 0x80 };
	struct span fresh = probe_fresh(view);
	struct reader r = reader_over(fresh);
	uint32_t head = reader_be32(&r);
	uint8_t kind;

	(void)say;
	if (view->step == 0 && span_equal(fresh, (struct span){ farewell, sizeof farewell })) {
		return PROBE_TRY; /* to words it did not understand */
	}
	if (view->step == 0 || (fresh.len > 0 && fresh.ptr[0] != 3)) {
		return PROBE_NOT;
	}
	(void)reader_u8(&r);
	kind = reader_u8(&r);
	if (!reader_ok(&r)) {
		return probe_wait(view);
	}
	if (head >> 16 != 0x0300 || (head & 0xffff) < 11 || (head & 0xffff) > 64 ||
	    kind != CONFIRM) {
		return PROBE_NOT;
	}
	(void)reader_bytes(&r, 5);
	if ((head & 0xffff) == 11) {
		facts_add_text(facts, "rdp.security", "rdp");
		return reader_ok(&r) ? PROBE_IS : probe_wait(view);
	}
	kind = reader_u8(&r);
	(void)reader_bytes(&r, 3);
	head = reader_le32(&r);
	if (!reader_ok(&r)) {
		return probe_wait(view);
	}
	if (kind != 2 && kind != 3) {
		return PROBE_NOT; /* parameters of another protocol over X.224, as S7's */
	}
	facts_add_text(facts, "rdp.security",
		       kind == 3 || head == 0 ? "rdp"
		       : head == 1            ? "tls"
					      : "credssp");
	return PROBE_IS;
}

static const uint16_t ports[] = { 3389, 0 };

const struct prober prober_rdp = {
	.name = "rdp",
	.transports = PROBER_TCP,
	.ports = ports,
	.starttls = STARTTLS_RDP,
	.hello = hello,
	.read = rdp_read,
};
