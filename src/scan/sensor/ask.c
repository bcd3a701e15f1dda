/* ask.c - what observer and asker say to each other, as bytes. */
#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "scan/results.h"
#include "scan/sensor/asker.h"

static void put_text(struct writer *w, const char *text)
{
	struct span span = span_of(text);

	writer_be16(w, (uint16_t)span.len);
	writer_bytes(w, span);
}

static void take_text(struct reader *r, char *out, size_t size)
{
	struct span text = reader_bytes(r, reader_be16(r));

	if (text.len >= size) {
		reader_fail(r);
		text.len = 0;
	}
	mem_copy(out, text.ptr, text.len);
	out[text.len] = '\0';
}

/* The stack travels as the journal keeps it. */
void ask_write(const struct ask *ask, struct writer *out)
{
	struct result packed = { .address = ask->place.address,
				 .port = ask->place.port,
				 .transport = ask->place.transport,
				 .state = PORT_OPEN,
				 .reason = ask->place.reason,
				 .middlebox = ask->middlebox,
				 .stack = ask->stack };
	uint8_t bytes[RESULT_PACKED_SIZE];

	mem_copy(packed.mac, ask->mac, sizeof packed.mac);
	result_pack(&packed, bytes);
	writer_u8(out, ask->has_stack);
	writer_bytes(out, (struct span){ bytes, sizeof bytes });
	put_text(out, ask->place.scope);
	put_text(out, ask->place.name);
}

int ask_read(struct span body, struct ask *out)
{
	struct reader r = reader_over(body);
	struct ask ask = { .has_stack = reader_u8(&r) != 0 };
	struct result packed;

	if (result_unpack(reader_bytes(&r, RESULT_PACKED_SIZE), &packed) != 0) {
		return ERR_MALFORMED;
	}
	take_text(&r, ask.place.scope, sizeof ask.place.scope);
	take_text(&r, ask.place.name, sizeof ask.place.name);
	if (!reader_done(&r)) {
		return ERR_MALFORMED;
	}
	ask.place.address = packed.address;
	ask.place.port = packed.port;
	ask.place.transport = packed.transport;
	ask.place.reason = packed.reason;
	ask.stack = packed.stack;
	ask.middlebox = packed.middlebox;
	mem_copy(ask.mac, packed.mac, sizeof ask.mac);
	*out = ask;
	return 0;
}

void ask_answer_write(const struct ask_answer *answer, struct writer *out)
{
	writer_u8(out, answer->outcome);
	writer_u8(out, answer->is_partial);
	writer_be64(out, (uint64_t)answer->expires_s);
	writer_u8(out, answer->confidence);
	put_text(out, answer->os);
	put_text(out, answer->device);
	writer_bytes(out, answer->rows);
}

int ask_answer_read(struct span body, struct ask_answer *out)
{
	struct reader r = reader_over(body);
	struct ask_answer answer = { .outcome = reader_u8(&r) };

	answer.is_partial = reader_u8(&r) != 0;
	answer.expires_s = (int64_t)reader_be64(&r);
	answer.confidence = reader_u8(&r);
	take_text(&r, answer.os, sizeof answer.os);
	take_text(&r, answer.device, sizeof answer.device);
	answer.rows = reader_rest(&r);
	if (!reader_ok(&r) || answer.outcome > IDENTIFY_CLOSED || answer.confidence > 100 ||
	    answer.expires_s < 0) {
		return ERR_MALFORMED;
	}
	*out = answer;
	return 0;
}
