/* mysql.c - MySQL and MariaDB: the server's greeting (HandshakeV10), or its refusal of this host.
 */
#include "scan/identify/probers/words.h"

#define PACKET_MAX 4096u

static enum probe_verdict mysql_read(const struct probe_view *view, struct service_facts *facts,
				     struct writer *say)
{
	struct reader r = reader_over(view->bytes);
	size_t len = reader_le16(&r);
	uint8_t sequence;
	uint8_t version;
	struct span text;

	(void)say;
	len |= (size_t)reader_u8(&r) << 16;
	sequence = reader_u8(&r);
	version = reader_u8(&r);
	if (!reader_ok(&r)) {
		return view->bytes.len >= 3 && (len < 8 || len > PACKET_MAX) ? PROBE_NOT
									     : probe_wait(view);
	}
	if (len < 8 || len > PACKET_MAX || sequence > 1 || (version != 10 && version != 0xff)) {
		return PROBE_NOT;
	}
	if (reader_left(&r) < len - 1) {
		return probe_wait(view);
	}
	r = reader_over(reader_bytes(&r, len - 1));
	if (version == 0xff) {
		uint16_t code = reader_le16(&r);

		if (code < 1000 || code > 5000) {
			return PROBE_NOT;
		}
		facts_add(facts, "mysql.error", reader_rest(&r));
		return PROBE_IS;
	}
	text = reader_until(&r, 0);
	if (text.len == 0 || reader_left(&r) < 15) {
		return PROBE_NOT;
	}
	/* MariaDB before 11 puts a number in front that old replicas accept */
	text = span_after(text, span_starts_with(text, "5.5.5-") ? 6 : 0);
	facts_add(facts, "mysql.banners", text);
	if (words_contain(text, "-MariaDB")) {
		facts_add_text(facts, "service.vendor", "MariaDB");
		facts_add_text(facts, "service.product", "MariaDB");
		facts_add(facts, "service.version", span_first(text, span_find(text, '-')));
	}
	return PROBE_IS;
}

static const uint16_t ports[] = { 3306, 0 };

const struct prober prober_mysql = {
	.name = "mysql",
	.transports = PROBER_TCP,
	.speaks_first = true,
	.ports = ports,
	.starttls = STARTTLS_MYSQL,
	.read = mysql_read,
};
