/* vnc.c - RFB (RFC 6143): version, then the kinds of security it offers. */
#include "scan/identify/probers/words.h"

#define VERSION_SIZE 12

static const char *security_name(uint8_t kind)
{
	switch (kind) {
	case 1:
		return "none";
	case 2:
		return "vnc";
	case 18:
		return "tls";
	case 19:
		return "vencrypt";
	case 30:
		return "apple";
	default:
		return "other";
	}
}

static enum probe_verdict vnc_read(const struct probe_view *view, struct service_facts *facts,
				   struct writer *say)
{
	struct reader r = reader_over(view->bytes);
	struct span version = reader_bytes(&r, VERSION_SIZE);
	uint8_t count;

	if (!words_may_start(view->bytes, "RFB ")) {
		return PROBE_NOT;
	}
	if (!reader_ok(&r)) {
		return probe_wait(view);
	}
	if (version.ptr[7] != '.' || version.ptr[11] != '\n') {
		return PROBE_NOT;
	}
	facts_add(facts, "vnc.version", span_after(version, 4));
	if (view->step == 0) {
		/* 3.7 and later list what they offer; older ones decide */
		writer_text(say, span_compare(version, span_of("RFB 003.008\n")) < 0
					 ? "RFB 003.003\n"
					 : "RFB 003.008\n");
		return PROBE_SAY;
	}
	count = reader_u8(&r);
	if (count == 0 && reader_left(&r) == 3) { /* 3.3: four bytes */
		(void)reader_be16(&r);
		facts_add_text(facts, "vnc.security", security_name(reader_u8(&r)));
		return PROBE_IS;
	}
	if ((!reader_ok(&r) || reader_left(&r) < count) && !view->ended) {
		return PROBE_MORE;
	}
	while (count-- > 0 && reader_left(&r) > 0) {
		facts_add_text(facts, "vnc.security", security_name(reader_u8(&r)));
	}
	return PROBE_IS;
}

static const uint16_t ports[] = { 5900, 5901, 5902, 5903, 0 };

const struct prober prober_vnc = {
	.name = "vnc",
	.transports = PROBER_TCP,
	.speaks_first = true,
	.ports = ports,
	.read = vnc_read,
};
