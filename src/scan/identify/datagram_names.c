/* datagram_names.c - NetBIOS and mDNS, as far as names go. */
#include "scan/identify/datagram_names.h"

#include "base/reader.h"
#include "base/writer.h"
#include "formats/dns_name.h"

#define NAME_SIZE   15 /* of NetBIOS, filled up with blanks */
#define NAMES_MAX   32
#define GROUP       0x8000u
#define RECORDS_MAX 32

enum { TYPE_A = 1, TYPE_AAAA = 28, TYPE_SRV = 33 };

void datagram_netbios_names(struct span payload, struct service_facts *facts)
{
	struct reader r = reader_over(payload);
	unsigned count;

	(void)reader_bytes(&r, 12);
	dns_name_skip(&r);
	(void)reader_bytes(&r, 2 + 2 + 4 + 2); /* type, class, time to live, length */
	count = reader_u8(&r);
	for (unsigned i = 0; i < count && i < NAMES_MAX; i++) {
		struct span name = reader_bytes(&r, NAME_SIZE);
		uint8_t kind = reader_u8(&r);
		bool is_group = (reader_be16(&r) & GROUP) != 0;

		if (!reader_ok(&r)) {
			return;
		}
		if (kind == 0) { /* workstation */
			facts_add(facts, is_group ? "host.domain" : "host.name", name);
		}
	}
}

static void add_name(struct span message, struct reader at, struct service_facts *facts)
{
	uint8_t text[DNS_NAME_TEXT_MAX + 1];
	struct writer w = writer_over(text, sizeof text);

	if (dns_name_write(message, at, &w)) {
		facts_add(facts, "host.name", writer_span(&w));
	}
}

static void read_record(struct span whole, struct reader *r, struct service_facts *facts)
{
	struct reader name = *r;
	struct reader data;
	uint16_t type;

	dns_name_skip(r);
	type = reader_be16(r);
	(void)reader_bytes(r, 2 + 4); /* class, time to live */
	data = reader_over(reader_bytes(r, reader_be16(r)));
	if (!reader_ok(r)) {
		return;
	}
	if (type == TYPE_A || type == TYPE_AAAA) {
		add_name(whole, name, facts);
	} else if (type == TYPE_SRV) {
		(void)reader_bytes(&data, 2 + 2 + 2); /* priority, weight, port */
		add_name(whole, data, facts);
	}
}

void datagram_mdns_names(struct span payload, struct service_facts *facts)
{
	struct reader r = reader_over(payload);
	unsigned questions;
	unsigned records;

	(void)reader_bytes(&r, 4);
	questions = reader_be16(&r);
	records = reader_be16(&r);
	records += reader_be16(&r);
	records += reader_be16(&r);
	for (unsigned i = 0; i < questions && i < RECORDS_MAX && reader_ok(&r); i++) {
		dns_name_skip(&r);
		(void)reader_bytes(&r, 4);
	}
	for (unsigned i = 0; i < records && i < RECORDS_MAX && reader_ok(&r); i++) {
		read_record(payload, &r, facts);
	}
}
