/*
 * af_xdp.c - frames through a ring shared with the kernel (Documentation/networking/af_xdp.rst).
 *
 * Only sends: no program is attached, so it works beside others. The kernel copies
 * each frame into a socket buffer; with zero copy, where the driver has it, the queue's receiving
 * side would get its memory from here, and there is none: so only where the interface may be taken
 * over.
 *
 * The shared memory is a row of slots, as large as the largest template so far needs and never
 * across one of the kernel's chunks; small ones lie close together and stay in the cache.
 */
#include <errno.h>
#include <linux/if_xdp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "scan/send/rung.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define SLOTS      2048              /* a power of two: the rings have as many */
#define CHUNK      2048              /* the least the kernel takes */
#define AREA_SIZE  ((size_t)1 << 20) /* locked in memory, which a process may have little of */
#define FILL_SLOTS 64 /* nothing is received; the kernel wants the ring all the same */

/* Frames the kernel takes at a call in copy mode; 32 where it cannot be told (before 6.17). */
#define BUDGET                 1024
#define XDP_MAX_TX_SKB_BUDGET_ 9 /* <linux/if_xdp.h> of Debian 12 has no name for it */

/* Calls without progress after which the rest is left for later. */
#define KICKS_MAX 4

#define QUEUES_TRIED  8
#define BUSY_TRIES    25
#define BUSY_PAUSE_MS 4

struct xdp_ring {
	void *pages;
	size_t size;
	uint32_t *producer;
	uint32_t *consumer;
	uint32_t *flags;
	void *entries;
};

struct af_xdp {
	int fd;
	unsigned mode; /* XDP_ZEROCOPY or XDP_COPY */
	uint8_t *area;
	struct xdp_ring send;
	struct xdp_ring done;
	uint32_t produced; /* as the kernel will see it at the next kick */
	uint32_t completed;
	uint64_t handed;
	unsigned slot_size;
	unsigned slot_count;
	unsigned free_count;
	uint16_t free_slots[SLOTS];
	struct sender_stats stats;
	size_t left_count;
	struct sender_probe left[SLOTS]; /* the last ones put into the ring, as many as were still
					    there when a call ended */
};

static void unmap(struct xdp_ring *ring)
{
	if (ring->pages != NULL) {
		(void)munmap(ring->pages, ring->size);
	}
	ring->pages = NULL;
}

static void af_xdp_close(void *state)
{
	struct af_xdp *x = state;

	unmap(&x->send);
	unmap(&x->done);
	file_close(&x->fd);
	if (x->area != NULL) {
		(void)munmap(x->area, AREA_SIZE);
	}
	free(x);
}

static bool map_ring(int fd, off_t page, const struct xdp_ring_offset *at, size_t entry,
		     struct xdp_ring *out)
{
	size_t size = (size_t)at->desc + SLOTS * entry;
	uint8_t *pages =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, page);

	if (pages == MAP_FAILED) {
		return false;
	}
	*out = (struct xdp_ring){ .pages = pages,
				  .size = size,
				  .producer = (uint32_t *)(void *)(pages + at->producer),
				  .consumer = (uint32_t *)(void *)(pages + at->consumer),
				  .flags = (uint32_t *)(void *)(pages + at->flags),
				  .entries = pages + at->desc };
	return true;
}

static bool set_option(int fd, int option, const void *value, socklen_t size)
{
	return setsockopt(fd, SOL_XDP, option, value, size) == 0;
}

/* True, or errno is set; what was made is freed with the state. */
static bool make_rings(struct af_xdp *x)
{
	struct xdp_umem_reg area = { .len = AREA_SIZE, .chunk_size = CHUNK };
	struct xdp_mmap_offsets offsets;
	socklen_t size = sizeof offsets;
	int slots = SLOTS;
	int fill_slots = FILL_SLOTS;
	int budget = BUDGET;
	void *memory = mmap(NULL, AREA_SIZE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED) {
		return false;
	}
	x->area = memory;
	area.addr = (uint64_t)(uintptr_t)memory;
	if (!set_option(x->fd, XDP_UMEM_REG, &area, sizeof area) ||
	    !set_option(x->fd, XDP_UMEM_FILL_RING, &fill_slots, sizeof fill_slots) ||
	    !set_option(x->fd, XDP_UMEM_COMPLETION_RING, &slots, sizeof slots) ||
	    !set_option(x->fd, XDP_TX_RING, &slots, sizeof slots) ||
	    getsockopt(x->fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &size) != 0) {
		return false;
	}
	(void)set_option(x->fd, XDP_MAX_TX_SKB_BUDGET_, &budget, sizeof budget);
	return map_ring(x->fd, XDP_PGOFF_TX_RING, &offsets.tx, sizeof(struct xdp_desc), &x->send) &&
	       map_ring(x->fd, (off_t)XDP_UMEM_PGOFF_COMPLETION_RING, &offsets.cr, sizeof(uint64_t),
			&x->done);
}

