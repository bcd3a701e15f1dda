/* verdict.c - the probe is computed again from what the answer is about, and compared. */
#include "scan/discovery/verdict.h"

#include <assert.h>

#include "base/error.h"
#include "base/mem.h"
#include "formats/packet_ip.h"
#include "formats/packet_link.h"
#include "scan/probes/probe.h"

static struct address address_of(const struct verdict_rules *rules, struct span bytes)
{
	struct reader r = reader_over(bytes);
	struct address address;

	if (bytes.len != 16) {
		return address_v4(reader_be32(&r));
	}
	address = address_v6(bytes.ptr);
	return address_in_zone(&address, rules->zone);
}

static void take_stack(const struct packet_ip *ip, const struct packet_tcp *tcp, struct answer *out)
{
	out->stack = (struct answer_stack){
		.ttl = ip->ttl,
		.ip_id = ip->id,
		.is_unfragmentable = ip->is_unfragmentable,
		.window_scale = -1,
	};
	if (tcp == NULL) {
		return;
	}
	out->stack.window = tcp->window;
	out->stack.mss = tcp->mss;
	out->stack.window_scale = tcp->window_scale;
	out->stack.has_sack = tcp->has_sack;
	out->stack.has_timestamp = tcp->has_timestamp;
	static_assert(sizeof out->stack.order == sizeof tcp->order, "one limit for both");
	mem_copy(out->stack.order, tcp->order, sizeof tcp->order);
	out->stack.order_count = tcp->order_count;
}

/* True where the ports are those of a probe, whose cookie and pass then come out. */
static bool is_probe(const struct verdict_rules *rules, const struct answer *about,
		     uint16_t our_port, struct cookie *cookie, unsigned *pass)
{
	*pass = cookie_pass(our_port);
	if (*pass >= COOKIE_PASSES) {
		return false;
	}
	*cookie = cookie_of(&rules->key, &about->address, about->transport, about->port, *pass);
	return cookie->source_port == our_port;
}

static int judge_tcp(const struct verdict_rules *rules, const struct packet_ip *ip,
		     struct answer *out)
{
	struct packet_tcp tcp;
	struct cookie cookie;
	unsigned pass;

	if (packet_tcp_parse(ip->payload, &tcp) != 0) {
		return ERR_MALFORMED;
	}
	out->transport = TRANSPORT_TCP;
	out->port = tcp.source_port;
	if (!is_probe(rules, out, tcp.destination_port, &cookie, &pass)) {
		return ERR_UNSUPPORTED;
	}
	if ((tcp.flags & (PACKET_SYN | PACKET_ACK | PACKET_RST)) == (PACKET_SYN | PACKET_ACK) &&
	    tcp.acknowledgement == cookie.sequence + 1) {
		out->state = PORT_OPEN;
		out->reason = ANSWER_SYN_ACK;
		out->middlebox = (tcp.window == 0 ? MIDDLEBOX_WINDOW_ZERO : 0) |
				 (tcp.order_count == 0 ? MIDDLEBOX_NO_OPTIONS : 0);
	} else if ((tcp.flags & (PACKET_SYN | PACKET_RST)) == PACKET_RST &&
		   /* some stacks forget that a SYN counts (ZMap's experience) */
		   (tcp.acknowledgement == cookie.sequence + 1 ||
		    tcp.acknowledgement == cookie.sequence)) {
		out->state = PORT_CLOSED;
		out->reason = ANSWER_RST;
	} else {
		return ERR_UNSUPPORTED;
	}
	take_stack(ip, &tcp, out);
	out->probe = (uint8_t)(pass + 1);
	return 0;
}

/* Which question it answers: those behind the first repeat all of their cookie. */
static bool find_question(uint16_t port, uint32_t cookie, struct span payload, unsigned *out)
{
	unsigned question = 0;

	while (probe_question(port, question + 1) != NULL) {
		question++;
	}
	while (!probe_accepts(probe_question(port, question), probe_cookie(cookie, question),
			      payload)) {
		if (question-- == 0) {
			return false;
		}
	}
	*out = question;
	return true;
}

static int judge_udp(const struct verdict_rules *rules, const struct packet_ip *ip,
		     struct answer *out)
{
	struct packet_udp udp;
	struct cookie cookie;
	unsigned question;
	unsigned pass;

	if (packet_udp_parse(ip->payload, &udp) != 0) {
		return ERR_MALFORMED;
	}
	out->transport = TRANSPORT_UDP;
	out->port = udp.source_port;
	if (!is_probe(rules, out, udp.destination_port, &cookie, &pass) ||
	    !find_question(out->port, cookie.sequence, udp.payload, &question)) {
		return ERR_UNSUPPORTED;
	}
	out->state = PORT_OPEN;
	out->reason = ANSWER_UDP;
	out->payload = udp.payload;
	/* only one question is counted, or a port would be measured twice */
	out->probe = question == 0 ? (uint8_t)(pass + 1) : 0;
	take_stack(ip, NULL, out);
	return 0;
}

