/* answer.c - an answer in words. */
#include "scan/answer.h"

#include "base/attr.h"
#include "base/writer.h"

const char *port_state_text(enum port_state state)
{
	switch (state) {
	case PORT_OPEN:
		return "open";
	case PORT_CLOSED:
		return "closed";
	case PORT_FILTERED:
		return "filtered";
	case PORT_HOST:
		return "host";
	}
	return "unknown";
}

const char *answer_reason_text(enum answer_reason reason)
{
	static const char *const texts[] = {
		[ANSWER_SYN_ACK] = "syn-ack", [ANSWER_RST] = "reset",
		[ANSWER_ICMP] = "icmp",       [ANSWER_UDP] = "answered",
		[ANSWER_ECHO] = "echo",       [ANSWER_ARP] = "arp",
		[ANSWER_NDP] = "ndp",         [ANSWER_CONNECTED] = "connected",
		[ANSWER_REFUSED] = "refused",
	};

	return reason < COUNT_OF(texts) && texts[reason] != NULL ? texts[reason] : "unknown";
}

const char *transport_text(enum transport transport)
{
	switch (transport) {
	case TRANSPORT_TCP:
		return "tcp";
	case TRANSPORT_UDP:
		return "udp";
	case TRANSPORT_ICMP:
		return "icmp";
	case TRANSPORT_LINK:
		return "link";
	}
	return "unknown";
}

/* Kinds of RFC 9293 (0-2), RFC 7323 (3, 8), RFC 2018 (4, 5), RFC 7413 (34). */
static const char *kind_text(uint8_t kind)
{
	switch (kind) {
	case 0:
		return "eol";
	case 1:
		return "nop";
	case 2:
		return "mss";
	case 3:
		return "ws";
	case 4:
		return "sok";
	case 5:
		return "sack";
	case 8:
		return "ts";
	case 34:
		return "tfo";
	default:
		return NULL;
	}
}

void answer_order_text(const struct answer_stack *stack, char *out, size_t out_size)
{
	struct writer w;

	if (out_size == 0) {
		return;
	}
	w = writer_over((uint8_t *)out, out_size - 1);
	for (size_t i = 0; i < stack->order_count && i < ANSWER_TCP_ORDER_MAX; i++) {
		const char *text = kind_text(stack->order[i]);

		if (i > 0) {
			writer_u8(&w, ',');
		}
		if (text != NULL) {
			writer_text(&w, text);
		} else {
			writer_decimal(&w, stack->order[i]);
		}
	}
	out[writer_used(&w)] = '\0';
}
