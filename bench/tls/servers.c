/*
 * servers.c - thousands of simulated TLS servers in one process: first flights, no cryptography.
 *
 * bench-tls-servers PORT COUNT ROOT.pem [any|shared]: COUNT addresses from 127.1.0.1 on are
 * servers, 250 in each /24; the address chooses how old one is, or, with "any", draws its versions
 * and suites. Each has certificates of its own; with "shared" all have the same. ROOT.pem is
 * written: the root of all their certificates. Keys and signatures of the handshake are noise, for
 * nobody checks them who does no key exchange.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/reader.h"
#include "base/text.h"
#include "base/writer.h"
#include "authority.h"
#include "formats/tls_suites.h"
#include "sys/alloc.h"

#define HELLO_MAX   4096
#define FLIGHT_MAX  12288
#define SERVERS_MAX 1000000
#define SUITES_MAX  32

/* RFC 8446, 4.1.3. */
static const uint8_t retry_random[32] = { 0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11,
					  0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
					  0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E,
					  0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C };

struct age {
	const char *name;
	uint16_t lowest;
	uint16_t highest;
	uint16_t group13;       /* the group that TLS 1.3 asks for */
	bool has_ec;            /* a certificate of both kinds */
	bool has_guard;         /* heeds the fallback's SCSV */
	unsigned share;         /* of 100 servers */
	const uint16_t *suites; /* in the server's order, ended by 0 */
};

static const uint16_t modern[] = { 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f,
				   0xc02c, 0xc030, 0xcca9, 0xcca8, 0 };
static const uint16_t intermediate[] = { 0x1302, 0x1303, 0x1301, 0xc02f, 0xc030, 0xcca8,
					 0x009e, 0x009f, 0xc027, 0xc028, 0xc013, 0xc014,
					 0x0067, 0x006b, 0x0033, 0x0039, 0x009c, 0x009d,
					 0x003c, 0x003d, 0x002f, 0x0035, 0 };
static const uint16_t old[] = { 0xc030, 0xc02f, 0xc028, 0xc027, 0xc014, 0xc013,
				0x009f, 0x009e, 0x0039, 0x0033, 0x009d, 0x009c,
				0x0035, 0x002f, 0xc012, 0x0016, 0x000a, 0 };
static const uint16_t ancient[] = { 0x0039, 0x0033, 0x0035, 0x002f, 0x0016, 0x000a,
				    0x0005, 0x0004, 0x0009, 0x0003, 0 };

static const struct age ages[] = {
	{ "modern", 0x0303, 0x0304, 0x11ec, true, true, 25, modern },
	{ "intermediate", 0x0303, 0x0304, 0x001d, false, true, 40, intermediate },
	{ "TLS 1.0 to 1.2", 0x0301, 0x0303, 0, false, true, 25, old },
	{ "SSLv3 to TLS 1.0", 0x0300, 0x0301, 0, false, false, 10, ancient },
};

struct server {
	struct age age;
	bool has_client_order;
	uint16_t own[SUITES_MAX + 1]; /* of one that was drawn */
	struct chain rsa;
	struct chain ec;
};

static uint32_t address_of(unsigned server)
{
	return 127u << 24 | (1 + server / 62500) << 16 | server / 250 % 250 << 8 |
	       (1 + server % 250);
}

struct asked {
	uint16_t version;
	bool is13; /* supported_versions names TLS 1.3 */
	bool has_scsv;
	uint16_t group13; /* the server's, where it was offered; else x25519 where that was */
	struct span suites;
};

static const struct age *age_of(uint32_t address)
{
	unsigned draw = (address * 2654435761u >> 16) % 100;

	for (size_t i = 0; i < COUNT_OF(ages); i++) {
		if (draw < ages[i].share) {
			return &ages[i];
		}
		draw -= ages[i].share;
	}
	return &ages[0];
}

static unsigned draw(uint64_t *state, unsigned below)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*state >> 33) % below;
}

