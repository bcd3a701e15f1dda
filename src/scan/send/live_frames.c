/*
 * live_frames.c - XDP live frames (Documentation/bpf/bpf_prog_run.rst): the kernel runs a small
 * program on recycled pages, and each becomes a frame on the wire without a socket buffer and
 * without a system call of its own.
 *
 * This process writes finished frames one behind the other into memory that it shares with the
 * program; the program copies the next one over the page, whatever that held before, and redirects
 * it. Each begins at a cache line:
 *
 *	0 length    4 how far to the next    8 the frame
 *
 * Nobody waits here for a driver whose queue is full: it drops, at most as many frames at once as
 * the kernel hands it (16), the last of them. Which ones is told by the kernel's tracepoints only;
 * they are sent again first at the next call.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "scan/send/rung.h"
#include "scan/send/xdp_features.h"
#include "sys/alloc.h"
#include "sys/bpf.h"
#include "sys/file.h"

#define FRAME_HEAD 8
#define ARENA_SIZE (512u << 10) /* a power of two; stays in the second cache */
#define RUN_FRAMES 4096         /* at a call: what a call costs beside its frames is then nothing */
#define RUN_BATCH  64           /* under way at once; rings of drivers hold at least 256 */
#define CODE_MAX   64

#define LOOPBACK_INDEX 1 /* in every network namespace */

/* Arguments of the tracepoint xdp_devmap_xmit, which tells of frames in the order they were sent.
 */
#define SENT_OFFSET  16
#define DROPS_OFFSET 24

struct shared {
	uint64_t at;      /* of the next frame in the arena */
	uint64_t ran;     /* frames made in this run */
	uint64_t task;    /* whose transmissions are told: the one that is running the program */
	uint64_t settled; /* frames of this run whose fate is known */
	uint64_t drops;   /* of those, not taken by the driver */
	uint64_t range_count;
	uint64_t errors; /* frames that did not even get to the driver, in all */
	uint64_t unused;
	uint64_t ranges[RUN_FRAMES]; /* of drops: the first, and how many << 32 */
	uint8_t arena[ARENA_SIZE + FRAME_HEAD + TEMPLATE_ROOM_MAX];
};

struct live_frames {
	int map_fd;
	int program_fd;
	int transmit_fd;
	int redirect_fd;
	int attached_fd;
	int parked_fd;
	int parked_namespace_fd;
	struct shared *shared;
	unsigned interface;
	char name[IF_NAMESIZE];
	struct sender_stats stats; /* sent: all that were handed over */
	uint64_t lost;             /* given up, beside the errors */
	uint64_t forgiven;         /* errors of probes that are pending again */
	size_t pending;
	struct sender_probe again[RUN_FRAMES]; /* the pending ones */
};

struct code {
	struct bpf_insn at[CODE_MAX];
	size_t count;
};

static void emit(struct code *c, const struct bpf_insn *part, size_t count)
{
	memcpy(c->at + c->count, part, count * sizeof *part);
	c->count += count;
}

#define EMIT(code, ...)                                                                            \
	emit(code, (const struct bpf_insn[]){ __VA_ARGS__ },                                       \
	     sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn))

