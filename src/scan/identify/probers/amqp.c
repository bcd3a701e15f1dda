/* amqp.c - AMQP 0-9-1: the server answers the protocol's header with connection.start, which names
 * it; it answers any other header, and garbage, with the header it wants. */
#include "scan/identify/probers/words.h"

#define FRAME_MAX  16384u
#define FIELDS_MAX 32u

static void hello(const struct probe_view *view, struct writer *say)
{
	static const uint8_t header[] = { 'A', 'M', 'Q', 'P', 0, 0, 9, 1 };

	(void)view;
	writer_bytes(say, (struct span){ header, sizeof header });
}

/* Fields of a table: of these, texts. Tables in it are passed over whole. */
static void tell_properties(struct span table, struct service_facts *facts)
{
	struct reader r = reader_over(table);

	for (unsigned i = 0; i < FIELDS_MAX && reader_left(&r) > 0; i++) {
		struct span name = reader_bytes(&r, reader_u8(&r));
		uint8_t kind = reader_u8(&r);

		if (kind == 't') {
			(void)reader_u8(&r);
		} else if (kind == 'S' || kind == 'F' || kind == 'A') {
			struct span value = reader_bytes(&r, reader_be32(&r));

			if (kind == 'S' && span_is(name, "product")) {
				facts_add(facts, "service.product", value);
			} else if (kind == 'S' && span_is(name, "version")) {
				facts_add(facts, "service.version", value);
			} else if (kind == 'S' && span_is(name, "platform")) {
				facts_add(facts, "amqp.platform", value);
			} else if (kind == 'S' && span_is(name, "cluster_name")) {
				facts_add(facts, "host.name", value);
			}
		} else {
			return;
		}
	}
}

static enum probe_verdict amqp_read(const struct probe_view *view, struct service_facts *facts,
				    struct writer *say)
{
	struct span fresh = probe_fresh(view);
	struct reader r = reader_over(fresh);
	uint8_t kind;
	uint32_t len;

	if (fresh.len > 0 && words_may_start(fresh, "AMQP")) {
		if (fresh.len < 8) {
			return probe_wait(view);
		}
		(void)reader_bytes(&r, 4);
		kind = reader_u8(&r); /* 0; 2 and 3 for TLS and SASL of AMQP 1.0 */
		facts_add_version(facts, "amqp.version",
				  (unsigned[]){ reader_u8(&r), reader_u8(&r), reader_u8(&r) }, 3);
		return kind <= 3 ? PROBE_IS : PROBE_NOT;
	}
	(void)say;
	kind = reader_u8(&r);
	if (view->step == 0 || (fresh.len > 0 && kind != 1)) {
		return PROBE_NOT;
	}
	(void)reader_be16(&r);
	len = reader_be32(&r);
	if (!reader_ok(&r)) {
		return probe_wait(view);
	}
	if (len < 10 || len > FRAME_MAX) {
		return PROBE_NOT;
	}
	if (reader_left(&r) < len) {
		return probe_wait(view);
	}
	if (reader_be32(&r) != (10u << 16 | 10u)) { /* connection.start */
		return PROBE_NOT;
	}
	(void)reader_be16(&r); /* version */
	tell_properties(reader_bytes(&r, reader_be32(&r)), facts);
	return PROBE_IS;
}

static const uint16_t ports[] = { 5672, 0 };
static const uint16_t tls_ports[] = { 5671, 0 };
static const char *const alpn[] = { "amqp", NULL };

const struct prober prober_amqp = {
	.name = "amqp",
	.transports = PROBER_TCP,
	.ports = ports,
	.tls_ports = tls_ports,
	.alpn = alpn,
	.hello = hello,
	.read = amqp_read,
};
