/* tracepoint.c - the program of listening sockets, and its ring. */
#include "agent/tracepoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/kernel_members.h"
#include "base/error.h"
#include "base/reader.h"
#include "sys/alloc.h"
#include "sys/bpf.h"
#include "sys/file.h"

/* What may wait: 4096 / (8 bytes of head + 8 of record). A full ring drops; the reader has then
 * enough to do. */
#define RING_BYTES 4096

#define TCP_LISTEN_STATE 10 /* enum of the kernel's tcp_states.h */

/* Arguments of the tracepoint: sk, oldstate, newstate, each 64 bits of the context. */
#define SOCKET_OFFSET    0
#define OLD_STATE_OFFSET 8
#define NEW_STATE_OFFSET 16

struct tracepoint {
	struct bpf_ring ring;
	int link_fd;
};

/* Program parts: the socket is in R6 from the first on, and the last ends the program. */
#define ENDS_UNLESS_LISTENING                                                                      \
	INSN_LOAD(BPF_DW, BPF_REG_6, BPF_REG_1, SOCKET_OFFSET),                                    \
		INSN_LOAD(BPF_DW, BPF_REG_2, BPF_REG_1, OLD_STATE_OFFSET),                         \
		INSN_JUMP(BPF_JEQ, BPF_REG_2, TCP_LISTEN_STATE, 4),                                \
		INSN_LOAD(BPF_DW, BPF_REG_2, BPF_REG_1, NEW_STATE_OFFSET),                         \
		INSN_JUMP(BPF_JEQ, BPF_REG_2, TCP_LISTEN_STATE, 2), INSN_SET(BPF_REG_0, 0),        \
		INSN_EXIT

/* Eight bytes of the kernel's at from + offset are put on the stack; R0 is 0 where it worked. */
#define READS(from, offset)                                                                        \
	INSN_MOVE(BPF_REG_3, from), INSN_ADD(BPF_REG_3, (int32_t)(offset)),                        \
		INSN_MOVE(BPF_REG_1, BPF_REG_10), INSN_ADD(BPF_REG_1, -8), INSN_SET(BPF_REG_2, 8), \
		INSN_CALL(BPF_FUNC_probe_read_kernel)

#define TELLS(ring_fd)                                                                             \
	INSN_CALL(BPF_FUNC_get_current_pid_tgid), INSN_STORE(BPF_DW, BPF_REG_10, -8, BPF_REG_0),   \
		INSN_LOAD_MAP(BPF_REG_1, ring_fd), INSN_MOVE(BPF_REG_2, BPF_REG_10),               \
		INSN_ADD(BPF_REG_2, -8), INSN_SET(BPF_REG_3, 8), INSN_SET(BPF_REG_4, 0),           \
		INSN_CALL(BPF_FUNC_ringbuf_output), INSN_SET(BPF_REG_0, 0), INSN_EXIT

/* Of every namespace. */
static int attach_to_all(int ring_fd)
{
	const struct bpf_insn program[] = { ENDS_UNLESS_LISTENING, TELLS(ring_fd) };

	return bpf_attach("inet_sock_set_state", program, COUNT_OF(program), "Apache-2.0");
}

/*
 * Of this process's network namespace: others' sockets are not in its table, and a host of many
 * containers would wake it all day. The namespace is sk->__sk_common.skc_net.net->ns.inum. What
 * cannot be read counts as ours.
 *
 * The function that reads memory is offered by the kernel to programs under the GPL only. These
 * instructions may therefore be used under the GPL 2 as well as under this project's license.
 */
static int attach_to_own(int ring_fd)
{
	enum { SOCKET_NET, NET_NAMESPACE, NAMESPACE_NUMBER, MEMBERS };
	struct btf_member m[MEMBERS] = {
		[SOCKET_NET] = { "sock_common", "skc_net" },
		[NET_NAMESPACE] = { "net", "ns" },
		[NAMESPACE_NUMBER] = { "ns_common", "inum" },
	};
	struct stat own;

	if (stat("/proc/self/ns/net", &own) != 0 || kernel_members(m, MEMBERS, MEMBERS) != 0) {
		return -1;
	}
	const struct bpf_insn program[] = {
		ENDS_UNLESS_LISTENING,
		READS(BPF_REG_6, m[SOCKET_NET].offset),
		INSN_LOAD(BPF_DW, BPF_REG_6, BPF_REG_10, -8),
		READS(BPF_REG_6, m[NET_NAMESPACE].offset + m[NAMESPACE_NUMBER].offset),
		INSN_JUMP(BPF_JNE, BPF_REG_0, 0, 4),
		INSN_LOAD(BPF_W, BPF_REG_2, BPF_REG_10, -8),
		INSN_JUMP32(BPF_JEQ, BPF_REG_2, (int32_t)(uint32_t)own.st_ino, 2),
		INSN_SET(BPF_REG_0, 0),
		INSN_EXIT,
		TELLS(ring_fd),
	};

	return bpf_attach("inet_sock_set_state", program, COUNT_OF(program), "Dual BSD/GPL");
}

static int attach(int ring_fd)
{
	int link_fd = attach_to_own(ring_fd);

	return link_fd >= 0 ? link_fd : attach_to_all(ring_fd);
}

int tracepoint_open(struct tracepoint **out, struct why *why)
{
	struct tracepoint *t = alloc_zeroed(1, sizeof *t);
	int number;

	t->ring.fd = -1;
	t->link_fd = -1;
	if (bpf_ring_open(RING_BYTES, &t->ring)) {
		t->link_fd = attach(t->ring.fd);
	}
	number = errno;
	if (t->link_fd < 0) {
		tracepoint_close(&t);
		return why_set(why, ERR_UNSUPPORTED, "no tracepoint for listening sockets: %s",
			       strerror(number));
	}
	*out = t;
	return 0;
}

void tracepoint_close(struct tracepoint **tracepoint)
{
	struct tracepoint *t = *tracepoint;

	if (t == NULL) {
		return;
	}
	file_close(&t->link_fd);
	bpf_ring_close(&t->ring);
	free(t);
	*tracepoint = NULL;
}

int tracepoint_fd(const struct tracepoint *tracepoint)
{
	return tracepoint->ring.fd;
}

pid_t tracepoint_take(struct tracepoint *t)
{
	struct span record;

	while (bpf_ring_next(&t->ring, &record)) {
		struct reader r = reader_over(record);
		uint64_t pid_tgid = reader_le64(&r);

		if (pid_tgid >> 32 != 0) {
			return (pid_t)(pid_tgid >> 32);
		}
	}
	return 0;
}
