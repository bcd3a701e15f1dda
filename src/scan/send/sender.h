/*
 * sender.h - puts probes on the wire: one interface, three rungs, the best that the interface,
 * the kernel and this process's rights allow.
 *
 * A template is a whole frame that many probes share; a probe is what differs. Every rung sends the
 * same bytes for the same probe: they are completed in one place (template.h), checksums included.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/why.h"

#define SENDER_FRAME_MAX     1514 /* Ethernet header included, without its checksum */
#define SENDER_TEMPLATES_MAX 1024
#define SENDER_BATCH         4096 /* so many probes in one call keep every rung efficient */

enum sender_kind {
	SENDER_BEST,   /* the first of the others that works */
	SENDER_XDP,    /* XDP live frames: no socket buffer, no system call per frame */
	SENDER_AF_XDP, /* a ring shared with the kernel, zero copy where the driver has it */
	SENDER_MMSG,   /* sendmmsg on a packet socket, past the queueing discipline */
	SENDER_KINDS
};

/* What of a template's frame a probe sets. The rest is sent as the template has it. */
enum sender_varies {
	SENDER_DESTINATION = 1 << 0, /* of IPv4 or IPv6; of ARP the target's protocol address */
	SENDER_DESTINATION_PORT = 1 << 1,
	SENDER_SOURCE_PORT = 1 << 2,
	SENDER_IP_ID = 1 << 3, /* IPv4's identification */
	SENDER_MAC = 1 << 4,   /* Ethernet's destination */
	/* A neighbour solicitation (RFC 4861, 4.3): the destination is the target in its body; the
	 * header's and Ethernet's are the solicited-node multicast addresses made of it. */
	SENDER_SOLICITATION = 1 << 5,
};

/* frame: begins with Ethernet where sender_link_size() says 14, with IP where 0. Its own lengths
 * (IP, UDP) must be those of the frame, to the byte; checksums in it count for nothing. IPv6 comes
 * without extension headers, IPv4 unfragmented. */
struct sender_template {
	struct span frame;      /* copied */
	unsigned varies;        /* of sender_varies */
	unsigned sequence_at;   /* where the sequence goes, from the frame's start; any, even odd */
	unsigned sequence_size; /* 0: nowhere; 2 (its low half), or 4; big-endian */
};

/* Numbers are in the host's order. What the template does not vary is ignored. */
struct sender_probe {
	uint8_t destination[16]; /* IPv4: the first four */
	uint32_t sequence;
	uint16_t destination_port;
	uint16_t source_port;
	uint16_t ip_id;
	uint16_t template; /* as sender_add_template() numbered it */
	uint8_t mac[6];
	uint8_t unused[2];
};

struct sender_options {
	const char *interface;
	enum sender_kind kind; /* that one or none, or the best */
	unsigned without;      /* rungs that are not to be tried: 1 << kind of each */
	unsigned queue;        /* of the driver, for AF_XDP: the first to try */
	/* The interface may be changed until sender_close(), where that is faster. For XDP live
	 * frames some drivers want an XDP program on it: one that lets all pass; they may restart
	 * the link for it. For zero copy AF_XDP takes a queue for itself: what the host would
	 * receive there is lost. */
	bool may_take_over;
	/* Of SENDER_BEST: worse rungs are opened, too, and wait: where the one in use fails, the
	 * next takes over, without any rights. */
	bool has_standbys;
};

struct sender_stats {
	uint64_t sent;         /* handed over, and neither refused nor pending */
	uint64_t refused;      /* dropped by the kernel or the driver, never on the wire */
	uint64_t pending;      /* held by the sender until a queue has room again */
	uint64_t full;         /* times that a queue was full */
	bool is_refused_known; /* false where the kernel does not tell this process of refusals */
};

struct sender;

/* Takes the best rung, or the one asked for. ERR_NOT_FOUND: no such interface. ERR_UNSUPPORTED or
 * ERR_DENIED: no rung works; why says it of each one tried. Needs CAP_NET_RAW; XDP also
 * CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN. Sending needs no rights any more, only
 * bpf(2), sendto(2) or sendmmsg(2). */
MUST_USE int sender_open(const struct sender_options *options, struct sender **out,
			 struct why *why);
void sender_close(struct sender **sender);

/* 14 where frames of this interface begin with Ethernet (loopback's too), 0 where with IP (tun). */
size_t sender_link_size(const struct sender *sender);
enum sender_kind sender_kind(const struct sender *sender);

/* "XDP live frames", ...; never NULL. */
const char *sender_kind_name(enum sender_kind kind);

/* How the rung does it here, for people: "zero copy", "the kernel copies each frame"; never NULL.
 */
const char *sender_detail(const struct sender *sender);

/* Why a better rung was not taken; empty for the one taken and those below it. Never NULL. */
const char *sender_why_not(const struct sender *sender, enum sender_kind kind);

/* What became of better rungs that failed while sending, for people: "XDP live frames failed after
 * 1000 probes (Operation not supported): AF_XDP goes on"; "" where none did. Never NULL. */
const char *sender_fallen(const struct sender *sender);

/* Gives up the rung in use, which takes nothing any more and does not say why; what it may not have
 * sent is sent again by the next one. False where there is no other. */
bool sender_give_up(struct sender *sender);

/* ERR_MALFORMED: the frame's lengths lie, or what is to vary is not in it; ERR_LIMIT: longer than
 * the interface takes, or too many templates; ERR_UNSUPPORTED: a protocol that is not known here.
 */
MUST_USE int sender_add_template(struct sender *sender, const struct sender_template *template,
				 unsigned *number, struct why *why);

/* Hands over the first *sent of the count probes without waiting: fewer than count where a queue is
 * full (call again with the rest). What is pending goes first; at the end, call with none until
 * nothing is. They keep their order but where a queue was full or a rung failed. A rung that fails
 * is left for its standby: no probe is lost, and those that may have gone are sent once more.
 * ERR_IO: the interface is down, or no rung is left; call again when it may be up. ERR_NOT_FOUND:
 * it is gone. *sent is set on errors, too. */
MUST_USE int sender_send(struct sender *sender, const struct sender_probe *probes, size_t count,
			 size_t *sent);

/* What was sent and refused until now. */
void sender_stats(struct sender *sender, struct sender_stats *out);