/* R6 the context, R7 what is shared, R9 the frame with its head, R8 its length. */
static void build_sender(struct code *c, const struct live_frames *l, bool is_counted)
{
	EMIT(c, INSN_MOVE(BPF_REG_6, BPF_REG_1), INSN_LOAD_MAP_VALUE(BPF_REG_7, l->map_fd, 0));
	if (is_counted) { /* once a run: this process cleared it */
		EMIT(c, INSN_LOAD(BPF_DW, BPF_REG_1, BPF_REG_7, offsetof(struct shared, task)),
		     INSN_JUMP(BPF_JNE, BPF_REG_1, 0, 2), INSN_CALL(BPF_FUNC_get_current_task),
		     INSN_STORE(BPF_DW, BPF_REG_7, offsetof(struct shared, task), BPF_REG_0));
	}
	EMIT(c, INSN_LOAD(BPF_DW, BPF_REG_1, BPF_REG_7, offsetof(struct shared, at)),
	     INSN_AND(BPF_REG_1, ARENA_SIZE - TEMPLATE_BLOCK),
	     INSN_LOAD_MAP_VALUE(BPF_REG_9, l->map_fd, offsetof(struct shared, arena)),
	     INSN_ADD_REG(BPF_REG_9, BPF_REG_1), INSN_LOAD(BPF_W, BPF_REG_8, BPF_REG_9, 0),
	     INSN_LOAD(BPF_W, BPF_REG_2, BPF_REG_9, 4), INSN_ADD_REG(BPF_REG_1, BPF_REG_2),
	     INSN_STORE(BPF_DW, BPF_REG_7, offsetof(struct shared, at), BPF_REG_1),
	     INSN_LOAD(BPF_DW, BPF_REG_1, BPF_REG_7, offsetof(struct shared, ran)),
	     INSN_ADD(BPF_REG_1, 1),
	     INSN_STORE(BPF_DW, BPF_REG_7, offsetof(struct shared, ran), BPF_REG_1));
	/* The verifier wants to see the bounds; this process keeps them. */
	EMIT(c, INSN_SET(BPF_REG_0, 0), INSN_JUMP(BPF_JGT, BPF_REG_8, SENDER_FRAME_MAX, 1),
	     INSN_JUMP(BPF_JGT, BPF_REG_8, 0, 1), INSN_EXIT);
	/* The page has the length of the run's first frame, or of what was on it before. */
	EMIT(c, INSN_LOAD(BPF_W, BPF_REG_2, BPF_REG_6, 4),
	     INSN_LOAD(BPF_W, BPF_REG_3, BPF_REG_6, 0), INSN_SUBTRACT_REG(BPF_REG_2, BPF_REG_3),
	     INSN_MOVE(BPF_REG_3, BPF_REG_8), INSN_SUBTRACT_REG(BPF_REG_3, BPF_REG_2),
	     INSN_JUMP(BPF_JEQ, BPF_REG_3, 0, 6), INSN_MOVE(BPF_REG_1, BPF_REG_6),
	     INSN_MOVE(BPF_REG_2, BPF_REG_3), INSN_CALL(BPF_FUNC_xdp_adjust_tail),
	     INSN_JUMP(BPF_JEQ, BPF_REG_0, 0, 2), INSN_SET(BPF_REG_0, 0), INSN_EXIT);
	EMIT(c, INSN_MOVE(BPF_REG_1, BPF_REG_6), INSN_SET(BPF_REG_2, 0),
	     INSN_MOVE(BPF_REG_3, BPF_REG_9), INSN_ADD(BPF_REG_3, FRAME_HEAD),
	     INSN_MOVE(BPF_REG_4, BPF_REG_8), INSN_CALL(BPF_FUNC_xdp_store_bytes),
	     INSN_SET(BPF_REG_1, (int32_t)l->interface), INSN_SET(BPF_REG_2, 0),
	     INSN_CALL(BPF_FUNC_redirect), INSN_EXIT);
}

static void emit_end(struct code *c)
{
	EMIT(c, INSN_SET(BPF_REG_0, 0), INSN_EXIT);
}

/* Goes on where the task is the sender's. R6 the context, R7 what is shared. */
static void emit_is_ours(struct code *c, const struct live_frames *l)
{
	EMIT(c, INSN_MOVE(BPF_REG_6, BPF_REG_1), INSN_LOAD_MAP_VALUE(BPF_REG_7, l->map_fd, 0),
	     INSN_CALL(BPF_FUNC_get_current_task),
	     INSN_LOAD(BPF_DW, BPF_REG_1, BPF_REG_7, offsetof(struct shared, task)),
	     INSN_JUMP_REG(BPF_JEQ, BPF_REG_0, BPF_REG_1, 2));
	emit_end(c);
}