/* The pass whose echo this is, or COOKIE_PASSES. */
static unsigned echo_pass(const struct verdict_rules *rules, const struct address *address,
			  uint32_t echo)
{
	unsigned pass = 0;

	while (pass < COOKIE_PASSES &&
	       cookie_of(&rules->key, address, TRANSPORT_ICMP, 0, pass).sequence != echo) {
		pass++;
	}
	return pass;
}

static int judge_echo(const struct verdict_rules *rules, const struct packet_ip *ip, uint32_t echo,
		      struct answer *out)
{
	unsigned pass = echo_pass(rules, &out->address, echo);

	if (pass == COOKIE_PASSES) {
		return ERR_UNSUPPORTED;
	}
	out->transport = TRANSPORT_ICMP;
	out->state = PORT_HOST;
	out->reason = ANSWER_ECHO;
	out->probe = (uint8_t)(pass + 1);
	take_stack(ip, NULL, out);
	return 0;
}

/* Port unreachable, said by the host itself, is what a closed UDP port answers (RFC 1122 4.1.3.1).
 */
static bool is_closed(const struct packet_icmp *icmp, bool is_v6, const struct answer *answer)
{
	return answer->transport == TRANSPORT_UDP && icmp->is_unreachable &&
	       icmp->code == (is_v6 ? 4 : 3) && address_equal(&answer->address, &answer->reporter);
}

static int judge_error(const struct verdict_rules *rules, const struct packet_ip *ip,
		       const struct packet_icmp *icmp, struct answer *out)
{
	struct cookie cookie;
	unsigned pass;

	out->address = address_of(rules, icmp->quoted.destination);
	out->port = icmp->destination_port;
	switch (icmp->quoted.protocol) {
	case PACKET_TCP:
	case PACKET_UDP:
		out->transport =
			icmp->quoted.protocol == PACKET_TCP ? TRANSPORT_TCP : TRANSPORT_UDP;
		if (!is_probe(rules, out, icmp->source_port, &cookie, &pass) ||
		    (out->transport == TRANSPORT_TCP && cookie.sequence != icmp->sequence)) {
			return ERR_UNSUPPORTED;
		}
		break;
	case PACKET_ICMP:
	case PACKET_ICMP_V6:
		/* behind type, code and checksum: the identifier and sequence of our echo */
		out->transport = TRANSPORT_ICMP;
		out->port = 0;
		pass = echo_pass(rules, &out->address, icmp->sequence);
		if (pass == COOKIE_PASSES) {
			return ERR_UNSUPPORTED;
		}
		break;
	default:
		return ERR_UNSUPPORTED;
	}
	out->state = is_closed(icmp, ip->is_v6, out) ? PORT_CLOSED : PORT_FILTERED;
	out->reason = ANSWER_ICMP;
	out->icmp_type = icmp->type;
	out->icmp_code = icmp->code;
	out->probe = (uint8_t)(pass + 1);
	take_stack(ip, NULL, out);
	return 0;
}

static int judge_icmp(const struct verdict_rules *rules, const struct packet_ip *ip,
		      struct answer *out)
{
	struct packet_icmp icmp;
	int error = packet_icmp_parse(ip->payload, ip->is_v6, &icmp);

	if (error != 0) {
		return error;
	}
	return icmp.is_echo_reply ? judge_echo(rules, ip, icmp.echo, out)
				  : judge_error(rules, ip, &icmp, out);
}

static int judge(const struct verdict_rules *rules, const struct packet_ip *ip, struct answer *out)
{
	switch (ip->protocol) {
	case PACKET_TCP:
		return judge_tcp(rules, ip, out);
	case PACKET_UDP:
		return judge_udp(rules, ip, out);
	case PACKET_ICMP:
		return ip->is_v6 ? ERR_UNSUPPORTED : judge_icmp(rules, ip, out);
	case PACKET_ICMP_V6:
		return ip->is_v6 ? judge_icmp(rules, ip, out) : ERR_UNSUPPORTED;
	default:
		return ERR_UNSUPPORTED;
	}
}

int verdict_of(const struct verdict_rules *rules, struct span frame, struct answer *out)
{
	struct answer answer = { .rtt_us = -1 };
	struct packet_frame link = { .payload = frame };
	struct packet_ip ip;
	int error;

	if (rules->link_size > 0 && packet_frame_parse(frame, &link) != 0) {
		return ERR_MALFORMED;
	}
	if (rules->link_size > 0 && link.type != PACKET_TYPE_IPV4 &&
	    link.type != PACKET_TYPE_IPV6) {
		return ERR_UNSUPPORTED;
	}
	error = packet_ip_parse(link.payload, &ip);
	if (error != 0) {
		return error;
	}
	if (ip.is_fragment) {
		return ERR_UNSUPPORTED;
	}
	answer.address = address_of(rules, ip.source);
	answer.reporter = answer.address;
	error = judge(rules, &ip, &answer);
	if (error != 0) {
		return error;
	}
	*out = answer;
	return 0;
}
