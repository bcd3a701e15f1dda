/* modbus.c - Modbus/TCP: read device identification (function 43/14), which reads and no more. */
#include "base/reader.h"
#include "scan/identify/prober.h"

#define TRANSACTION 0x6274u
#define OBJECTS_MAX 8u

static void hello(const struct probe_view *view, struct writer *say)
{
	(void)view;
	writer_be16(say, TRANSACTION);
	writer_be16(say, 0);
	writer_be16(say, 5);
	writer_u8(say, 0xff); /* the device itself, not one behind it */
	writer_u8(say, 0x2b);
	writer_u8(say, 0x0e);
	writer_u8(say, 1); /* the basic objects */
	writer_u8(say, 0);
}

static enum probe_verdict modbus_read(const struct probe_view *view, struct service_facts *facts,
				      struct writer *say)
{
	static const char *const kinds[] = { "hw.vendor", "hw.product", "hw.version" };
	struct reader r = reader_over(probe_fresh(view));
	uint16_t transaction = reader_be16(&r);
	uint16_t protocol = reader_be16(&r);
	uint16_t len = reader_be16(&r);
	uint8_t function;
	uint8_t count;

	(void)say;
	if (view->step == 0) {
		return PROBE_NOT;
	}
	if (!reader_ok(&r)) {
		return probe_wait(view);
	}
	if (transaction != TRANSACTION || protocol != 0 || len < 3 || len > 256) {
		return PROBE_NOT;
	}
	if (reader_left(&r) < len) {
		return probe_wait(view);
	}
	(void)reader_u8(&r); /* unit */
	function = reader_u8(&r);
	if (function == 0xab) {
		return PROBE_IS; /* an exception: it has no identification to read */
	}
	if (function != 0x2b || reader_u8(&r) != 0x0e) {
		return PROBE_NOT;
	}
	(void)reader_bytes(&r, 4); /* code, conformity, more, next */
	count = reader_u8(&r);
	for (unsigned i = 0; i < count && i < OBJECTS_MAX && reader_ok(&r); i++) {
		uint8_t id = reader_u8(&r);
		struct span value = reader_bytes(&r, reader_u8(&r));

		if (id < COUNT_OF(kinds)) {
			facts_add(facts, kinds[id], value);
		}
	}
	return PROBE_IS;
}

static const uint16_t ports[] = { 502, 0 };

const struct prober prober_modbus = {
	.name = "modbus",
	.transports = PROBER_TCP,
	.ports = ports,
	.hello = hello,
	.read = modbus_read,
};