/* Versions, perhaps with a hole that nobody has, and any suites in any order. */
static void draw_server(struct server *server, uint32_t address)
{
	static const uint16_t groups[] = { 0x11ec, 0x001d, 0x0017, 0x0018 };
	uint64_t state = address;
	struct tls_suite suite;
	unsigned count = 0;
	unsigned wanted = 1 + draw(&state, SUITES_MAX - 3);

	server->age = ages[0];
	server->age.lowest = (uint16_t)(0x0300 + draw(&state, 5));
	server->age.highest =
		(uint16_t)(server->age.lowest + draw(&state, 0x0305u - server->age.lowest));
	server->age.has_guard = draw(&state, 3) != 0;
	server->age.group13 = groups[draw(&state, COUNT_OF(groups))];
	server->has_client_order = draw(&state, 4) == 0;
	for (unsigned tries = 0; count < wanted && tries < 2000; tries++) {
		tls_suites_at(draw(&state, (unsigned)tls_suites_count()), &suite);
		if (suite.id <= UINT16_MAX && suite.kex != TLS_KEX_ANY && suite.cipher[0] != '\0') {
			server->own[count++] = (uint16_t)suite.id;
		}
	}
	for (uint16_t id = 0x1301; id <= 0x1303; id++) {
		server->own[count++] = id;
	}
	server->age.suites = server->own;
}

static bool names(struct span list, uint16_t number)
{
	struct reader r = reader_over(list);

	while (reader_left(&r) >= 2) {
		if (reader_be16(&r) == number) {
			return true;
		}
	}
	return false;
}

static void read_extensions(struct reader *r, const struct age *age, struct asked *asked)
{
	struct reader all = reader_over(reader_bytes(r, reader_be16(r)));

	while (reader_left(&all) > 0) {
		unsigned type = reader_be16(&all);
		struct span body = reader_bytes(&all, reader_be16(&all));

		if (type == 43) {
			asked->is13 = names(span_after(body, 1), 0x0304);
		} else if (type == 10) {
			struct span groups = span_after(body, 2);

			asked->group13 = names(groups, age->group13) ? age->group13
					 : names(groups, 0x001d)     ? 0x001d
								     : 0;
		}
	}
}

/* False where it is no whole hello of TLS. */
static bool read_hello(struct span bytes, const struct age *age, struct asked *out)
{
	struct reader r = reader_over(bytes);
	struct asked asked = { 0 };

	if (reader_u8(&r) != 22) {
		return false;
	}
	reader_bytes(&r, 2 + 2 + 4); /* the record's version and length, the message's head */
	asked.version = reader_be16(&r);
	reader_bytes(&r, 32);
	reader_bytes(&r, reader_u8(&r));
	asked.suites = reader_bytes(&r, reader_be16(&r));
	reader_bytes(&r, reader_u8(&r));
	asked.has_scsv = names(asked.suites, 0x5600);
	read_extensions(&r, age, &asked);
	*out = asked;
	return asked.suites.len > 0;
}

static size_t open_length(struct writer *w)
{
	writer_be16(w, 0);
	return writer_used(w);
}

static void close_length(struct writer *w, size_t start)
{
	size_t len = writer_used(w) - start;

	w->buffer[start - 2] = (uint8_t)(len >> 8);
	w->buffer[start - 1] = (uint8_t)len;
}

static size_t open_message(struct writer *w, uint8_t type)
{
	writer_u8(w, type);
	writer_u8(w, 0);
	return open_length(w);
}

static void write_noise(struct writer *w, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		writer_u8(w, (uint8_t)(i * 37 + 11));
	}
}

static void write_hello(struct writer *w, uint16_t version, uint16_t suite, uint16_t group13)
{
	size_t message = open_message(w, 2);
	size_t extensions;

	writer_be16(w, version > 0x0303 ? 0x0303 : version);
	if (group13 != 0) {
		writer_bytes(w, (struct span){ retry_random, sizeof retry_random });
	} else {
		write_noise(w, 32);
	}
	writer_u8(w, 0);
	writer_be16(w, suite);
	writer_u8(w, 0);
	if (version >= 0x0301) {
		extensions = open_length(w);
		if (group13 != 0) {
			writer_be32(w, 43u << 16 | 2);
			writer_be16(w, 0x0304);
			writer_be32(w, 51u << 16 | 2);
			writer_be16(w, group13);
		} else {
			writer_be32(w, 0xff010001);
			writer_u8(w, 0);
			writer_be32(w, 35u << 16);
			writer_be32(w, 23u << 16);
		}
		close_length(w, extensions);
	}
	close_length(w, message);
}

