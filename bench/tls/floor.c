/*
 * floor.c - what as many connections cost who learns nothing: a hello said, an answer taken, no
 * more.
 *
 * bench-tls-floor PORT COUNT EACH: so many connections to each of COUNT servers of
 * bench-tls-servers, some hundred at once, with the system calls that no client can do without.
 * Whoever assesses them pays that, too.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/text.h"
#include "base/writer.h"
#include "formats/tls_hello.h"
#include "formats/tls_suites.h"

#define AT_ONCE 384

struct work {
	uint8_t bytes[TLS_HELLO_MAX];
	struct span hello;
	int epoll_fd;
	uint16_t port;
	unsigned servers;
	unsigned left; /* to be begun */
	unsigned open;
};

/* All suites that there are, as an assessment's hellos offer many. */
static void write_hello(struct work *work)
{
	static uint16_t suites[512];
	struct writer w = writer_over(work->bytes, sizeof work->bytes);
	struct tls_hello hello = { .record_version = 0x0301, .version = 0x0303, .suites = suites };
	struct tls_suite suite;

	for (size_t i = 0; i < tls_suites_count() && hello.suite_count < COUNT_OF(suites); i++) {
		tls_suites_at(i, &suite);
		if (suite.id <= UINT16_MAX && suite.kex != TLS_KEX_ANY) {
			suites[hello.suite_count++] = (uint16_t)suite.id;
		}
	}
	if (tls_hello_write(&hello, &w) != 0) {
		exit(1);
	}
	work->hello = writer_span(&w);
}

static void begin(struct work *work)
{
	static const struct linger at_once = { .l_onoff = 1 };
	unsigned server = work->left-- % work->servers;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(work->port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd };

	to.sin_addr.s_addr = htonl(127u << 24 | (1 + server / 62500) << 16 |
				   server / 250 % 250 << 8 | (1 + server % 250));
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) {
		perror("connect");
		exit(1);
	}
	(void)epoll_ctl(work->epoll_fd, EPOLL_CTL_ADD, fd, &event);
	work->open++;
}

static void handle(struct work *work, const struct epoll_event *event)
{
	static uint8_t answer[16384];

	if ((event->events & EPOLLIN) == 0) {
		(void)send(event->data.fd, work->hello.ptr, work->hello.len, MSG_NOSIGNAL);
		return;
	}
	(void)recv(event->data.fd, answer, sizeof answer, 0);
	close(event->data.fd);
	work->open--;
}

int main(int argc, char **argv)
{
	static struct work work;
	struct epoll_event events[64];
	uint64_t numbers[3];

	for (int i = 0; i < 3; i++) {
		if (argc != 4 || text_to_u64(span_of(argv[1 + i]), 1000000, &numbers[i]) != 0 ||
		    numbers[i] == 0) {
			fprintf(stderr, "usage: bench-tls-floor PORT COUNT EACH\n");
			return 2;
		}
	}
	work.port = (uint16_t)numbers[0];
	work.servers = (unsigned)numbers[1];
	work.left = (unsigned)(numbers[1] * numbers[2]);
	work.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	write_hello(&work);
	while (work.left > 0 || work.open > 0) {
		int ready;

		while (work.left > 0 && work.open < AT_ONCE) {
			begin(&work);
		}
		ready = epoll_wait(work.epoll_fd, events, COUNT_OF(events), -1);
		for (int i = 0; i < ready; i++) {
			handle(&work, &events[i]);
		}
	}
	return 0;
}
