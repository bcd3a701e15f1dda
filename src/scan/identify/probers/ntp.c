/* ntp.c - NTP (RFC 5905): a client's question, then the variables (RFC 9327), where they are told.
 */
#include "base/reader.h"
#include "scan/identify/prober.h"

#define PACKET_SIZE  48u
#define MODE_SERVER  4
#define MODE_CONTROL 6
#define READVAR      2

static void hello(const struct probe_view *view, struct writer *say)
{
	(void)view;
	writer_u8(say, 4u << 3 | 3); /* version 4, client */
	for (unsigned i = 1; i < PACKET_SIZE - 8; i++) {
		writer_u8(say, 0);
	}
	writer_be64(say, UINT64_C(0x6274627462746274)); /* comes back as the origin's time */
}

static void ask_variables(struct writer *say)
{
	writer_u8(say, 2u << 3 | MODE_CONTROL);
	writer_u8(say, READVAR);
	writer_be16(say, 1);
	writer_be64(say, 0);
}

static enum probe_verdict ntp_read(const struct probe_view *view, struct service_facts *facts,
				   struct writer *say)
{
	struct reader r = reader_over(view->bytes);
	uint8_t first = reader_u8(&r);
	uint8_t second = reader_u8(&r);
	unsigned mode = first & 7;
	uint8_t stratum[4];
	struct writer w = writer_over(stratum, sizeof stratum);

	if (view->step == 0 || !reader_ok(&r)) {
		return PROBE_NOT;
	}
	if (mode == MODE_CONTROL && second == (0x80 | READVAR)) {
		(void)reader_bytes(&r, 8);
		facts_add(facts, "ntp.readvar", reader_bytes(&r, reader_be16(&r)));
		return PROBE_IS;
	}
	(void)reader_bytes(&r, 22);
	if (mode != MODE_SERVER ||
	    (reader_be64(&r) != UINT64_C(0x6274627462746274) && !view->is_ours)) {
		return PROBE_NOT;
	}
	writer_decimal(&w, second);
	facts_add(facts, "ntp.stratum", writer_span(&w));
	if (view->step > 1) {
		return view->ended ? PROBE_IS : PROBE_MORE;
	}
	ask_variables(say);
	return PROBE_SAY;
}

static const uint16_t ports[] = { 123, 0 };

const struct prober prober_ntp = {
	.name = "ntp",
	.transports = PROBER_UDP,
	.ports = ports,
	.hello = hello,
	.read = ntp_read,
};