static void write_certificate(struct writer *w, const struct chain *chain)
{
	size_t message = open_message(w, 11);

	writer_bytes(w, (struct span){ chain->bytes, chain->len });
	close_length(w, message);
}

static bool is_ecdhe(uint16_t suite)
{
	return suite >> 8 == 0xc0 || suite >> 8 == 0xcc;
}

static bool is_dhe(uint16_t suite)
{
	static const uint16_t all[] = { 0x009e, 0x009f, 0x0067, 0x006b, 0x0033, 0x0039, 0x0016 };

	for (size_t i = 0; i < COUNT_OF(all); i++) {
		if (all[i] == suite) {
			return true;
		}
	}
	return false;
}

static void write_exchange(struct writer *w, uint16_t version, uint16_t suite, size_t prime_len)
{
	size_t message;

	if (!is_ecdhe(suite) && !is_dhe(suite)) {
		return;
	}
	message = open_message(w, 12);
	if (is_ecdhe(suite)) {
		writer_u8(w, 3);
		writer_be16(w, 0x001d);
		writer_u8(w, 32);
		write_noise(w, 32);
	} else {
		writer_be16(w, (uint16_t)prime_len);
		writer_u8(w, 0xff);
		write_noise(w, prime_len - 1);
		writer_be16(w, 1);
		writer_u8(w, 2);
		writer_be16(w, (uint16_t)prime_len);
		write_noise(w, prime_len);
	}
	if (version >= 0x0303) {
		writer_be16(w, 0x0804);
	}
	writer_be16(w, 256);
	write_noise(w, 256);
	close_length(w, message);
}

static bool is_ecdsa(uint16_t suite)
{
	return suite == 0xc02b || suite == 0xc02c || suite == 0xcca9;
}

static uint16_t choose(const struct age *age, const struct asked *asked, bool is13)
{
	for (size_t i = 0; age->suites[i] != 0; i++) {
		uint16_t suite = age->suites[i];

		if ((suite >> 8 == 0x13) == is13 && names(asked->suites, suite)) {
			return suite;
		}
	}
	return 0;
}

/* The client's first that it has, too. */
static uint16_t choose_theirs(const struct age *age, const struct asked *asked, bool is13)
{
	struct reader r = reader_over(asked->suites);

	while (reader_left(&r) >= 2) {
		uint16_t suite = reader_be16(&r);

		for (size_t i = 0; age->suites[i] != 0; i++) {
			if (age->suites[i] == suite && (suite >> 8 == 0x13) == is13) {
				return suite;
			}
		}
	}
	return 0;
}

static void answer_alert(struct writer *w, uint8_t alert)
{
	writer_u8(w, 21);
	writer_be16(w, 0x0303);
	writer_be16(w, 2);
	writer_u8(w, 2);
	writer_u8(w, alert);
}

static void answer(const struct server *server, struct span hello, struct writer *w)
{
	const struct age *age = &server->age;
	struct asked asked;
	bool is13;
	uint16_t version;
	uint16_t suite;
	size_t record;

	if (!read_hello(hello, age, &asked)) {
		return; /* SSLv2: closed */
	}
	is13 = asked.is13 && age->highest >= 0x0304;
	version = is13 ? 0x0304 : asked.version < age->highest ? asked.version : age->highest;
	version = !is13 && version > 0x0303 ? 0x0303 : version;
	suite = server->has_client_order ? choose_theirs(age, &asked, is13)
					 : choose(age, &asked, is13);
	if (version < age->lowest) {
		answer_alert(w, 70);
	} else if (asked.has_scsv && age->has_guard && version < age->highest) {
		answer_alert(w, 86);
	} else if (suite == 0 || (is13 && asked.group13 == 0)) {
		answer_alert(w, 40);
	} else {
		writer_u8(w, 22);
		writer_be16(w, version > 0x0303 ? 0x0303 : version);
		record = open_length(w);
		write_hello(w, version, suite, is13 ? asked.group13 : 0);
		if (!is13) {
			write_certificate(w, is_ecdsa(suite) ? &server->ec : &server->rsa);
			write_exchange(w, version, suite, age->suites == ancient ? 128 : 256);
			close_length(w, open_message(w, 14));
		}
		close_length(w, record);
	}
}

