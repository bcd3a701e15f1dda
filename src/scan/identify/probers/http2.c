/* http2.c - HTTP/2 with prior knowledge (RFC 9113 section 3.3): its preface is answered by
 * SETTINGS.
 */
#include "base/reader.h"
#include "scan/identify/prober.h"

#define FRAME_SETTINGS 4
#define ACK            1

/* Preface, and empty SETTINGS. */
static void hello(const struct probe_view *view, struct writer *say)
{
	(void)view;
	writer_text(say, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
	writer_bytes(say, (struct span){
				  (const uint8_t[]){ 0, 0, 0, FRAME_SETTINGS, 0, 0, 0, 0, 0 }, 9 });
}

/* The server's first frame must be SETTINGS, on stream 0. */
static enum probe_verdict http2_read(const struct probe_view *view, struct service_facts *facts,
				     struct writer *say)
{
	struct reader r = reader_over(probe_fresh(view));
	uint32_t head = reader_be32(&r);
	uint8_t flags = reader_u8(&r);
	uint32_t stream = reader_be32(&r);
	uint32_t len = head >> 8;

	(void)say;
	if (!reader_ok(&r)) {
		struct span bytes = probe_fresh(view);

		return bytes.len > 0 && bytes.ptr[0] != 0 ? PROBE_NOT : probe_wait(view);
	}
	if ((head & 0xff) != FRAME_SETTINGS || flags > ACK || stream != 0 || len % 6 != 0 ||
	    len > 256) {
		return PROBE_NOT;
	}
	facts_add_text(facts, "http.version", "2");
	return PROBE_IS;
}

static const uint16_t ports[] = { 0 };
static const char *const alpn[] = { "h2", NULL };

const struct prober prober_http2 = {
	.name = "http2",
	.transports = PROBER_TCP,
	.ports = ports,
	.alpn = alpn,
	.hello = hello,
	.read = http2_read,
};
