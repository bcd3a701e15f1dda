/*
 * mmsg.c - many frames a system call on a packet socket (packet(7)), past the queueing discipline.
 *
 * The socket takes nothing in: it is bound to no protocol.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "scan/send/rung.h"
#include "sys/alloc.h"
#include "sys/file.h"

/* What fits the first cache beside the kernel's own work. */
#define MESSAGES 64

/* Frames under way that the driver has not let go of yet. */
#define SEND_BUFFER (4 << 20)

struct mmsg {
	int fd;
	struct sender_stats stats;
	struct mmsghdr messages[MESSAGES];
	struct iovec parts[MESSAGES];
	uint8_t frames[MESSAGES * TEMPLATE_ROOM_MAX];
};

static void mmsg_close(void *state)
{
	struct mmsg *m = state;

	file_close(&m->fd);
	free(m);
}

static int open_socket(const struct rung_link *link, struct why *why)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_ifindex = (int)link->index };
	int one = 1;
	int size = SEND_BUFFER;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		return why_set(why, errno == EPERM ? ERR_DENIED : ERR_UNSUPPORTED,
			       errno == EPERM ? "needs CAP_NET_RAW" : "no packet sockets here: %s",
			       strerror(errno));
	}
	/* Both make it faster only. */
	(void)setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) != 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	}
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
		(void)why_set(why, 0, "cannot be bound to %s: %s", link->name, strerror(errno));
		file_close(&fd);
		return ERR_IO;
	}
	return fd;
}

static int mmsg_open(const struct rung_link *link, void **state, struct why *why)
{
	struct mmsg *m;
	int fd = open_socket(link, why);

	if (fd < 0) {
		return fd;
	}
	m = alloc_zeroed(1, sizeof *m);
	m->fd = fd;
	m->stats.is_refused_known = true;
	for (unsigned i = 0; i < MESSAGES; i++) {
		m->messages[i].msg_hdr.msg_iov = &m->parts[i];
		m->messages[i].msg_hdr.msg_iovlen = 1;
	}
	*state = m;
	return 0;
}

static unsigned complete_some(struct mmsg *m, const struct rung_batch *batch, size_t from)
{
	size_t left = batch->count - from;
	unsigned count = left < MESSAGES ? (unsigned)left : MESSAGES;
	uint8_t *frame = m->frames;

	for (unsigned i = 0; i < count; i++) {
		const struct sender_probe *probe = &batch->probes[from + i];
		const struct template *t = &batch->templates[probe->template];

		template_complete(t, probe, frame);
		m->parts[i] = (struct iovec){ frame, t->length };
		frame += t->room;
	}
	return count;
}

static bool is_full(int number)
{
	return number == EAGAIN || number == ENOBUFS || number == EINTR;
}

static int mmsg_send(void *state, const struct rung_batch *batch, size_t *sent)
{
	struct mmsg *m = state;
	int done = 0;

	for (*sent = 0; *sent < batch->count; *sent += (size_t)done) {
		unsigned count = complete_some(m, batch, *sent);

		/* It ends early where a frame is refused, and says why at the next call. */
		done = sendmmsg(m->fd, m->messages, count, 0);
		if (done < 0 && is_full(errno)) {
			m->stats.full++;
			return 0;
		}
		if (done < 0) {
			return ERR_IO;
		}
		m->stats.sent += (uint64_t)done;
	}
	return 0;
}

/* What the kernel did not take was never counted as sent. */
static size_t mmsg_give_back(void *state, struct sender_probe out[RUNG_UNSURE_MAX])
{
	(void)state;
	(void)out;
	return 0;
}

static void mmsg_stats(void *state, struct sender_stats *out)
{
	*out = ((const struct mmsg *)state)->stats;
}

static const char *mmsg_detail(const void *state)
{
	(void)state;
	return "a system call for 64 frames";
}

const struct rung rung_mmsg = {
	.name = "sendmmsg",
	.open = mmsg_open,
	.close = mmsg_close,
	.send = mmsg_send,
	.give_back = mmsg_give_back,
	.stats = mmsg_stats,
	.detail = mmsg_detail,
};