static void serve(int fd, const struct server *servers, unsigned count)
{
	uint8_t hello[HELLO_MAX];
	uint8_t flight[FLIGHT_MAX];
	struct writer w = writer_over(flight, sizeof flight);
	ssize_t got = recv(fd, hello, sizeof hello, MSG_DONTWAIT);
	struct sockaddr_in at = { 0 };
	socklen_t len = sizeof at;
	uint32_t address;
	unsigned index;

	if (got < 0 && errno == EAGAIN) {
		return;
	}
	(void)getsockname(fd, (struct sockaddr *)&at, &len);
	address = ntohl(at.sin_addr.s_addr);
	index = ((address >> 16 & 255) - 1) * 62500 + (address >> 8 & 255) * 250 + (address & 255) -
		1;
	if (got > 0 && index < count) {
		answer(&servers[index], (struct span){ hello, (size_t)got }, &w);
		if (writer_ok(&w) && writer_used(&w) > 0) {
			(void)send(fd, flight, writer_used(&w), MSG_NOSIGNAL | MSG_DONTWAIT);
			return; /* the client ends it */
		}
	}
	close(fd);
}

static void accept_all(int listen_fd, int epoll_fd)
{
	int fd;

	while ((fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data.fd = fd };

		(void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
	}
}

static int listen_at(uint16_t port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	any.sin_addr.s_addr = htonl(INADDR_ANY);
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) != 0 || listen(fd, 4096) != 0) {
		perror("listen");
		exit(1);
	}
	return fd;
}

static struct server *make_servers(unsigned count, struct authority *authority, const char *how)
{
	struct server *servers = alloc_zeroed(count, sizeof *servers);

	for (unsigned i = 0; i < count; i++) {
		uint32_t address = address_of(i);

		if (span_is(span_of(how), "any")) {
			draw_server(&servers[i], address);
		} else {
			servers[i].age = *age_of(address);
		}
		if (i > 0 && span_is(span_of(how), "shared")) {
			servers[i].rsa = servers[0].rsa;
			servers[i].ec = servers[0].ec;
			continue;
		}
		servers[i].rsa = authority_issue(authority, address, 0);
		if (servers[i].age.has_ec || i == 0) {
			servers[i].ec = authority_issue(authority, address, 1);
		}
	}
	return servers;
}

int main(int argc, char **argv)
{
	static struct epoll_event events[4096];
	uint64_t port = 0;
	uint64_t count = 0;
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int listen_fd;
	struct epoll_event listening = { .events = EPOLLIN };
	struct server *servers;

	if (argc < 4 || text_to_u64(span_of(argv[1]), 65535, &port) != 0 ||
	    text_to_u64(span_of(argv[2]), SERVERS_MAX, &count) != 0 || count == 0) {
		fprintf(stderr, "usage: bench-tls-servers PORT COUNT ROOT.pem [any|shared]\n");
		return 2;
	}
	servers = make_servers((unsigned)count, authority_new(argv[3]), argc > 4 ? argv[4] : "");
	listen_fd = listen_at((uint16_t)port);
	listening.data.fd = listen_fd;
	(void)epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &listening);
	puts("ready");
	fflush(stdout);
	for (;;) {
		/* a millisecond away, and so never woken in the client's place on its processor */
		const struct timespec away = { .tv_nsec = 1000000 };
		int ready;

		(void)nanosleep(&away, NULL);
		ready = epoll_wait(epoll_fd, events, COUNT_OF(events), -1);

		for (int i = 0; i < ready; i++) {
			if (events[i].data.fd == listen_fd) {
				accept_all(listen_fd, epoll_fd);
			} else {
				serve(events[i].data.fd, servers, (unsigned)count);
			}
		}
	}
}
