/* mqtt.c - MQTT 3.1.1: CONNECT with a clean session and without a name; CONNACK says whether that
 * is enough. */
#include "base/reader.h"
#include "scan/identify/prober.h"

static void hello(const struct probe_view *view, struct writer *say)
{
	static const uint8_t connect[] = { 0x10, 12, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 10, 0, 0 };

	(void)view;
	writer_bytes(say, (struct span){ connect, sizeof connect });
}

static enum probe_verdict mqtt_read(const struct probe_view *view, struct service_facts *facts,
				    struct writer *say)
{
	static const char *const answers[] = { "open",           "refused: version",
					       "refused: name",  "refused: unavailable",
					       "refused: login", "refused: not allowed" };
	struct span fresh = probe_fresh(view);
	struct reader r = reader_over(fresh);
	uint32_t packet = reader_be32(&r);

	(void)say;
	if (view->step == 0 || (fresh.len > 0 && fresh.ptr[0] != 0x20)) {
		return PROBE_NOT;
	}
	if (!reader_ok(&r)) {
		return probe_wait(view);
	}
	if ((packet >> 16 & 0xff) != 2 || (packet >> 8 & 0xff) > 1 || (packet & 0xff) > 5) {
		return PROBE_NOT;
	}
	facts_add_text(facts, "mqtt.access", answers[packet & 0xff]);
	return PROBE_IS;
}

static const uint16_t ports[] = { 1883, 0 };
static const uint16_t tls_ports[] = { 8883, 0 };
static const char *const alpn[] = { "mqtt", NULL };

const struct prober prober_mqtt = {
	.name = "mqtt",
	.transports = PROBER_TCP,
	.ports = ports,
	.tls_ports = tls_ports,
	.alpn = alpn,
	.is_anonymous_ask = true,
	.hello = hello,
	.read = mqtt_read,
};
