/* postgresql.c - PostgreSQL: a start-up of a protocol version that does not exist is refused by an
 * error only it sends, without a login. */
#include "base/reader.h"
#include "scan/identify/prober.h"

#define ERROR_MAX  4096u
#define FIELDS_MAX 20u

static void hello(const struct probe_view *view, struct writer *say)
{
	(void)view;
	writer_be32(say, 8);
	writer_be32(say, 0x00ff00ff);
}

static enum probe_verdict postgresql_read(const struct probe_view *view,
					  struct service_facts *facts, struct writer *say)
{
	struct span fresh = probe_fresh(view);
	struct reader r = reader_over(fresh);
	uint8_t kind = reader_u8(&r);
	uint32_t len = reader_be32(&r);
	bool is_severe = false;

	(void)say;
	if (fresh.len > 0 && kind != 'E') {
		return PROBE_NOT;
	}
	if (!reader_ok(&r)) {
		return probe_wait(view);
	}
	if (len < 8 || len > ERROR_MAX) {
		return PROBE_NOT;
	}
	if (reader_left(&r) < len - 4) {
		return probe_wait(view);
	}
	r = reader_over(reader_bytes(&r, len - 4));
	for (unsigned i = 0; i < FIELDS_MAX && reader_left(&r) > 1; i++) {
		uint8_t field = reader_u8(&r);
		struct span text = reader_until(&r, 0);

		if (field == 'S' || field == 'V') {
			is_severe = text.len >= 5;
		} else if (field == 'M') {
			facts_add(facts, "postgresql.error", text);
		} else if (field == 'R') {
			facts_add(facts, "postgresql.routine", text);
		}
	}
	if (!is_severe) {
		return PROBE_NOT;
	}
	facts_add_text(facts, "service.product", "PostgreSQL");
	return PROBE_IS;
}

static const uint16_t ports[] = { 5432, 5433, 6432, 0 };
static const char *const alpn[] = { "postgresql", NULL };

const struct prober prober_postgresql = {
	.name = "postgresql",
	.transports = PROBER_TCP,
	.ports = ports,
	.alpn = alpn,
	.starttls = STARTTLS_POSTGRESQL,
	.hello = hello,
	.read = postgresql_read,
};