/* Notes which frames were dropped: R2 how many, R8 the first. */
static void build_transmit(struct code *c, const struct live_frames *l)
{
	emit_is_ours(c, l);
	EMIT(c, INSN_LOAD(BPF_DW, BPF_REG_2, BPF_REG_6, DROPS_OFFSET),
	     INSN_LOAD(BPF_DW, BPF_REG_3, BPF_REG_6, SENT_OFFSET),
	     INSN_LOAD(BPF_DW, BPF_REG_8, BPF_REG_7, offsetof(struct shared, settled)),
	     INSN_ADD_REG(BPF_REG_8, BPF_REG_3), INSN_MOVE(BPF_REG_4, BPF_REG_8),
	     INSN_ADD_REG(BPF_REG_4, BPF_REG_2),
	     INSN_STORE(BPF_DW, BPF_REG_7, offsetof(struct shared, settled), BPF_REG_4),
	     INSN_JUMP(BPF_JNE, BPF_REG_2, 0, 2));
	emit_end(c);
	EMIT(c, INSN_ATOMIC_ADD(BPF_REG_7, offsetof(struct shared, drops), BPF_REG_2),
	     INSN_LOAD(BPF_DW, BPF_REG_5, BPF_REG_7, offsetof(struct shared, range_count)),
	     INSN_JUMP(BPF_JLT, BPF_REG_5, RUN_FRAMES, 2));
	emit_end(c);
	EMIT(c, INSN_MOVE(BPF_REG_1, BPF_REG_5), INSN_SHIFT_LEFT(BPF_REG_1, 3),
	     INSN_LOAD_MAP_VALUE(BPF_REG_3, l->map_fd, offsetof(struct shared, ranges)),
	     INSN_ADD_REG(BPF_REG_3, BPF_REG_1), INSN_SHIFT_LEFT(BPF_REG_2, 32),
	     INSN_ADD_REG(BPF_REG_2, BPF_REG_8), INSN_STORE(BPF_DW, BPF_REG_3, 0, BPF_REG_2),
	     INSN_ADD(BPF_REG_5, 1),
	     INSN_STORE(BPF_DW, BPF_REG_7, offsetof(struct shared, range_count), BPF_REG_5));
	emit_end(c);
}

static void build_redirect(struct code *c, const struct live_frames *l)
{
	emit_is_ours(c, l);
	EMIT(c, INSN_SET(BPF_REG_2, 1),
	     INSN_ATOMIC_ADD(BPF_REG_7, offsetof(struct shared, errors), BPF_REG_2));
	emit_end(c);
}

static void live_frames_close(void *state)
{
	struct live_frames *l = state;

	file_close(&l->parked_fd);
	file_close(&l->parked_namespace_fd);
	file_close(&l->attached_fd);
	file_close(&l->redirect_fd);
	file_close(&l->transmit_fd);
	file_close(&l->program_fd);
	file_close(&l->map_fd);
	if (l->shared != NULL) {
		(void)munmap(l->shared, sizeof *l->shared);
	}
	free(l);
}

static int refuse(struct why *why, const char *what)
{
	if (errno == EPERM) {
		return why_set(why, ERR_DENIED,
			       "needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (%s: %s)", what,
			       strerror(errno));
	}
	return why_set(why, ERR_UNSUPPORTED, "%s: %s", what, strerror(errno));
}

static void attach_counters(struct live_frames *l)
{
	struct code transmit = { 0 };
	struct code redirect = { 0 };

	build_transmit(&transmit, l);
	build_redirect(&redirect, l);
	l->transmit_fd = bpf_attach("xdp_devmap_xmit", transmit.at, transmit.count, "GPL");
	l->redirect_fd = bpf_attach("xdp_redirect_err", redirect.at, redirect.count, "GPL");
	l->stats.is_refused_known = l->transmit_fd >= 0 && l->redirect_fd >= 0;
}

