/* tracepoint.c - map, program, attachment, ring (bpf(2), Documentation/bpf/ringbuf.rst). */
#include "agent/tracepoint.h"

#include <errno.h>
#include <linux/bpf_common.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/error.h"
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
	int map_fd;
	int program_fd;
	int link_fd;
	size_t page;
	uint64_t *consumer; /* one page, ours to write */
	uint64_t *producer; /* one page, then the ring twice */
};

/*
 * The kernel's interface, as far as it is used. <linux/bpf.h> cannot be included: it names
 * functions that banned.h poisons.
 */

enum { BPF_MAP_CREATE = 0, BPF_PROG_LOAD = 5, BPF_RAW_TRACEPOINT_OPEN = 17 };
enum { BPF_MAP_TYPE_RINGBUF = 27, BPF_PROG_TYPE_RAW_TRACEPOINT = 17, BPF_PSEUDO_MAP_FD = 1 };
enum { BPF_FUNC_get_current_pid_tgid = 14, BPF_FUNC_ringbuf_output = 130 };
enum { BPF_REG_0, BPF_REG_1, BPF_REG_2, BPF_REG_3, BPF_REG_4, BPF_REG_10 = 10 };

#define BPF_ALU64 0x07
#define BPF_DW    0x18
#define BPF_MOV   0xb0
#define BPF_JNE   0x50
#define BPF_CALL  0x80
#define BPF_EXIT  0x90

#define BPF_RINGBUF_BUSY_BIT    0x80000000u
#define BPF_RINGBUF_DISCARD_BIT 0x40000000u
#define BPF_RINGBUF_HDR_SZ      8

struct bpf_insn {
	uint8_t code;
	uint8_t to : 4;
	uint8_t from : 4;
	int16_t offset;
	int32_t value;
};

struct bpf_map_create {
	uint32_t type;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
};

struct bpf_prog_load {
	uint32_t type;
	uint32_t insn_count;
	uint64_t insns;
	uint64_t license;
};

struct bpf_raw_tracepoint_open {
	uint64_t name;
	uint32_t prog_fd;
	uint32_t padding;
};

/* Instructions, as the kernel's own macros name them. */
#define LOAD(to, from, off)                                                                        \
	{                                                                                          \
		BPF_LDX | BPF_MEM | BPF_DW, to, from, off, 0                                       \
	}
#define STORE(to, off, from)                                                                       \
	{                                                                                          \
		BPF_STX | BPF_MEM | BPF_DW, to, from, off, 0                                       \
	}
#define JUMP_EQUAL(reg, value, skip)                                                               \
	{                                                                                          \
		BPF_JMP | BPF_JEQ | BPF_K, reg, 0, skip, value                                     \
	}
#define JUMP_UNEQUAL(reg, value, skip)                                                             \
	{                                                                                          \
		BPF_JMP | BPF_JNE | BPF_K, reg, 0, skip, value                                     \
	}
#define CALL(function)                                                                             \
	{                                                                                          \
		BPF_JMP | BPF_CALL, 0, 0, 0, function                                              \
	}
#define MOVE(to, from)                                                                             \
	{                                                                                          \
		BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0                                        \
	}
#define SET(to, value)                                                                             \
	{                                                                                          \
		BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value                                       \
	}
#define ADD(to, value)                                                                             \
	{                                                                                          \
		BPF_ALU64 | BPF_ADD | BPF_K, to, 0, 0, value                                       \
	}
#define LOAD_MAP(to, fd)                                                                           \
	{ BPF_LD | BPF_DW | BPF_IMM, to, BPF_PSEUDO_MAP_FD, 0, fd },                               \
	{                                                                                          \
		0, 0, 0, 0, 0                                                                      \
	}
#define EXIT                                                                                       \
	{                                                                                          \
		BPF_JMP | BPF_EXIT, 0, 0, 0, 0                                                     \
	}

static int bpf(int command, void *attr, unsigned size)
{
	return (int)syscall(SYS_bpf, command, attr, size);
}

