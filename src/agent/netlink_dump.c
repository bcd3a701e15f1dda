/* netlink_dump.c - request, answers, end. */
#include "agent/netlink_dump.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/writer.h"
#include "sys/alloc.h"
#include "sys/clock.h"

/* The kernel fills at most this in one answer (netlink(7) advises 8 KiB or a page; it uses up to
 * 32). */
#define ANSWER_BYTES 32768

#define REQUEST_BODY_MAX 640

/* In one dump: a machine with more interfaces or listeners than this is beyond us. */
#define ANSWERS_MAX 4096

int netlink_dump_open(int protocol, int *out_fd, struct why *why)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	const struct timeval patience = { .tv_sec = 1 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0) {
		return why_set(why, ERR_IO, "cannot open a netlink socket: %s", strerror(errno));
	}
	if (bind(fd, (const struct sockaddr *)&any, sizeof any) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0) {
		int error =
			why_set(why, ERR_IO, "cannot set a netlink socket up: %s", strerror(errno));

		close(fd);
		return error;
	}
	*out_fd = fd;
	return 0;
}

/* Left over from a dump that was given up. */
static void drain(int fd)
{
	uint8_t byte;

	while (recv(fd, &byte, 1, MSG_DONTWAIT | MSG_TRUNC) > 0) {
	}
}

static int ask(int fd, uint16_t type, uint32_t sequence, struct span body)
{
	uint8_t bytes[sizeof(struct nlmsghdr) + REQUEST_BODY_MAX];
	struct nlmsghdr head = { .nlmsg_len = (uint32_t)(NLMSG_HDRLEN + body.len),
				 .nlmsg_type = type,
				 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
				 .nlmsg_seq = sequence };
	struct writer w = writer_over(bytes, sizeof bytes);

	writer_bytes(&w, (struct span){ (const uint8_t *)&head, sizeof head });
	writer_bytes(&w, body);
	if (!writer_ok(&w)) {
		return ERR_LIMIT;
	}
	return send(fd, bytes, writer_used(&w), 0) < 0 ? ERR_IO : 0;
}

/* Of an answer that is an error. A subsystem that the kernel has not is refused as EINVAL
 * (nfnetlink) or EOPNOTSUPP. */
static int error_of(int number)
{
	switch (number) {
	case 0:
		return 0;
	case EPERM:
	case EACCES:
		return ERR_DENIED;
	case EINVAL:
	case EOPNOTSUPP:
		return ERR_UNSUPPORTED;
	default:
		return ERR_IO;
	}
}

/* Hands the messages of one datagram over. *done at the dump's end. */
static int take_answer(struct span datagram, uint32_t sequence, netlink_taker *take, void *context,
		       bool *done, bool *is_interrupted)
{
	struct netlink_iterator it = netlink_over(datagram);
	struct netlink_message m;
	int number;

	while (!*done && netlink_next(&it, &m)) {
		if (m.sequence != sequence) {
			continue;
		}
		*is_interrupted = *is_interrupted || (m.flags & NLM_F_DUMP_INTR) != 0;
		if (m.type == NLMSG_DONE) {
			*done = true;
		} else if (m.type == NLMSG_ERROR) {
			return netlink_error(&m, &number) == 0 ? error_of(number) : ERR_IO;
		} else {
			take(context, &m);
		}
	}
	return it.is_malformed ? ERR_MALFORMED : 0;
}

int netlink_dump(int fd, uint16_t type, struct span body, netlink_taker *take, void *context)
{
	uint8_t *answer OWNED(alloc_free) = alloc_zeroed(1, ANSWER_BYTES);
	uint32_t sequence = (uint32_t)clock_us(); /* another one than the last dump's */
	bool is_interrupted = false;
	bool done = false;
	int error;

	drain(fd);
	error = ask(fd, type, sequence, body);
	for (unsigned i = 0; error == 0 && !done && i < ANSWERS_MAX; i++) {
		ssize_t len = recv(fd, answer, ANSWER_BYTES, 0);

		if (len < 0 && errno == EINTR) {
			continue;
		}
		if (len <= 0) {
			return len < 0 && errno == EAGAIN ? ERR_TIMEOUT : ERR_IO;
		}
		error = take_answer((struct span){ answer, (size_t)len }, sequence, take, context,
				    &done, &is_interrupted);
	}
	if (error != 0) {
		return error;
	}
	if (!done) {
		return ERR_LIMIT;
	}
	return is_interrupted ? ERR_AGAIN : 0;
}