static int load(struct live_frames *l, struct why *why)
{
	struct code code = { 0 };
	void *pages;

	l->map_fd = bpf_map(BPF_MAP_TYPE_ARRAY, sizeof *l->shared, 1, BPF_F_MMAPABLE);
	if (l->map_fd < 0) {
		return refuse(why, "no map of BPF");
	}
	pages = mmap(NULL, sizeof *l->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		     l->map_fd, 0);
	if (pages == MAP_FAILED) {
		return refuse(why, "no memory shared with BPF");
	}
	l->shared = pages;
	attach_counters(l);
	build_sender(&code, l, l->stats.is_refused_known);
	l->program_fd = bpf_load(BPF_PROG_TYPE_XDP, code.at, code.count, "GPL");
	return l->program_fd >= 0 ? 0 : refuse(why, "the kernel does not load the program");
}

/* A driver with a device behind it may send such frames only while a program is on the interface.
 */
static bool is_device(const struct live_frames *l)
{
	char device[sizeof "/sys/class/net//device" + IF_NAMESIZE];

	(void)snprintf(device, sizeof device, "/sys/class/net/%s/device", l->name);
	return access(device, F_OK) == 0;
}

/* Puts one there that lets all pass, for as long as this sender lives. */
static void attach_pass(struct live_frames *l)
{
	const struct bpf_insn pass[] = { INSN_SET(BPF_REG_0, 2), INSN_EXIT }; /* XDP_PASS */
	int program_fd OWNED(file_close) = bpf_load(BPF_PROG_TYPE_XDP, pass, COUNT_OF(pass), "GPL");

	if (program_fd >= 0) {
		l->attached_fd = bpf_attach_xdp(program_fd, l->interface, false);
	}
}

/* The kernel puts the program of a run into a table of XDP programs that it calls directly, and
 * takes it out again, and waits for a grace period of RCU each time: 25 ms a run. A program that is
 * attached somewhere stays in that table; so it is, where nothing ever comes by: at the loopback
 * interface of a network namespace that nobody else knows. */
static int park(struct live_frames *l, struct why *why)
{
	int own_fd OWNED(file_close) = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (own_fd < 0 || unshare(CLONE_NEWNET) != 0) {
		return why_set(why, errno == EPERM ? ERR_DENIED : ERR_UNSUPPORTED,
			       "needs CAP_SYS_ADMIN for a network namespace: %s", strerror(errno));
	}
	l->parked_namespace_fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (l->parked_namespace_fd >= 0) {
		l->parked_fd = bpf_attach_xdp(l->program_fd, LOOPBACK_INDEX, true);
	}
	if (setns(own_fd, CLONE_NEWNET) != 0) {
		abort(); /* nothing may go on in the wrong network */
	}
	return l->parked_fd >= 0 ? 0 : refuse(why, "the program cannot be parked");
}

/* What to do about a driver that could, but does not now. */
static const char *advice(const struct live_frames *l, uint64_t features)
{
	if ((features & XDP_FEATURE_BASIC) == 0) {
		return "";
	}
	return is_device(l) ? " while no XDP program is on it"
			    : " now (of a veth pair the other end needs GRO or an XDP program)";
}

static int check_driver(struct live_frames *l, bool may_take_over, struct why *why)
{
	uint64_t features;
	int error = xdp_features_ask(l->interface, &features);

	if (error == 0 && may_take_over && is_device(l) &&
	    (features & (XDP_FEATURE_TRANSMIT | XDP_FEATURE_BASIC)) == XDP_FEATURE_BASIC) {
		attach_pass(l);
		error = xdp_features_ask(l->interface, &features);
	}
	if (error != 0) {
		return why_set(why, ERR_UNSUPPORTED,
			       "the kernel does not say whether the driver of %s sends XDP frames "
			       "(Linux 6.3 and later do)",
			       l->name);
	}
	if ((features & XDP_FEATURE_TRANSMIT) != 0) {
		return 0;
	}
	return why_set(why, ERR_UNSUPPORTED, "the driver of %s sends no XDP frames%s", l->name,
		       advice(l, features));
}

