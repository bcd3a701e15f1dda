/* ssh.c - SSH's identification (RFC 4253 section 4.2), and the host keys' algorithms from KEXINIT.
 */
#include "scan/identify/probers/words.h"

#define PACKET_MAX  35000u
#define KEXINIT     20
#define COOKIE_SIZE 16

/* Algorithms of host keys, as the server offers them (section 7.1). */
static void tell_keys(struct span rest, struct service_facts *facts)
{
	struct reader r = reader_over(rest);
	uint32_t len = reader_be32(&r);

	(void)reader_u8(&r); /* padding */
	if (!reader_ok(&r) || len > PACKET_MAX || reader_u8(&r) != KEXINIT) {
		return;
	}
	(void)reader_bytes(&r, COOKIE_SIZE);
	(void)reader_bytes(&r, reader_be32(&r)); /* key exchange */
	facts_add(facts, "ssh.host_keys", reader_bytes(&r, reader_be32(&r)));
}

static enum probe_verdict ssh_read(const struct probe_view *view, struct service_facts *facts,
				   struct writer *say)
{
	struct reader r = reader_over(view->bytes);
	struct reader fields;
	struct span line;
	struct span version;

	(void)say;
	/* other lines may come first, which no server in use sends */
	if (!words_may_start(view->bytes, "SSH-")) {
		return PROBE_NOT;
	}
	if (!words_line(&r, &line)) {
		return view->bytes.len > WORDS_LINE_MAX ? PROBE_NOT : probe_wait(view);
	}
	fields = reader_over(line);
	(void)reader_until(&fields, '-');
	version = reader_until(&fields, '-');
	facts_add(facts, "ssh.banner", reader_rest(&fields));
	facts_add(facts, "ssh.protocol", version);
	tell_keys(r.rest, facts);
	return PROBE_IS;
}

static const uint16_t ports[] = { 22, 2222, 8022, 0 };

const struct prober prober_ssh = {
	.name = "ssh",
	.transports = PROBER_TCP,
	.speaks_first = true,
	.ports = ports,
	.read = ssh_read,
};