static uint64_t address_of(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static int load_program(int map_fd)
{
	const struct bpf_insn program[] = {
		LOAD(BPF_REG_2, BPF_REG_1, OLD_STATE_OFFSET),
		JUMP_EQUAL(BPF_REG_2, TCP_LISTEN_STATE, 2),
		LOAD(BPF_REG_2, BPF_REG_1, NEW_STATE_OFFSET),
		JUMP_UNEQUAL(BPF_REG_2, TCP_LISTEN_STATE, 9),
		CALL(BPF_FUNC_get_current_pid_tgid),
		STORE(BPF_REG_10, -8, BPF_REG_0),
		LOAD_MAP(BPF_REG_1, map_fd),
		MOVE(BPF_REG_2, BPF_REG_10),
		ADD(BPF_REG_2, -8),
		SET(BPF_REG_3, 8),
		SET(BPF_REG_4, 0),
		CALL(BPF_FUNC_ringbuf_output),
		SET(BPF_REG_0, 0),
		EXIT,
	};
	struct bpf_prog_load attr = { .type = BPF_PROG_TYPE_RAW_TRACEPOINT,
				      .insn_count = COUNT_OF(program),
				      .insns = address_of(program),
				      .license = address_of("Apache-2.0") };

	return bpf(BPF_PROG_LOAD, &attr, sizeof attr);
}

static int create_ring(void)
{
	struct bpf_map_create attr = { .type = BPF_MAP_TYPE_RINGBUF, .max_entries = RING_BYTES };

	return bpf(BPF_MAP_CREATE, &attr, sizeof attr);
}

static int attach(int program_fd)
{
	struct bpf_raw_tracepoint_open attr = { .name = address_of("inet_sock_set_state"),
						.prog_fd = (uint32_t)program_fd };

	return bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof attr);
}

/* The ring's pages: the reader's position to be written, the writer's and the data (mapped twice,
 * end to end, so that no record is ever cut) to be read. */
static bool map_ring(struct tracepoint *t)
{
	void *consumer = mmap(NULL, t->page, PROT_READ | PROT_WRITE, MAP_SHARED, t->map_fd, 0);
	void *producer = mmap(NULL, t->page + 2 * (size_t)RING_BYTES, PROT_READ, MAP_SHARED,
			      t->map_fd, (off_t)t->page);

	t->consumer = consumer == MAP_FAILED ? NULL : consumer;
	t->producer = producer == MAP_FAILED ? NULL : producer;
	return t->consumer != NULL && t->producer != NULL;
}

int tracepoint_open(struct tracepoint **out, struct why *why)
{
	struct tracepoint *t = alloc_zeroed(1, sizeof *t);
	int number = 0;

	t->page = (size_t)sysconf(_SC_PAGESIZE);
	t->program_fd = -1;
	t->link_fd = -1;
	t->map_fd = create_ring();
	if (t->map_fd >= 0 && map_ring(t)) {
		t->program_fd = load_program(t->map_fd);
	}
	if (t->program_fd >= 0) {
		t->link_fd = attach(t->program_fd);
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
	if (t->consumer != NULL) {
		(void)munmap(t->consumer, t->page);
	}
	if (t->producer != NULL) {
		(void)munmap(t->producer, t->page + 2 * (size_t)RING_BYTES);
	}
	file_close(&t->link_fd);
	file_close(&t->program_fd);
	file_close(&t->map_fd);
	free(t);
	*tracepoint = NULL;
}

int tracepoint_fd(const struct tracepoint *tracepoint)
{
	return tracepoint->map_fd;
}

pid_t tracepoint_take(struct tracepoint *t)
{
	const uint8_t *ring = (const uint8_t *)t->producer + t->page;
	uint64_t at = __atomic_load_n(t->consumer, __ATOMIC_RELAXED);

	while (at < __atomic_load_n(t->producer, __ATOMIC_ACQUIRE)) {
		const uint8_t *record = ring + (at & (RING_BYTES - 1));
		uint32_t head =
			__atomic_load_n((const uint32_t *)(const void *)record, __ATOMIC_ACQUIRE);
		uint32_t len = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		uint64_t pid_tgid = 0;

		if (head & BPF_RINGBUF_BUSY_BIT) {
			return 0; /* being written; the descriptor becomes readable again */
		}
		if (!(head & BPF_RINGBUF_DISCARD_BIT) && len >= sizeof pid_tgid) {
			memcpy(&pid_tgid, record + BPF_RINGBUF_HDR_SZ, sizeof pid_tgid);
		}
		at += (len + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
		__atomic_store_n(t->consumer, at, __ATOMIC_RELEASE);
		if (pid_tgid >> 32 != 0) {
			return (pid_t)(pid_tgid >> 32);
		}
	}
	return 0;
}
