/* bpf.c - the kernel's interface, as far as it is used. */
#include "sys/bpf.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/file.h"

enum {
	BPF_MAP_CREATE = 0,
	BPF_PROG_LOAD = 5,
	BPF_PROG_TEST_RUN = 10,
	BPF_RAW_TRACEPOINT_OPEN = 17,
	BPF_LINK_CREATE = 28
};

#define BPF_XDP                    37 /* an attach type */
#define BPF_F_TEST_XDP_LIVE_FRAMES (1u << 1)
#define XDP_FLAGS_SKB_MODE         (1u << 1)
#define XDP_FLAGS_DRV_MODE         (1u << 2)

#define BPF_RINGBUF_BUSY_BIT    0x80000000u
#define BPF_RINGBUF_DISCARD_BIT 0x40000000u
#define BPF_RINGBUF_HDR_SZ      8

struct bpf_map_create {
	uint32_t type;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t flags;
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

struct bpf_link_create {
	uint32_t prog_fd;
	uint32_t target_ifindex;
	uint32_t attach_type;
	uint32_t flags;
};

struct bpf_test_run {
	uint32_t prog_fd;
	uint32_t retval;
	uint32_t data_size_in;
	uint32_t data_size_out;
	uint64_t data_in;
	uint64_t data_out;
	uint32_t repeat;
	uint32_t duration;
	uint32_t ctx_size_in;
	uint32_t ctx_size_out;
	uint64_t ctx_in;
	uint64_t ctx_out;
	uint32_t flags;
	uint32_t cpu;
	uint32_t batch_size;
	uint32_t padding;
};

static int bpf(int command, void *attr, unsigned size)
{
	return (int)syscall(SYS_bpf, command, attr, size);
}

static uint64_t address_of(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

int bpf_map(unsigned type, unsigned value_size, unsigned entries, unsigned flags)
{
	struct bpf_map_create attr = { .type = type,
				       .key_size = value_size > 0 ? sizeof(uint32_t) : 0,
				       .value_size = value_size,
				       .max_entries = entries,
				       .flags = flags };

	return bpf(BPF_MAP_CREATE, &attr, sizeof attr);
}

int bpf_load(unsigned type, const struct bpf_insn *program, size_t count, const char *license)
{
	struct bpf_prog_load load = { .type = type,
				      .insn_count = (uint32_t)count,
				      .insns = address_of(program),
				      .license = address_of(license) };

	return bpf(BPF_PROG_LOAD, &load, sizeof load);
}

int bpf_attach(const char *tracepoint, const struct bpf_insn *program, size_t count,
	       const char *license)
{
	struct bpf_raw_tracepoint_open open = { .name = address_of(tracepoint) };
	int program_fd = bpf_load(BPF_PROG_TYPE_RAW_TRACEPOINT, program, count, license);
	int link_fd = -1;
	int number;

	if (program_fd >= 0) {
		open.prog_fd = (uint32_t)program_fd;
		link_fd = bpf(BPF_RAW_TRACEPOINT_OPEN, &open, sizeof open);
	}
	number = errno;
	file_close(&program_fd); /* the link holds it */
	errno = number;
	return link_fd;
}

int bpf_attach_xdp(int program_fd, unsigned interface, bool is_generic)
{
	struct bpf_link_create link = { .prog_fd = (uint32_t)program_fd,
					.target_ifindex = interface,
					.attach_type = BPF_XDP,
					.flags = is_generic ? XDP_FLAGS_SKB_MODE
							    : XDP_FLAGS_DRV_MODE };

	return bpf(BPF_LINK_CREATE, &link, sizeof link);
}

bool bpf_run_live(const struct bpf_live_run *run)
{
	struct bpf_test_run attr = { .prog_fd = (uint32_t)run->program_fd,
				     .data_size_in = (uint32_t)run->frame.len,
				     .data_in = address_of(run->frame.ptr),
				     .repeat = run->count,
				     .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
				     .batch_size = run->batch };

	return bpf(BPF_PROG_TEST_RUN, &attr, sizeof attr) == 0;
}

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* The ring's pages: the reader's position to be written, the writer's and the data (mapped twice,
 * end to end, so that no record is ever cut) to be read. */
bool bpf_ring_open(size_t size_bytes, struct bpf_ring *out)
{
	struct bpf_ring ring = { .size = size_bytes };
	size_t page = page_size();
	void *consumer = MAP_FAILED;
	void *producer = MAP_FAILED;
	int number;

	ring.fd = bpf_map(BPF_MAP_TYPE_RINGBUF, 0, (unsigned)size_bytes, 0);
	if (ring.fd >= 0) {
		consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, 0);
		producer = mmap(NULL, page + 2 * size_bytes, PROT_READ, MAP_SHARED, ring.fd,
				(off_t)page);
	}
	ring.consumer = consumer == MAP_FAILED ? NULL : consumer;
	ring.producer = producer == MAP_FAILED ? NULL : producer;
	if (ring.consumer == NULL || ring.producer == NULL) {
		number = errno;
		bpf_ring_close(&ring);
		errno = number;
		return false;
	}
	*out = ring;
	return true;
}

void bpf_ring_close(struct bpf_ring *ring)
{
	if (ring->consumer != NULL) {
		(void)munmap(ring->consumer, page_size());
	}
	if (ring->producer != NULL) {
		(void)munmap((void *)(uintptr_t)ring->producer, page_size() + 2 * ring->size);
	}
	ring->consumer = NULL;
	ring->producer = NULL;
	file_close(&ring->fd);
}

bool bpf_ring_next(struct bpf_ring *ring, struct span *out)
{
	const uint8_t *data = (const uint8_t *)ring->producer + page_size();

	__atomic_store_n(ring->consumer, ring->at, __ATOMIC_SEQ_CST);
	while (ring->at < __atomic_load_n(ring->producer, __ATOMIC_SEQ_CST)) {
		const uint8_t *record = data + (ring->at & (ring->size - 1));
		uint32_t head =
			__atomic_load_n((const uint32_t *)(const void *)record, __ATOMIC_ACQUIRE);
		uint32_t len = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

		if (head & BPF_RINGBUF_BUSY_BIT) {
			return false; /* being written; the descriptor becomes readable again */
		}
		ring->at += (len + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
		if (!(head & BPF_RINGBUF_DISCARD_BIT)) {
			*out = (struct span){ record + BPF_RINGBUF_HDR_SZ, len };
			return true;
		}
		__atomic_store_n(ring->consumer, ring->at, __ATOMIC_SEQ_CST);
	}
	return false;
}
