/* mongodb.c - MongoDB: isMaster, which any client begins with, then buildInfo; neither needs a
 * login.
 */
#include "scan/identify/probers/words.h"

#define MESSAGE_MAX  (16u << 10)
#define ELEMENTS_MAX 200u
#define OP_REPLY     1u
#define OP_QUERY     2004u
#define OP_MSG       2013u

/* OP_QUERY on admin.$cmd of { name: 1 }. */
static void ask(struct writer *say, const char *name)
{
	size_t document = 4 + 1 + span_of(name).len + 1 + 4 + 1;

	writer_le32(say, (uint32_t)(16 + 4 + 11 + 8 + document));
	writer_le32(say, 0x6274);
	writer_le32(say, 0);
	writer_le32(say, OP_QUERY);
	writer_le32(say, 0);
	writer_text(say, "admin.$cmd");
	writer_u8(say, 0);
	writer_le32(say, 0);
	writer_le32(say, 0xffffffff);
	writer_le32(say, (uint32_t)document);
	writer_u8(say, 0x10);
	writer_text(say, name);
	writer_u8(say, 0);
	writer_le32(say, 1);
	writer_u8(say, 0);
}

static void hello(const struct probe_view *view, struct writer *say)
{
	(void)view;
	ask(say, "isMaster");
}

/* Bytes of a value of BSON (bsonspec.org); fails the reader for what it does not know. */
static struct span take_value(struct reader *r, uint8_t kind)
{
	struct reader ahead = *r;
	uint32_t len;

	switch (kind) {
	case 0x01:
	case 0x09:
	case 0x11:
	case 0x12:
		return reader_bytes(r, 8);
	case 0x02: /* text, with its NUL */
		len = reader_le32(r);
		return span_first(reader_bytes(r, len), len > 0 ? len - 1 : 0);
	case 0x03:
	case 0x04: /* documents begin with their length */
		return reader_bytes(r, reader_le32(&ahead));
	case 0x05:
		len = reader_le32(r);
		(void)reader_u8(r);
		return reader_bytes(r, len);
	case 0x07:
		return reader_bytes(r, 12);
	case 0x08:
		return reader_bytes(r, 1);
	case 0x0a:
		return (struct span){ NULL, 0 };
	case 0x10:
		return reader_bytes(r, 4);
	default:
		reader_fail(r);
		return (struct span){ NULL, 0 };
	}
}

static bool tell_document(struct span document, struct service_facts *facts)
{
	struct reader r = reader_over(document);
	bool is_ours = false;

	(void)reader_le32(&r);
	for (unsigned i = 0; i < ELEMENTS_MAX; i++) {
		uint8_t kind = reader_u8(&r);
		struct span name = reader_until(&r, 0);
		struct span value;

		if (kind == 0) {
			break;
		}
		value = take_value(&r, kind);
		if (!reader_ok(&r)) {
			break;
		}
		if (kind == 0x02 && span_is(name, "version")) {
			facts_add(facts, "service.version", value);
		} else if (kind == 0x02 && span_is(name, "setName")) {
			facts_add(facts, "mongodb.replica_set", value);
		}
		is_ours = is_ours || span_is(name, "maxBsonObjectSize") || span_is(name, "ok") ||
			  span_is(name, "ismaster");
	}
	return is_ours;
}

static enum probe_verdict mongodb_read(const struct probe_view *view, struct service_facts *facts,
				       struct writer *say)
{
	struct span fresh = probe_fresh(view);
	struct reader r = reader_over(fresh);
	uint32_t len = reader_le32(&r);
	uint32_t to;
	uint32_t operation;

	if (words_may_start(fresh, "HTTP/1.") && fresh.len > 20 &&
	    words_contain(span_first(fresh, 400), "access MongoDB over HTTP")) {
		return PROBE_TRY;
	}
	if (view->step == 0) {
		return words_may_start(fresh, "HTTP/1.") ? probe_wait(view) : PROBE_NOT;
	}
	(void)reader_le32(&r);
	to = reader_le32(&r);
	operation = reader_le32(&r);
	if (!reader_ok(&r)) {
		return probe_wait(view);
	}
	if (to != 0x6274 || len < 36 || len > MESSAGE_MAX ||
	    (operation != OP_REPLY && operation != OP_MSG)) {
		return PROBE_NOT;
	}
	if (fresh.len < len && !view->ended) {
		return PROBE_MORE;
	}
	(void)reader_bytes(&r, operation == OP_REPLY ? 20 : 5);
	if (!tell_document(r.rest, facts)) {
		return PROBE_NOT;
	}
	facts_add_text(facts, "service.product", "MongoDB");
	if (view->step > 1 || view->ended) {
		return PROBE_IS;
	}
	ask(say, "buildInfo");
	return PROBE_SAY;
}

static const uint16_t ports[] = { 27017, 27018, 27019, 0 };

const struct prober prober_mongodb = {
	.name = "mongodb",
	.transports = PROBER_TCP,
	.ports = ports,
	.hello = hello,
	.read = mongodb_read,
};
