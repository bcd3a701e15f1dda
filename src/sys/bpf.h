/*
 * bpf.h - programs of BPF, their maps and rings, without libbpf or tracefs.
 *
 * Needs CAP_BPF, and CAP_PERFMON for tracepoints or CAP_NET_ADMIN for XDP, while things are opened
 * and (but for bpf_run) nothing afterwards: rings and maps are then used by their mapped pages
 * only. Failures leave errno set. (bpf(2), Documentation/bpf/ringbuf.rst, bpf_prog_run.rst.)
 */
#pragma once

#include <linux/bpf_common.h>

#include "base/attr.h"
#include "base/span.h"

/* <linux/bpf.h> cannot be included: it names functions that banned.h poisons. */
struct bpf_insn {
	uint8_t code;
	uint8_t to : 4;
	uint8_t from : 4;
	int16_t offset;
	int32_t value;
};

enum { BPF_PROG_TYPE_XDP = 6, BPF_PROG_TYPE_RAW_TRACEPOINT = 17 };
enum { BPF_MAP_TYPE_ARRAY = 2, BPF_MAP_TYPE_PERCPU_ARRAY = 6, BPF_MAP_TYPE_RINGBUF = 27 };
enum {
	BPF_REG_0,
	BPF_REG_1,
	BPF_REG_2,
	BPF_REG_3,
	BPF_REG_4,
	BPF_REG_5,
	BPF_REG_6,
	BPF_REG_7,
	BPF_REG_8,
	BPF_REG_9,
	BPF_REG_10
};
enum {
	BPF_FUNC_map_lookup_elem = 1,
	BPF_FUNC_get_current_pid_tgid = 14,
	BPF_FUNC_get_current_uid_gid = 15,
	BPF_FUNC_redirect = 23,
	BPF_FUNC_get_current_task = 35,
	BPF_FUNC_xdp_adjust_tail = 65,
	BPF_FUNC_probe_read_user = 112,
	BPF_FUNC_probe_read_kernel = 113,
	BPF_FUNC_probe_read_kernel_str = 115,
	BPF_FUNC_ktime_get_boot_ns = 125,
	BPF_FUNC_ringbuf_output = 130,
	BPF_FUNC_xdp_store_bytes = 190,
};

#define BPF_PSEUDO_MAP_FD    1
#define BPF_PSEUDO_MAP_VALUE 2
#define BPF_F_MMAPABLE       (1u << 10)
#define BPF_ALU64            0x07
#define BPF_JMP32            0x06
#define BPF_DW               0x18
#define BPF_ATOMIC           0xc0
#define BPF_MOV              0xb0
#define BPF_JNE              0x50
#define BPF_JLT              0xa0
#define BPF_JLE              0xb0
#define BPF_CALL             0x80
#define BPF_EXIT             0x90

/* Instructions, as the kernel's own macros name them. size: BPF_W, BPF_DW. */
#define INSN(code, to, from, offset, value)                                                        \
	(struct bpf_insn)                                                                          \
	{                                                                                          \
		code, to, from, offset, value                                                      \
	}
#define INSN_LOAD(size, to, from, off)         INSN(BPF_LDX | BPF_MEM | (size), to, from, off, 0)
#define INSN_STORE(size, to, off, from)        INSN(BPF_STX | BPF_MEM | (size), to, from, off, 0)
#define INSN_STORE_VALUE(size, to, off, value) INSN(BPF_ST | BPF_MEM | (size), to, 0, off, value)
#define INSN_ATOMIC_ADD(to, off, from)         INSN(BPF_STX | BPF_ATOMIC | BPF_DW, to, from, off, 0)
#define INSN_JUMP(op, reg, value, skip)        INSN(BPF_JMP | (op) | BPF_K, reg, 0, skip, value)
#define INSN_JUMP32(op, reg, value, skip)      INSN(BPF_JMP32 | (op) | BPF_K, reg, 0, skip, value)
#define INSN_JUMP_REG(op, reg, other, skip)    INSN(BPF_JMP | (op) | BPF_X, reg, other, skip, 0)
#define INSN_CALL(function)                    INSN(BPF_JMP | BPF_CALL, 0, 0, 0, function)
#define INSN_MOVE(to, from)                    INSN(BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0)
#define INSN_SET(to, value)                    INSN(BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value)
#define INSN_ADD(to, value)                    INSN(BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, value)
#define INSN_AND(to, value)                    INSN(BPF_ALU64 | BPF_AND | BPF_K, to, 0, 0, value)
#define INSN_SHIFT_LEFT(to, value)             INSN(BPF_ALU64 | BPF_LSH | BPF_K, to, 0, 0, value)
#define INSN_ADD_REG(to, from)                 INSN(BPF_ALU64 | BPF_ADD | BPF_X, to, from, 0, 0)
#define INSN_SUBTRACT_REG(to, from)            INSN(BPF_ALU64 | BPF_SUB | BPF_X, to, from, 0, 0)
#define INSN_EXIT                              INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* Two instructions. */
#define INSN_LOAD_MAP(to, fd)                                                                      \
	INSN(BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)

/* Two instructions: the address of byte offset of an array map's only value. */
#define INSN_LOAD_MAP_VALUE(to, fd, offset)                                                        \
	INSN(BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_VALUE, 0, fd), INSN(0, 0, 0, 0, offset)

/* A map of 32-bit keys, or a ring (value_size 0, entries its bytes). A descriptor, or -1. */
MUST_USE int bpf_map(unsigned type, unsigned value_size, unsigned entries, unsigned flags);

/* Loads a program. license: its own; the kernel offers some functions to those under the GPL only.
 * A descriptor, or -1. */
MUST_USE int bpf_load(unsigned type, const struct bpf_insn *program, size_t count,
		      const char *license);

/* Loads a program and attaches it to a raw tracepoint, until the descriptor is closed. A
 * descriptor, or -1. */
MUST_USE int bpf_attach(const char *tracepoint, const struct bpf_insn *program, size_t count,
			const char *license);

/* Attaches a loaded XDP program to an interface until the descriptor is closed: in its driver, or
 * (is_generic) before the stack. A descriptor, or -1. */
MUST_USE int bpf_attach_xdp(int program_fd, unsigned interface, bool is_generic);

/* What bpf_run_live() runs a program on. */
struct bpf_live_run {
	int program_fd;
	struct span frame; /* each starts as this one, or as the program left it */
	unsigned count;
	unsigned batch; /* frames in flight at once */
};

/* Runs an XDP program on frames that go where the program sends them. False, errno set: EINTR where
 * a signal came, some having gone. */
MUST_USE bool bpf_run_live(const struct bpf_live_run *run);

/* A ring that the kernel writes and this process reads. Fields are private to bpf.c but fd, for the
 * event loop: readable when there is something to take, and woken for the first record behind what
 * was taken only. */
struct bpf_ring {
	int fd;
	size_t size;
	uint64_t *consumer;       /* one page, ours to write */
	const uint64_t *producer; /* one page, then the ring twice */
	uint64_t at;
};

/* size_bytes: a power of two, at least a page. True, or errno is set and nothing is left open. */
MUST_USE bool bpf_ring_open(size_t size_bytes, struct bpf_ring *out);
void bpf_ring_close(struct bpf_ring *ring);

/* The next record, which is the ring's until the next call; false where there is none left. */
bool bpf_ring_next(struct bpf_ring *ring, struct span *out);
