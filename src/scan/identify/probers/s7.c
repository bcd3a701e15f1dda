/* s7.c - Siemens S7: an ISO transport connection (RFC 905) to the CPU, S7's own set-up, then the
 * list that names module and system (SZL 0x001c). All of it reads. */
#include "base/reader.h"
#include "scan/identify/prober.h"

#define CONFIRM     0xd0u
#define DATA        0xf0u
#define RECORDS_MAX 16u
#define RECORD_SIZE 34u

static void hello(const struct probe_view *view, struct writer *say)
{
	static const uint8_t request[] = {
		3,    0, 0,    22,   17,   0xe0, 0, 0,    0,    20, 0,
		0xc1, 2, 0x01, 0x00, 0xc2, 2,    1, 0x02, 0xc0, 1,  0x0a
	};

	(void)view;
	writer_bytes(say, (struct span){ request, sizeof request });
}

static void set_up(struct writer *say)
{
	static const uint8_t request[] = { 3, 0, 0, 25, 2,    0xf0, 0x80, 0x32, 1, 0, 0, 0,   0,
					   0, 8, 0, 0,  0xf0, 0,    0,    1,    0, 1, 1, 0xe0 };

	writer_bytes(say, (struct span){ request, sizeof request });
}

static void ask_list(struct writer *say)
{
	static const uint8_t request[] = { 3,    0, 0, 33,   2, 0xf0, 0x80, 0x32, 7,    0, 0,
					   0,    0, 0, 8,    0, 8,    0,    1,    0x12, 4, 0x11,
					   0x44, 1, 0, 0xff, 9, 0,    4,    0,    0x1c, 0, 0 };

	writer_bytes(say, (struct span){ request, sizeof request });
}

static struct span text_of(struct span field)
{
	return span_trim(span_first(field, span_find(field, 0)));
}

/* Records of SZL 0x001c: a number, then text. */
static void tell_list(struct reader *r, struct service_facts *facts)
{
	uint16_t size;
	uint16_t count;

	(void)reader_bytes(r, 10 + 12); /* S7's head and parameters */
	if (reader_u8(r) != 0xff) {
		return;
	}
	(void)reader_bytes(r, 3 + 4); /* lengths, list */
	size = reader_be16(r);
	count = reader_be16(r);
	if (size != RECORD_SIZE) {
		return;
	}
	for (unsigned i = 0; i < count && i < RECORDS_MAX && reader_ok(r); i++) {
		uint16_t number = reader_be16(r);
		struct span text = text_of(reader_bytes(r, RECORD_SIZE - 2));

		if (number == 1) {
			facts_add(facts, "host.name", text);
		} else if (number == 7) {
			facts_add(facts, "hw.product", text);
		} else if (number == 5) {
			facts_add(facts, "hw.serial_number", text);
		}
	}
}

static enum probe_verdict s7_read(const struct probe_view *view, struct service_facts *facts,
				  struct writer *say)
{
	struct span fresh = probe_fresh(view);
	struct reader r = reader_over(fresh);
	uint32_t head = reader_be32(&r);
	uint8_t kind;

	if (view->step == 0 || (fresh.len > 0 && fresh.ptr[0] != 3)) {
		return PROBE_NOT;
	}
	if (fresh.len < 7 || fresh.len < (head & 0xffff)) {
		return view->step > 2 && view->ended ? PROBE_IS : probe_wait(view);
	}
	(void)reader_u8(&r);
	kind = reader_u8(&r);
	if (head >> 16 != 0x0300) {
		return PROBE_NOT;
	}
	if (view->step == 1) {
		if (kind != CONFIRM || view->ended) {
			return PROBE_NOT;
		}
		set_up(say); /* others speak over this transport, too */
		return PROBE_SAY;
	}
	(void)reader_u8(&r);
	if (kind != DATA || reader_peek(&r) != 0x32) {
		return PROBE_NOT;
	}
	if (view->step == 2) {
		facts_add_text(facts, "hw.vendor", "Siemens");
		ask_list(say);
		return PROBE_SAY;
	}
	tell_list(&r, facts);
	return PROBE_IS;
}

static const uint16_t ports[] = { 102, 0 };

const struct prober prober_s7 = {
	.name = "s7",
	.transports = PROBER_TCP,
	.ports = ports,
	.hello = hello,
	.read = s7_read,
};