static int live_frames_open(const struct rung_link *link, void **state, struct why *why)
{
	struct live_frames *l;
	int error;

	if (link->link_size == 0 || link->is_loopback) {
		return why_set(why, ERR_UNSUPPORTED, "%s is no Ethernet", link->name);
	}
	l = alloc_zeroed(1, sizeof *l);
	*l = (struct live_frames){ .map_fd = -1,
				   .program_fd = -1,
				   .transmit_fd = -1,
				   .redirect_fd = -1,
				   .attached_fd = -1,
				   .parked_fd = -1,
				   .parked_namespace_fd = -1,
				   .interface = link->index };
	memcpy(l->name, link->name, sizeof l->name);
	error = load(l, why); /* rights first: what the driver lacks may be mended by them */
	if (error == 0) {
		error = check_driver(l, link->may_take_over, why);
	}
	if (error == 0) {
		error = park(l, why);
	}
	if (error != 0) {
		live_frames_close(l);
		return error;
	}
	*state = l;
	return 0;
}

/* As many as a run takes, or the arena holds. */
static unsigned complete_some(struct live_frames *l, const struct rung_batch *batch)
{
	struct shared *shared = l->shared;
	unsigned limit = batch->count < RUN_FRAMES ? (unsigned)batch->count : RUN_FRAMES;
	unsigned count = 0;
	uint32_t at = 0;

	for (; count < limit && at < ARENA_SIZE; count++) {
		const struct sender_probe *probe = &batch->probes[count];
		const struct template *t = &batch->templates[probe->template];
		uint32_t head[2] = { t->length, (t->length + FRAME_HEAD + TEMPLATE_BLOCK - 1u) /
							TEMPLATE_BLOCK * TEMPLATE_BLOCK };

		memcpy(shared->arena + at, head, sizeof head);
		template_complete(t, probe, shared->arena + at + FRAME_HEAD);
		at += head[1];
	}
	return count;
}

static int run(struct live_frames *l, unsigned count)
{
	struct shared *shared = l->shared;
	uint32_t length;
	struct bpf_live_run live = { .program_fd = l->program_fd,
				     .count = count,
				     .batch = RUN_BATCH };
	bool is_done;
	int number;

	memcpy(&length, shared->arena, sizeof length);
	live.frame = (struct span){ shared->arena + FRAME_HEAD, length };
	shared->at = 0;
	shared->ran = 0;
	shared->settled = 0;
	shared->drops = 0;
	shared->range_count = 0;
	__atomic_store_n(&shared->task, 0, __ATOMIC_SEQ_CST);
	is_done = bpf_run_live(&live);
	number = errno;
	__atomic_store_n(&shared->task, UINT64_MAX, __ATOMIC_SEQ_CST);
	errno = number;
	return is_done || number == EINTR || number == EAGAIN ? 0 : ERR_IO;
}

/* All refused: is the interface down or away, errno says so, or only its queue full? */
static bool is_up(const struct live_frames *l)
{
	int fd OWNED(file_close) = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };
	uint64_t features;

	if (fd < 0 || if_indextoname(l->interface, request.ifr_name) == NULL ||
	    ioctl(fd, SIOCGIFFLAGS, &request) != 0 || (request.ifr_flags & IFF_UP) == 0) {
		errno = ENETDOWN;
		return false;
	}
	if (xdp_features_ask(l->interface, &features) != 0 ||
	    (features & XDP_FEATURE_TRANSMIT) == 0) {
		errno = EOPNOTSUPP;
		return false;
	}
	return true;
}

/* Probes that the driver dropped are kept, in their order; probes may be l->again itself. */
static void keep_dropped(struct live_frames *l, const struct sender_probe *probes, unsigned ran)
{
	const struct shared *shared = l->shared;

	l->pending = 0;
	for (unsigned i = 0; i < shared->range_count && i < RUN_FRAMES; i++) {
		uint32_t first = (uint32_t)shared->ranges[i];
		uint32_t end = first + (uint32_t)(shared->ranges[i] >> 32);

		for (; first < end && first < ran; first++) {
			l->again[l->pending++] = probes[first];
		}
	}
}

