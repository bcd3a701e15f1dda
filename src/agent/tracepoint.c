/* tracepoint.c - the program of listening sockets, and its ring. */
#include "agent/tracepoint.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/bpf.h"
#include "base/error.h"
#include "base/reader.h"
#include "sys/alloc.h"
#include "sys/file.h"

/* What may wait: 4096 / (8 bytes of head + 8 of record). A full ring drops; the reader has then
 * enough to do. */
#define RING_BYTES 4096

#define TCP_LISTEN_STATE 10 /* enum of the kernel's tcp_states.h */

/* Arguments of the tracepoint: sk, oldstate, newstate, each 64 bits of the context. */
#define OLD_STATE_OFFSET 8
#define NEW_STATE_OFFSET 16

struct tracepoint {
	struct bpf_ring ring;
	int link_fd;
};

static int attach(int ring_fd)
{
	const struct bpf_insn program[] = {
		INSN_LOAD(BPF_DW, BPF_REG_2, BPF_REG_1, OLD_STATE_OFFSET),
		INSN_JUMP(BPF_JEQ, BPF_REG_2, TCP_LISTEN_STATE, 2),
		INSN_LOAD(BPF_DW, BPF_REG_2, BPF_REG_1, NEW_STATE_OFFSET),
		INSN_JUMP(BPF_JNE, BPF_REG_2, TCP_LISTEN_STATE, 9),
		INSN_CALL(BPF_FUNC_get_current_pid_tgid),
		INSN_STORE(BPF_DW, BPF_REG_10, -8, BPF_REG_0),
		INSN_LOAD_MAP(BPF_REG_1, ring_fd),
		INSN_MOVE(BPF_REG_2, BPF_REG_10),
		INSN_ADD(BPF_REG_2, -8),
		INSN_SET(BPF_REG_3, 8),
		INSN_SET(BPF_REG_4, 0),
		INSN_CALL(BPF_FUNC_ringbuf_output),
		INSN_SET(BPF_REG_0, 0),
		INSN_EXIT,
	};

	return bpf_attach("inet_sock_set_state", program, COUNT_OF(program), "Apache-2.0");
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
