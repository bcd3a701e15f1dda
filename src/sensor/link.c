/* link.c - end: u8 code, u32 retry_ms, text. tick: u16 table, digest. */
#include "sensor/link.h"

#include "base/error.h"
#include "base/reader.h"

void link_end_write(const struct link_end *end, struct writer *out)
{
	writer_u8(out, (uint8_t)end->code);
	writer_be32(out, end->retry_ms);
	writer_bytes(out, span_first(end->text, LINK_TEXT_MAX));
}

int link_end_read(struct span body, struct link_end *out)
{
	struct reader r = reader_over(body);
	uint8_t code = reader_u8(&r);
	uint32_t retry_ms = reader_be32(&r);

	if (!reader_ok(&r) || code < LINK_END_RETRY || code > LINK_END_PROTOCOL) {
		return ERR_MALFORMED;
	}
	*out = (struct link_end){ .code = (enum link_end_code)code,
				  .retry_ms = retry_ms,
				  .text = reader_rest(&r) };
	return 0;
}

void link_tick_write(const struct link_tick *tick, struct writer *out)
{
	writer_be16(out, tick->table);
	writer_bytes(out, (struct span){ tick->digest, MESSAGE_POLICY_DIGEST });
}

int link_tick_read(struct span body, struct link_tick *out)
{
	struct reader r = reader_over(body);
	uint16_t table = reader_be16(&r);
	struct span digest = reader_bytes(&r, MESSAGE_POLICY_DIGEST);

	if (!reader_done(&r)) {
		return ERR_MALFORMED;
	}
	*out = (struct link_tick){ .table = table, .digest = digest.ptr };
	return 0;
}
