/* ldap.c - LDAP (RFC 4511): the root DSE, which is there to be read without a login. */
#include "formats/der.h"
#include "scan/identify/probers/words.h"

#define ATTRIBUTES_MAX 64u
#define MESSAGE_MAX    (32u << 10)

static const uint8_t search[] = {
	0x30, 0x32, 0x02, 0x01, 0x01, 0x63, 0x2d, 0x04, 0x00, 0x0a, 0x01, 0x00, 0x0a,
	0x01, 0x00, 0x02, 0x01, 0x00, 0x02, 0x01, 0x05, 0x01, 0x01, 0x00, 0x87, 0x0b,
	'o',  'b',  'j',  'e',  'c',  't',  'C',  'l',  'a',  's',  's',  0x30, 0x0d,
	0x04, 0x01, '*',  0x04, 0x01, '+',  0x04, 0x05, 'd',  'u',  'm',  'm',  'y',
};

static void hello(const struct probe_view *view, struct writer *say)
{
	(void)view;
	writer_bytes(say, (struct span){ search, sizeof search });
}

/* BER, as LDAP sends it: long forms of lengths that DER forbids are common (Active Directory). */
static struct span ber_take(struct reader *r, uint8_t tag)
{
	uint8_t first;
	size_t len;

	if (reader_u8(r) != tag) {
		reader_fail(r);
	}
	first = reader_u8(r);
	len = first == 0x81   ? reader_u8(r)
	      : first == 0x82 ? reader_be16(r)
	      : first == 0x84 ? reader_be32(r)
			      : first;
	if (first >= 0x80 && first != 0x81 && first != 0x82 && first != 0x84) {
		reader_fail(r);
	}
	return reader_bytes(r, len);
}

static void tell_attributes(struct span entry, struct service_facts *facts)
{
	static const struct {
		const char *name;
		const char *kind;
	} wanted[] = {
		{ "vendorName", "service.vendor" },
		{ "vendorVersion", "service.version" },
		{ "dnsHostName", "host.name" },
		{ "namingContexts", "ldap.naming_context" },
	};
	struct reader r = reader_over(entry);
	struct reader attributes;

	(void)ber_take(&r, DER_OCTET_STRING); /* the entry's name */
	attributes = reader_over(ber_take(&r, DER_SEQUENCE));
	for (unsigned i = 0; i < ATTRIBUTES_MAX && reader_left(&attributes) > 0; i++) {
		struct reader attribute = reader_over(ber_take(&attributes, DER_SEQUENCE));
		struct span name = ber_take(&attribute, DER_OCTET_STRING);
		struct reader values = reader_over(ber_take(&attribute, DER_SET));
		struct span value = ber_take(&values, DER_OCTET_STRING);

		for (size_t k = 0; k < COUNT_OF(wanted); k++) {
			if (reader_ok(&values) && span_is(name, wanted[k].name)) {
				facts_add(facts, wanted[k].kind, value);
			}
		}
	}
}

static enum probe_verdict ldap_read(const struct probe_view *view, struct service_facts *facts,
				    struct writer *say)
{
	struct span fresh = probe_fresh(view);
	struct reader r = reader_over(fresh);
	struct reader message;
	struct span body;
	uint8_t operation;

	(void)say;
	if (fresh.len > 0 && fresh.ptr[0] != DER_SEQUENCE) {
		return PROBE_NOT;
	}
	body = ber_take(&r, DER_SEQUENCE);
	if (!reader_ok(&r)) {
		return fresh.len > MESSAGE_MAX ? PROBE_NOT : probe_wait(view);
	}
	message = reader_over(body);
	if (ber_take(&message, DER_INTEGER).len == 0) {
		return PROBE_NOT;
	}
	operation = reader_peek(&message);
	/* an entry; or the search's end without one; or a notice of disconnection */
	if (operation != 0x64 && operation != 0x65 && operation != 0x78) {
		return PROBE_NOT;
	}
	body = ber_take(&message, operation);
	if (!reader_ok(&message)) {
		return PROBE_NOT;
	}
	if (operation == 0x64) {
		facts_add_raw(facts, "ldap.search_result", fresh);
		tell_attributes(body, facts);
	}
	return PROBE_IS;
}

static const uint16_t ports[] = { 389, 3268, 0 };
static const uint16_t tls_ports[] = { 636, 3269, 0 };

const struct prober prober_ldap = {
	.name = "ldap",
	.transports = PROBER_TCP,
	.ports = ports,
	.tls_ports = tls_ports,
	.starttls = STARTTLS_LDAP,
	.hello = hello,
	.read = ldap_read,
};
