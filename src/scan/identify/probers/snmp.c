/* snmp.c - SNMP: sysDescr, sysObjectID and sysName with the community that is everybody's (RFC
 * 1157), and the discovery of the engine (RFC 3414 section 4), which needs none. */
#include "base/text.h"
#include "formats/der.h"
#include "scan/identify/prober.h"

#define BINDINGS_MAX 8u
#define ENGINE_MAX   32u

static const uint8_t get_system[] = {
	0x30, 0x43, 0x02, 0x01, 0x00, 0x04, 0x06, 'p',  'u',  'b',  'l',  'i',  'c',  0xa0,
	0x36, 0x02, 0x02, 0x62, 0x74, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x2a, /* bindings */
	0x30, 0x0c, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x02, 0x01, 0x01, 0x01, 0x00, 0x05, 0x00,
	0x30, 0x0c, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x02, 0x01, 0x01, 0x02, 0x00, 0x05, 0x00,
	0x30, 0x0c, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x02, 0x01, 0x01, 0x05, 0x00, 0x05, 0x00,
};

static const uint8_t discover_engine[] = {
	0x30, 0x3a, 0x02, 0x01, 0x03, 0x30, 0x0f, 0x02, 0x02, 0x62, 0x74, 0x02, 0x03, 0x00, 0xff,
	0xe3, 0x04, 0x01, 0x04, 0x02, 0x01, 0x03, 0x04, 0x10, 0x30, 0x0e, 0x04, 0x00, 0x02, 0x01,
	0x00, 0x02, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00, 0x04, 0x00, 0x30, 0x12, 0x04, 0x00, 0x04,
	0x00, 0xa0, 0x0c, 0x02, 0x02, 0x62, 0x74, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00, 0x30, 0x00,
};

static void hello_system(const struct probe_view *view, struct writer *say)
{
	(void)view;
	writer_bytes(say, (struct span){ get_system, sizeof get_system });
}

static void hello_engine(const struct probe_view *view, struct writer *say)
{
	(void)view;
	writer_bytes(say, (struct span){ discover_engine, sizeof discover_engine });
}

/* 1.3.6.1.2.1.1.N.0 */
static void tell_binding(struct span oid, struct der_element value, struct service_facts *facts)
{
	uint8_t text[256];
	struct writer w = writer_over(text, sizeof text);

	if (DER_OID_IS(oid, 0x2b, 6, 1, 2, 1, 1, 1, 0) && value.tag == DER_OCTET_STRING) {
		facts_add(facts, "snmp.sys_description", value.value);
	} else if (DER_OID_IS(oid, 0x2b, 6, 1, 2, 1, 1, 2, 0) && value.tag == DER_OID &&
		   der_write_oid(value.value, &w)) {
		facts_add(facts, "snmp.sys_object_id", writer_span(&w));
	} else if (DER_OID_IS(oid, 0x2b, 6, 1, 2, 1, 1, 5, 0) && value.tag == DER_OCTET_STRING) {
		facts_add(facts, "host.name", value.value);
	}
}

static enum probe_verdict read_system(struct reader *message, struct service_facts *facts)
{
	struct reader pdu;
	struct reader bindings;

	facts_add(facts, "snmp.community", der_take(message, DER_OCTET_STRING));
	pdu = der_enter(message, DER_CONTEXT_CONSTRUCTED(2));
	(void)der_take(&pdu, DER_INTEGER);
	(void)der_take(&pdu, DER_INTEGER);
	(void)der_take(&pdu, DER_INTEGER);
	bindings = der_enter(&pdu, DER_SEQUENCE);
	if (!reader_ok(message) || !reader_ok(&pdu)) {
		return PROBE_NOT;
	}
	for (unsigned i = 0; i < BINDINGS_MAX && reader_left(&bindings) > 0; i++) {
		struct reader binding = der_enter(&bindings, DER_SEQUENCE);
		struct span oid = der_take(&binding, DER_OID);
		struct der_element value = der_any(&binding);

		if (reader_ok(&binding)) {
			tell_binding(oid, value, facts);
		}
	}
	return PROBE_IS;
}

/* The report names the engine, whose first four bytes are its maker's number (RFC 3411). */
static enum probe_verdict read_engine(struct reader *message, struct service_facts *facts)
{
	struct reader security;
	struct span engine;
	char hex[2 * ENGINE_MAX + 1];
	struct reader id;

	(void)der_enter(message, DER_SEQUENCE);
	security = reader_over(der_take(message, DER_OCTET_STRING));
	security = der_enter(&security, DER_SEQUENCE);
	engine = der_take(&security, DER_OCTET_STRING);
	if (!reader_ok(&security) || !reader_ok(message)) {
		return PROBE_NOT;
	}
	engine = span_first(engine, ENGINE_MAX);
	text_to_hex(engine, hex);
	facts_add_text(facts, "snmp.engine", hex);
	id = reader_over(engine);
	facts_add_version(facts, "snmp.enterprise", &(unsigned){ reader_be32(&id) & 0x7fffffff },
			  1);
	return PROBE_IS;
}

static enum probe_verdict snmp_read(const struct probe_view *view, struct service_facts *facts,
				    struct writer *say)
{
	struct reader r = reader_over(view->bytes);
	struct reader message = der_enter(&r, DER_SEQUENCE);
	struct span version = der_take(&message, DER_INTEGER);

	(void)say;
	if (!reader_ok(&message) || version.len != 1 || version.ptr[0] > 3) {
		return PROBE_NOT;
	}
	return version.ptr[0] == 3 ? read_engine(&message, facts) : read_system(&message, facts);
}

static const uint16_t ports[] = { 161, 0 };

const struct prober prober_snmp = {
	.name = "snmp",
	.transports = PROBER_UDP,
	.ports = ports,
	.is_anonymous_ask = true,
	.hello = hello_system,
	.read = snmp_read,
};

const struct prober prober_snmp_engine = {
	.name = "snmp",
	.transports = PROBER_UDP,
	.ports = ports,
	.hello = hello_engine,
	.read = snmp_read,
};
