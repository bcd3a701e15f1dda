/*
 * ask.c - address, port, transport, reason, texts, payload; a service with its length, and more.
 */
#include "scan/follow/ask.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/text.h"

void follow_ask_write(const struct follow_ask *ask, struct writer *out)
{
	writer_bytes(out, (struct span){ ask->address.bytes, ADDRESS_SIZE });
	writer_be16(out, ask->port);
	writer_u8(out, ask->transport);
	writer_u8(out, ask->reason);
	text_write_field(out, ask->scope);
	text_write_field(out, ask->name);
	writer_bytes(out, span_first(ask->payload, FOLLOW_PAYLOAD_MAX));
}

int follow_ask_read(struct span body, struct follow_ask *out)
{
	struct reader r = reader_over(body);
	struct span address = reader_bytes(&r, ADDRESS_SIZE);
	struct follow_ask ask = { .port = reader_be16(&r) };

	mem_copy(ask.address.bytes, address.ptr, address.len);
	ask.transport = reader_u8(&r);
	ask.reason = reader_u8(&r);
	text_read_field(&r, ask.scope, sizeof ask.scope);
	text_read_field(&r, ask.name, sizeof ask.name);
	ask.payload = reader_rest(&r);
	if (!reader_ok(&r) || ask.payload.len > FOLLOW_PAYLOAD_MAX ||
	    (ask.transport != TRANSPORT_TCP && ask.transport != TRANSPORT_UDP)) {
		return ERR_MALFORMED;
	}
	*out = ask;
	return 0;
}

void follow_answer_write(const struct service *service, struct span more, struct writer *out)
{
	uint8_t packed[SERVICE_PACKED_MAX];
	struct writer w = writer_over(packed, sizeof packed);

	service_pack(service, &w);
	writer_be16(out, (uint16_t)writer_used(&w));
	writer_bytes(out, writer_span(&w));
	writer_bytes(out, more);
}

int follow_answer_read(struct span body, struct follow_answer *out)
{
	struct reader r = reader_over(body);
	struct span packed = reader_bytes(&r, reader_be16(&r));
	struct service service;
	int error = service_unpack(packed, &service);

	if (error != 0 || !reader_ok(&r)) {
		return ERR_MALFORMED;
	}
	out->service = service;
	out->packed = packed;
	out->more = reader_rest(&r);
	return 0;
}