/* The rung does not go on: what cannot be told to have gone is pending. */
static void keep_unsure(struct live_frames *l, const struct sender_probe *probes, size_t ran,
			uint64_t errors)
{
	if (errors > 0 || l->shared->drops >= ran) {
		memmove(l->again, probes, ran * sizeof *l->again);
		l->pending = ran;
		l->forgiven += errors;
	} else {
		keep_dropped(l, probes, (unsigned)ran);
	}
}

/* One run. The probes it got to, of which some are pending now. */
static int run_some(struct live_frames *l, const struct rung_batch *batch, size_t *ran)
{
	struct shared *shared = l->shared;
	uint64_t errors = shared->errors;
	unsigned count = complete_some(l, batch);
	int error = run(l, count);

	*ran = (size_t)__atomic_load_n(&shared->ran, __ATOMIC_SEQ_CST);
	errors = shared->errors - errors;
	if (error != 0 || (*ran > 0 && shared->drops + errors >= *ran && !is_up(l))) {
		int number = errno;

		keep_unsure(l, batch->probes, *ran, errors);
		errno = number;
		return ERR_IO;
	}
	if (errors == 0) {
		keep_dropped(l, batch->probes, (unsigned)*ran);
	} else { /* the tracepoint did not see all: which were dropped cannot be told */
		l->pending = 0;
		l->lost += shared->drops;
	}
	return 0;
}

/* False where some are pending still, or an error is. */
static bool run_again(struct live_frames *l, const struct template *templates, int *error)
{
	size_t ran = 0;

	while (l->pending > 0) {
		struct rung_batch batch = { templates, l->again, l->pending };

		*error = run_some(l, &batch, &ran);
		/* those that the run did not get to */
		memmove(l->again + l->pending, batch.probes + ran,
			(batch.count - ran) * sizeof *l->again);
		l->pending += batch.count - ran;
		if (*error != 0 || ran == 0 || l->shared->drops > 0) {
			l->stats.full++;
			return false;
		}
	}
	return true;
}

static int live_frames_send(void *state, const struct rung_batch *batch, size_t *sent)
{
	struct live_frames *l = state;
	int error = 0;

	*sent = 0;
	while (run_again(l, batch->templates, &error) && *sent < batch->count) {
		struct rung_batch rest = { batch->templates, batch->probes + *sent,
					   batch->count - *sent };
		size_t ran = 0;

		error = run_some(l, &rest, &ran);
		*sent += ran;
		l->stats.sent += ran;
		if (error != 0 || ran == 0) {
			return error;
		}
	}
	return error;
}

static size_t live_frames_give_back(void *state, struct sender_probe out[RUNG_UNSURE_MAX])
{
	struct live_frames *l = state;
	size_t count = l->pending;

	memcpy(out, l->again, count * sizeof *out);
	l->pending = 0;
	l->stats.sent -= count;
	return count;
}

static void live_frames_stats(void *state, struct sender_stats *out)
{
	const struct live_frames *l = state;

	*out = l->stats;
	out->pending = l->pending;
	out->refused = l->lost + l->shared->errors - l->forgiven;
	out->sent = l->stats.sent - out->refused - out->pending;
}

static const char *live_frames_detail(const void *state)
{
	return ((const struct live_frames *)state)->attached_fd >= 0
		       ? "with an XDP program on the interface that lets all pass"
		       : "with no program on the interface";
}

const struct rung rung_live_frames = {
	.name = "XDP live frames",
	.open = live_frames_open,
	.close = live_frames_close,
	.send = live_frames_send,
	.give_back = live_frames_give_back,
	.stats = live_frames_stats,
	.detail = live_frames_detail,
};
