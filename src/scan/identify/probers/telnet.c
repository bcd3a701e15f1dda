/* telnet.c - Telnet (RFC 854): negotiations are refused, all of them, so that the login prompt
 * comes.
 */
#include "scan/identify/probers/words.h"

#define IAC  255u
#define DONT 254u
#define DO   253u
#define WONT 252u
#define WILL 251u
#define SB   250u
#define SE   240u

#define OPTIONS_MAX 64u

static void skip_subnegotiation(struct reader *r)
{
	while (reader_left(r) > 0) {
		if (reader_u8(r) == IAC && reader_peek(r) == SE) {
			(void)reader_u8(r);
			return;
		}
	}
}

/* Text without negotiations; refusals go to say where it is not NULL. False where the bytes begin
 * with no negotiation. */
static bool strip(struct span bytes, struct writer *text, struct writer *say)
{
	struct reader r = reader_over(bytes);
	bool negotiates = false;

	for (unsigned options = 0; reader_left(&r) > 0 && options < OPTIONS_MAX;) {
		uint8_t c = reader_u8(&r);
		uint8_t command;

		if (c != IAC) {
			if (c != 0) {
				writer_u8(text, c);
			}
			continue;
		}
		command = reader_u8(&r);
		options++;
		if (command == SB) {
			skip_subnegotiation(&r);
		} else if (command >= WILL && command <= DONT) {
			uint8_t option = reader_u8(&r);

			negotiates = reader_ok(&r);
			if (say != NULL && (command == DO || command == WILL)) {
				writer_u8(say, IAC);
				writer_u8(say, command == DO ? WONT : DONT);
				writer_u8(say, option);
			}
		}
	}
	return negotiates;
}

static enum probe_verdict telnet_read(const struct probe_view *view, struct service_facts *facts,
				      struct writer *say)
{
	uint8_t room[1024];
	struct writer text = writer_over(room, sizeof room);
	struct writer refusals = *say;
	struct span fresh = probe_fresh(view);
	struct span prompt;

	if (view->bytes.len == 0 || (view->step == 0 && view->said_by != NULL)) {
		return PROBE_NOT; /* it greets, and never answers others' words */
	}
	if (view->bytes.ptr[0] == IAC) {
		if (!strip(view->bytes, &text, NULL)) {
			return probe_wait(view);
		}
	} else {
		/* no negotiation, but a prompt for a login where nothing was said */
		writer_bytes(&text, span_first(view->bytes, sizeof room));
		prompt = span_trim(writer_span(&text));
		if (!span_ends_with(prompt, "ogin:") && !span_ends_with(prompt, "sername:") &&
		    !span_ends_with(prompt, "assword:")) {
			return probe_wait(view);
		}
	}
	prompt = span_trim(writer_span(&text));
	if (!view->ended && view->bytes.ptr[0] == IAC && fresh.len > 0 &&
	    view->step < PROBER_STEPS_MAX - 1) {
		struct writer ignored = writer_over(room, 0);

		(void)strip(fresh, &ignored, &refusals);
		if (writer_used(&refusals) > 0) {
			*say = refusals;
			return PROBE_SAY;
		}
	}
	if (!view->ended && !span_ends_with(prompt, ":")) {
		return PROBE_MORE;
	}
	facts_add(facts, "telnet_banners", prompt);
	return PROBE_IS;
}

static const uint16_t ports[] = { 23, 2323, 0 };
static const uint16_t tls_ports[] = { 992, 0 };

const struct prober prober_telnet = {
	.name = "telnet",
	.transports = PROBER_TCP,
	.speaks_first = true,
	.ports = ports,
	.tls_ports = tls_ports,
	.read = telnet_read,
};
