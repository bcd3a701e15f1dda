/* bacnet.c - BACnet/IP (ASHRAE 135 annex J): ReadProperty of the device, three of them in turn. */
#include "base/reader.h"
#include "scan/identify/prober.h"

#define COMPLEX_ACK 3u
#define ERROR_PDU   5u
#define REJECT_PDU  6u

static const struct {
	uint8_t property;
	const char *kind;
} wanted[] = { { 121, "hw.vendor" }, { 70, "hw.product" }, { 44, "hw.version" } };

static void ask(struct writer *say, unsigned which)
{
	const uint8_t request[] = { 0x81,
				    0x0a,
				    0,
				    17,
				    1,
				    4,
				    0,
				    5,
				    (uint8_t)(which + 1),
				    12,
				    0x0c,
				    0x02,
				    0x3f,
				    0xff,
				    0xff,
				    0x19,
				    wanted[which].property };

	writer_bytes(say, (struct span){ request, sizeof request });
}

static void hello(const struct probe_view *view, struct writer *say)
{
	(void)view;
	ask(say, 0);
}

/* A character string after the opening tag of the value. */
static void tell_value(struct reader *r, const char *kind, struct service_facts *facts)
{
	uint8_t len;

	while (reader_left(r) > 0 && reader_u8(r) != 0x3e) {
	}
	len = reader_u8(r);
	if (len >> 4 != 7) {
		return;
	}
	len &= 15;
	if (len == 13) { /* 0x75: the length follows */
		len = reader_u8(r);
	} else if ((len & 7) == 5) {
		len = reader_u8(r);
	} else {
		len &= 7;
	}
	if (len > 1 && reader_u8(r) == 0) { /* UTF-8 */
		facts_add(facts, kind, reader_bytes(r, len - 1u));
	}
}

static enum probe_verdict bacnet_read(const struct probe_view *view, struct service_facts *facts,
				      struct writer *say)
{
	struct reader r = reader_over(view->bytes);
	uint8_t type = reader_u8(&r);
	uint8_t function = reader_u8(&r);
	uint16_t len = reader_be16(&r);
	uint8_t pdu;
	uint8_t number;

	if (view->step == 0 || type != 0x81 || (function != 0x0a && function != 0x0b) ||
	    len > view->bytes.len) {
		return PROBE_NOT;
	}
	if (reader_u8(&r) != 1) {
		return PROBE_NOT;
	}
	(void)reader_u8(&r); /* control: no addresses, since we sent none */
	pdu = reader_u8(&r) >> 4;
	number = reader_u8(&r);
	if (!reader_ok(&r) || (pdu != COMPLEX_ACK && pdu != ERROR_PDU && pdu != REJECT_PDU)) {
		return PROBE_NOT;
	}
	if (pdu == COMPLEX_ACK && number >= 1 && number <= COUNT_OF(wanted)) {
		tell_value(&r, wanted[number - 1].kind, facts);
	}
	if (view->step >= COUNT_OF(wanted) || view->ended) {
		return PROBE_IS;
	}
	ask(say, view->step);
	return PROBE_SAY;
}

static const uint16_t ports[] = { 47808, 0 };

const struct prober prober_bacnet = {
	.name = "bacnet",
	.transports = PROBER_UDP,
	.ports = ports,
	.hello = hello,
	.read = bacnet_read,
};
