/* mssql.c - SQL Server: PRELOGIN ([MS-TDS] 2.2.6.5). */
#include "base/reader.h"
#include "scan/identify/prober.h"

#define OPTIONS_MAX 16u
#define PACKET_MAX  4096u

static void hello(const struct probe_view *view, struct writer *say)
{
	static const uint8_t packet[] = { 0x12, 0x01, 0x00, 0x1a, 0,    0, 1, 0, /* PRELOGIN */
					  0x00, 0x00, 0x0b, 0x00, 0x06,          /* version */
					  0x01, 0x00, 0x11, 0x00, 0x01,          /* encryption */
					  0xff, 0,    0,    0,    0,    0, 0, 0 };

	(void)view;
	writer_bytes(say, (struct span){ packet, sizeof packet });
}

static enum probe_verdict mssql_read(const struct probe_view *view, struct service_facts *facts,
				     struct writer *say)
{
	static const char *const encryption[] = { "off", "on", "not supported", "required" };
	struct span fresh = probe_fresh(view);
	struct reader r = reader_over(fresh);
	uint8_t kind = reader_u8(&r);
	uint8_t status = reader_u8(&r);
	uint16_t len = reader_be16(&r);
	struct span body;
	bool has_version = false;

	(void)say;
	if (view->step == 0 || (fresh.len > 0 && kind != 4)) {
		return PROBE_NOT;
	}
	(void)reader_be32(&r);
	if (!reader_ok(&r)) {
		return probe_wait(view);
	}
	if (status > 1 || len < 9 || len > PACKET_MAX) {
		return PROBE_NOT;
	}
	if (reader_left(&r) < len - 8u) {
		return probe_wait(view);
	}
	body = reader_bytes(&r, len - 8u);
	r = reader_over(body);
	for (unsigned i = 0; i < OPTIONS_MAX; i++) {
		uint8_t option = reader_u8(&r);
		uint16_t offset;
		struct reader value;

		if (option == 0xff || !reader_ok(&r)) {
			break;
		}
		offset = reader_be16(&r);
		value = reader_over(span_first(span_after(body, offset), reader_be16(&r)));
		if (option == 0 && reader_left(&value) >= 6) {
			unsigned version[3] = { reader_u8(&value), reader_u8(&value), 0 };

			version[2] = reader_be16(&value);
			facts_add_version(facts, "service.version", version, 3);
			has_version = true;
		} else if (option == 1 && reader_left(&value) >= 1) {
			facts_add_text(facts, "mssql.encryption",
				       encryption[reader_u8(&value) & 3]);
		}
	}
	if (!has_version) {
		return PROBE_NOT;
	}
	facts_add_text(facts, "service.vendor", "Microsoft");
	facts_add_text(facts, "service.product", "SQL Server");
	return PROBE_IS;
}

static const uint16_t ports[] = { 1433, 0 };

const struct prober prober_mssql = {
	.name = "mssql",
	.transports = PROBER_TCP,
	.ports = ports,
	.hello = hello,
	.read = mssql_read,
};