static bool bind_to(struct af_xdp *x, const struct rung_link *link, unsigned mode)
{
	struct sockaddr_xdp address = { .sxdp_family = AF_XDP,
					.sxdp_flags = (uint16_t)(mode | XDP_USE_NEED_WAKEUP),
					.sxdp_ifindex = link->index,
					.sxdp_queue_id = link->queue };

	return bind(x->fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

/* Some drivers take the socket and then want a program on the interface before they send. */
static bool can_kick(struct af_xdp *x)
{
	return sendto(x->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0 || errno == EAGAIN ||
	       errno == EBUSY || errno == ENOBUFS;
}

/* The state, or NULL and errno is set. */
static struct af_xdp *open_mode(const struct rung_link *link, unsigned mode)
{
	struct af_xdp *x = alloc_zeroed(1, sizeof *x);
	int number;

	x->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (x->fd >= 0 && make_rings(x) && bind_to(x, link, mode) && can_kick(x)) {
		x->mode = mode;
		x->stats.is_refused_known = true;
		return x;
	}
	number = errno;
	af_xdp_close(x);
	errno = number;
	return NULL;
}

/* The first queue that nobody has. NULL, errno set: EBUSY where there is one, but not for us. */
static struct af_xdp *open_queue(const struct rung_link *link)
{
	struct rung_link at = *link;
	struct af_xdp *x = NULL;
	bool is_busy = false;

	for (; x == NULL && at.queue < link->queue + QUEUES_TRIED; at.queue++) {
		x = link->may_take_over ? open_mode(&at, XDP_ZEROCOPY) : NULL;
		if (x == NULL) {
			x = open_mode(&at, XDP_COPY);
		}
		if (x == NULL && errno != EBUSY) {
			break; /* there are no more queues, or nothing helps */
		}
		is_busy = true;
	}
	if (x == NULL && is_busy) {
		errno = EBUSY;
	}
	return x;
}

/* The kernel lets go of a queue, and of locked memory, some time after a socket was closed. */
static struct af_xdp *open_patiently(const struct rung_link *link)
{
	struct af_xdp *x = open_queue(link);

	for (unsigned i = 0; x == NULL && (errno == EBUSY || errno == ENOBUFS) && i < BUSY_TRIES;
	     i++) {
		(void)poll(NULL, 0, BUSY_PAUSE_MS);
		x = open_queue(link);
	}
	return x;
}

static int af_xdp_open(const struct rung_link *link, void **state, struct why *why)
{
	struct af_xdp *x;

	if (link->link_size == 0) {
		return why_set(why, ERR_UNSUPPORTED, "%s has no Ethernet header", link->name);
	}
	x = open_patiently(link);
	if (x == NULL && errno == EPERM) {
		return why_set(why, ERR_DENIED, "needs CAP_NET_RAW");
	}
	if (x == NULL && errno == EBUSY) {
		return why_set(why, ERR_UNSUPPORTED, "other programs have the queues of %s",
			       link->name);
	}
	if (x == NULL && errno == ENOBUFS) {
		return why_set(why, ERR_LIMIT,
			       "the limit of locked memory (ulimit -l) is below %zu KB",
			       AREA_SIZE >> 10);
	}
	if (x == NULL) {
		return why_set(why, ERR_UNSUPPORTED, "no AF_XDP socket on %s: %s", link->name,
			       strerror(errno));
	}
	*state = x;
	return 0;
}

/* Slots that the kernel is done with are free again. */
static void take_back(struct af_xdp *x)
{
	uint32_t end = __atomic_load_n(x->done.producer, __ATOMIC_ACQUIRE);
	const uint64_t *entries = x->done.entries;

	if (x->slot_size == 0) {
		return; /* nothing was ever sent */
	}
	for (; x->completed != end && x->free_count < x->slot_count; x->completed++) {
		uint64_t at = entries[x->completed & (SLOTS - 1)];

		x->free_slots[x->free_count++] = (uint16_t)(at / x->slot_size & (SLOTS - 1));
	}
	__atomic_store_n(x->done.consumer, x->completed, __ATOMIC_RELEASE);
}

/* True where something went. False, errno set, where it did not. */
static bool kick(struct af_xdp *x)
{
	uint32_t before = __atomic_load_n(x->send.consumer, __ATOMIC_ACQUIRE);

	if ((__atomic_load_n(x->send.flags, __ATOMIC_RELAXED) & XDP_RING_NEED_WAKEUP) != 0 &&
	    sendto(x->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN &&
	    errno != ENOBUFS) {
		x->stats.refused += errno == EBUSY; /* this frame was dropped, not kept */
		return errno == EBUSY;
	}
	errno = EAGAIN;
	return __atomic_load_n(x->send.consumer, __ATOMIC_ACQUIRE) != before;
}

static uint32_t waiting(const struct af_xdp *x)
{
	return x->produced - __atomic_load_n(x->send.consumer, __ATOMIC_ACQUIRE);
}

/* Makes the kernel take what is in the ring. ERR_IO where it will not, ever. */
static int flush(struct af_xdp *x)
{
	unsigned idle = 0;

	__atomic_store_n(x->send.producer, x->produced, __ATOMIC_RELEASE);
	while (waiting(x) > 0 && idle < KICKS_MAX) {
		if (kick(x)) {
			idle = 0;
		} else if (errno != EAGAIN) {
			return ERR_IO;
		} else {
			idle++;
		}
		take_back(x);
	}
	return 0;
}

/* Slots large enough for the batch: another size only once none is under way. */
static bool fit_slots(struct af_xdp *x, const struct rung_batch *batch)
{
	unsigned size = x->slot_size > 0 ? x->slot_size : TEMPLATE_BLOCK;

	for (size_t i = 0; i < batch->count; i++) {
		while (batch->templates[batch->probes[i].template].room > size) {
			size *= 2;
		}
	}
	if (size == x->slot_size) {
		return true;
	}
	if (x->free_count < x->slot_count) {
		take_back(x);
		if (x->free_count < x->slot_count) {
			return false;
		}
	}
	x->slot_size = size;
	x->slot_count = AREA_SIZE / size < SLOTS ? (unsigned)(AREA_SIZE / size) : SLOTS;
	x->free_count = x->slot_count;
	for (unsigned i = 0; i < x->slot_count; i++) {
		x->free_slots[i] = (uint16_t)(x->slot_count - 1 - i);
	}
	return true;
}

static void put_one(struct af_xdp *x, const struct rung_batch *batch, size_t which)
{
	const struct sender_probe *probe = &batch->probes[which];
	const struct template *t = &batch->templates[probe->template];
	struct xdp_desc *descriptors = x->send.entries;
	uint64_t at = (uint64_t)x->free_slots[--x->free_count] * x->slot_size;

	template_complete(t, probe, x->area + at);
	descriptors[x->produced++ & (SLOTS - 1)] =
		(struct xdp_desc){ .addr = at, .len = t->length };
}

/* Seldom any: only where a queue is full, or dead, is something left at a call's end. */
static void remember_left(struct af_xdp *x, const struct rung_batch *batch, size_t sent)
{
	size_t count = waiting(x) < SLOTS ? waiting(x) : SLOTS;
	size_t older = count > sent ? count - sent : 0;

	if (older > x->left_count) {
		older = x->left_count;
		count = older + sent;
	}
	memmove(x->left, x->left + x->left_count - older, older * sizeof *x->left);
	if (count > older) {
		memcpy(x->left + older, batch->probes + sent - (count - older),
		       (count - older) * sizeof *x->left);
	}
	x->left_count = count;
}

static int send_batch(struct af_xdp *x, const struct rung_batch *batch, size_t *sent)
{
	int error = 0;

	*sent = 0;
	if (batch->count == 0 || !fit_slots(x, batch)) {
		x->stats.full += batch->count > 0;
		return flush(x);
	}
	while (error == 0 && *sent < batch->count) {
		unsigned some = 0;

		for (; some < BUDGET && x->free_count > 0 && *sent + some < batch->count; some++) {
			put_one(x, batch, *sent + some);
		}
		*sent += some;
		x->handed += some;
		error = flush(x);
		if (error == 0 && some == 0 && x->free_count == 0) {
			x->stats.full++;
			return 0;
		}
	}
	return error;
}

static int af_xdp_send(void *state, const struct rung_batch *batch, size_t *sent)
{
	struct af_xdp *x = state;
	int error = send_batch(x, batch, sent);
	int number = errno;

	remember_left(x, batch, *sent);
	errno = number;
	return error;
}

/* What the kernel did not fetch from the ring. */
static size_t af_xdp_give_back(void *state, struct sender_probe out[RUNG_UNSURE_MAX])
{
	struct af_xdp *x = state;
	size_t count = waiting(x) < x->left_count ? waiting(x) : x->left_count;

	memcpy(out, x->left + x->left_count - count, count * sizeof *out);
	x->handed -= count;
	x->produced -= (uint32_t)count;
	return count;
}

static void af_xdp_stats(void *state, struct sender_stats *out)
{
	const struct af_xdp *x = state;

	*out = x->stats;
	out->pending = waiting(x);
	out->sent = x->handed - out->pending - x->stats.refused;
}

static const char *af_xdp_detail(const void *state)
{
	return ((const struct af_xdp *)state)->mode == XDP_ZEROCOPY
		       ? "zero copy"
		       : "the kernel copies each frame";
}

const struct rung rung_af_xdp = {
	.name = "AF_XDP",
	.open = af_xdp_open,
	.close = af_xdp_close,
	.send = af_xdp_send,
	.give_back = af_xdp_give_back,
	.stats = af_xdp_stats,
	.detail = af_xdp_detail,
};
