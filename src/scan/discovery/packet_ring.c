/* packet_ring.c - blocks shared with the kernel (Documentation/networking/packet_mmap.rst). */
#include "scan/discovery/packet_ring.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "scan/discovery/cookie.h"
#include "sys/alloc.h"

#define BLOCK_BYTES   (1u << 20)
#define BLOCKS_MIN    2
#define RETIRE_MS     5
#define SNAP_BYTES    2048
#define PACKETS_BLOCK (BLOCK_BYTES / 64) /* more cannot be in one */

struct packet_ring {
	int fd;
	uint8_t *memory;
	size_t blocks;
	size_t next;
	struct packet_ring_stats stats;
};

#define ACCEPT BPF_STMT(BPF_RET | BPF_K, SNAP_BYTES)
#define REFUSE BPF_STMT(BPF_RET | BPF_K, 0)

/* Jumps count the instructions that are passed over. The same program at either link size: the
 * version is in the first byte of IP, ARP has a type only. */
static int attach_filter(int fd, unsigned link)
{
	struct sock_filter program[] = {
		/* 0 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, link > 0 ? 12 : 0),
		/* 1 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, link > 0 ? ETH_P_ARP : 0x10000, 17, 0),
		/* 2 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, link),
		/* 3 */ BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
		/* 4 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 8, 0),
		/* 5: IPv4 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, link + 9),
		/* 6 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMP, 12, 0),
		/* 7 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 1, 0),
		/* 8 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 11),
		/* 9 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, link + 6),
		/* 10 */ BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x1fff, 9, 0),
		/* 11 */ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, link),
		/* 12: the port */ BPF_JUMP(BPF_JMP | BPF_JA, 4, 0, 0),
		/* 13: IPv6 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, link + 6),
		/* 14 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 1, 0),
		/* 15: extensions are looked at by the program */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
		/* 16 */ BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 40),
		/* 17 */ BPF_STMT(BPF_LD | BPF_H | BPF_IND, link + 2),
		/* 18 */ BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, COOKIE_PORT_FIRST, 0, 1),
		/* 19 */ ACCEPT,
		/* 20 */ REFUSE,
	};
	struct sock_fprog attached = { .len = COUNT_OF(program), .filter = program };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached);
}

static int map_ring(struct packet_ring *ring, size_t size_bytes)
{
	int version = TPACKET_V3;
	int is_on = 1;
	size_t blocks = size_bytes / BLOCK_BYTES;
	struct tpacket_req3 request = {
		.tp_block_size = BLOCK_BYTES,
		.tp_frame_size = SNAP_BYTES,
		.tp_retire_blk_tov = RETIRE_MS,
	};
	void *memory;

	ring->blocks = blocks < BLOCKS_MIN ? BLOCKS_MIN : blocks;
	request.tp_block_nr = (unsigned)ring->blocks;
	request.tp_frame_nr = (unsigned)(ring->blocks * (BLOCK_BYTES / SNAP_BYTES));
	if (setsockopt(ring->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) != 0 ||
	    setsockopt(ring->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &is_on, sizeof is_on) != 0 ||
	    setsockopt(ring->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0) {
		return ERR_IO;
	}
	memory = mmap(NULL, ring->blocks * BLOCK_BYTES, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_POPULATE, ring->fd, 0);
	if (memory == MAP_FAILED) {
		return ERR_IO;
	}
	ring->memory = memory;
	return 0;
}

int packet_ring_open(unsigned interface_index, size_t link_size, size_t size_bytes,
		     struct packet_ring **out, struct why *why)
{
	struct sockaddr_ll where = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)interface_index,
	};
	struct packet_ring *ring = alloc_zeroed(1, sizeof *ring);

	/* no protocol yet: nothing comes in before the filter is there */
	ring->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ring->fd < 0) {
		int error = errno == EPERM || errno == EACCES ? ERR_DENIED : ERR_IO;

		(void)why_set(why, error, "no raw socket: %s", strerror(errno));
		packet_ring_close(&ring);
		return error;
	}
	if (attach_filter(ring->fd, (unsigned)link_size) != 0 || map_ring(ring, size_bytes) != 0 ||
	    bind(ring->fd, (struct sockaddr *)&where, sizeof where) != 0) {
		(void)why_set(why, ERR_IO, "the receive ring cannot be set up: %s",
			      strerror(errno));
		packet_ring_close(&ring);
		return ERR_IO;
	}
	*out = ring;
	return 0;
}

void packet_ring_close(struct packet_ring **ring)
{
	if (*ring == NULL) {
		return;
	}
	if ((*ring)->memory != NULL) {
		munmap((*ring)->memory, (*ring)->blocks * BLOCK_BYTES);
	}
	if ((*ring)->fd >= 0) {
		close((*ring)->fd);
	}
	free(*ring);
	*ring = NULL;
}

int packet_ring_fd(const struct packet_ring *ring)
{
	return ring->fd;
}

/* The kernel's descriptors are its own, no stranger's bytes: offsets in them are believed as far as
 * the block reaches. */
static size_t read_block(uint8_t *block, void (*handler)(void *, struct span), void *context)
{
	struct tpacket_block_desc *head = (struct tpacket_block_desc *)(void *)block;
	size_t packets = head->hdr.bh1.num_pkts;
	size_t at = head->hdr.bh1.offset_to_first_pkt;
	size_t done = 0;

	while (done < packets && done < PACKETS_BLOCK &&
	       at + sizeof(struct tpacket3_hdr) <= BLOCK_BYTES) {
		struct tpacket3_hdr *packet = (struct tpacket3_hdr *)(void *)(block + at);
		size_t from = at + packet->tp_mac;

		if (from + packet->tp_snaplen > BLOCK_BYTES) {
			break;
		}
		handler(context, (struct span){ block + from, packet->tp_snaplen });
		done++;
		if (packet->tp_next_offset == 0) {
			break;
		}
		at += packet->tp_next_offset;
	}
	return done;
}

size_t packet_ring_read(struct packet_ring *ring, void (*handler)(void *context, struct span frame),
			void *context)
{
	uint8_t *block = ring->memory + ring->next * BLOCK_BYTES;
	struct tpacket_block_desc *head = (struct tpacket_block_desc *)(void *)block;
	size_t count;

	if ((__atomic_load_n(&head->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER) ==
	    0) {
		return 0;
	}
	count = read_block(block, handler, context);
	__atomic_store_n(&head->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
	ring->next = (ring->next + 1) % ring->blocks;
	return count;
}

void packet_ring_stats(struct packet_ring *ring, struct packet_ring_stats *out)
{
	struct tpacket_stats_v3 now = { 0 };
	socklen_t size = sizeof now;

	/* reading resets the kernel's counters */
	if (getsockopt(ring->fd, SOL_PACKET, PACKET_STATISTICS, &now, &size) == 0) {
		ring->stats.packets += now.tp_packets;
		ring->stats.drops += now.tp_drops;
	}
	*out = ring->stats;
}
