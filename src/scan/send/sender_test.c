/*
 * sender_test.c - every rung between two ends of a wire, in a network namespace of its own.
 *
 * What a test does happens in a child, which ends with 0, with a line and 1, or with a reason and
 * 77 where this machine does not let it.
 */
#include "scan/send/sender.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/writer.h"
#include "scan/send/template.h"
#include "sys/alloc.h"
#include "sys/bpf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum { CANNOT = 77, DEADLINE_MS = 10000, PROBES = 3000, TEMPLATES = 4, ROUNDS_MAX = 100 };

#define CHECK(claim)                                                                               \
	do {                                                                                       \
		if (!(claim)) {                                                                    \
			fprintf(stderr, "%s:%d: %s (errno %d)\n", __func__, __LINE__, #claim,      \
				errno);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* Told from what the kernel itself sends there. */
static const uint8_t own_mac[6] = { 2, 0, 0, 0, 0x99, 1 };

static void cannot(const char *what)
{
	fprintf(stderr, "skipped: %s: %s\n", what, strerror(errno));
	_exit(CANNOT);
}

static void in_own_network(void (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (unshare(CLONE_NEWNET) != 0) {
			cannot("no network namespace");
		}
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT) {
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* iproute2's ip with up to 16 words. */
static void ip(const char *words)
{
	char text[256];
	char *argv[18] = { (char[]){ "ip" } };
	char *rest = text;
	int status;
	pid_t pid;

	(void)snprintf(text, sizeof text, "%s", words);
	for (unsigned i = 1; i < 17 && rest != NULL; i++) {
		argv[i] = strsep(&rest, " ");
	}
	pid = fork();
	if (pid == 0) {
		execvp("ip", argv);
		_exit(CANNOT);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status) != 0) {
		errno = 0;
		cannot(words);
	}
}

/* One queue, so that frames keep their order; the far end takes XDP frames as long as the
 * descriptor is open. */
static int lay_wire(void)
{
	const struct bpf_insn pass[] = { INSN_SET(BPF_REG_0, 2), INSN_EXIT };
	int program_fd;
	int fd;

	ip("link add near numtxqueues 1 numrxqueues 1 type veth peer name far numtxqueues 1 "
	   "numrxqueues 1");
	ip("link set near up");
	ip("link set far up");
	program_fd = bpf_load(BPF_PROG_TYPE_XDP, pass, COUNT_OF(pass), "GPL");
	fd = bpf_attach_xdp(program_fd, if_nametoindex("far"), false);
	if (fd < 0) {
		cannot("no XDP on veth");
	}
	return fd;
}

static int listen_at(const char *interface)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = 0x0300, /* ETH_P_ALL */
				       .sll_ifindex = (int)if_nametoindex(interface) };
	int size = 64 << 20;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);

	CHECK(fd >= 0);
	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) == 0);
	CHECK(bind(fd, (const struct sockaddr *)&address, sizeof address) == 0);
	return fd;
}

/* The next frame of ours; 0 where none is there and is_waited is not, or none comes. */
static size_t take(int fd, uint8_t bytes[SENDER_FRAME_MAX], bool is_waited)
{
	struct sockaddr_ll from;
	socklen_t size = sizeof from;
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	ssize_t got;

	for (;;) {
		got = recvfrom(fd, bytes, SENDER_FRAME_MAX, 0, (struct sockaddr *)&from, &size);
		if (got < 0 &&
		    (!is_waited || (poll(&ready, 1, DEADLINE_MS) != 1 && errno != EINTR))) {
			return 0;
		}
		if (got > 12 && from.sll_pkttype != PACKET_OUTGOING &&
		    memcmp(bytes + 6, own_mac, sizeof own_mac) == 0) {
			return (size_t)got;
		}
	}
}

static void put_ethernet(struct writer *w, uint16_t type)
{
	writer_be16(w, 0x0200);
	writer_be32(w, 0x9902);
	writer_bytes(w, (struct span){ own_mac, sizeof own_mac });
	writer_be16(w, type);
}

static void put_ipv4(struct writer *w, uint8_t protocol, uint16_t payload)
{
	writer_be16(w, 0x4500);
	writer_be16(w, (uint16_t)(20 + payload));
	writer_be32(w, 0);
	writer_be32(w, 64u << 24 | (uint32_t)protocol << 16);
	writer_be32(w, 0x0a000001);
	writer_be32(w, 0x0a000002);
}

static void put_tcp(struct writer *w)
{
	writer_be64(w, 0);
	writer_be32(w, 0);
	writer_be64(w, 0x5002faf000000000);
}

static void put_udp(struct writer *w, uint16_t payload)
{
	writer_be32(w, 0);
	writer_be16(w, (uint16_t)(8 + payload));
	writer_be16(w, 0);
	for (unsigned i = 0; i < payload; i++) {
		writer_u8(w, (uint8_t)(i * 7 + payload));
	}
}

/* SYN over IPv4 and IPv6, a short UDP and the longest frame. */
static struct sender_template make_template(unsigned which, uint8_t bytes[SENDER_FRAME_MAX])
{
	struct writer w = writer_over(bytes, SENDER_FRAME_MAX);
	struct sender_template t = { .varies = SENDER_DESTINATION | SENDER_SOURCE_PORT |
					       SENDER_DESTINATION_PORT,
				     .sequence_size = 4 };

	put_ethernet(&w, which == 1 ? 0x86dd : 0x0800);
	if (which == 0) {
		put_ipv4(&w, 6, 20);
		put_tcp(&w);
		t.varies |= SENDER_IP_ID | SENDER_MAC;
		t.sequence_at = 38;
	} else if (which == 1) {
		writer_be32(&w, 0x60000000);
		writer_be32(&w, 20 << 16 | 6 << 8 | 64);
		writer_be64(&w, 0x20010db800000000);
		writer_be64(&w, 1);
		writer_be64(&w, 0);
		writer_be64(&w, 0);
		put_tcp(&w);
		t.sequence_at = 58;
	} else {
		put_ipv4(&w, 17, which == 2 ? 8 + 33 : 1500 - 20);
		put_udp(&w, which == 2 ? 33 : 1500 - 28);
		t.sequence_at = which == 2 ? 45 : 1510;
	}
	CHECK(writer_ok(&w));
	t.frame = writer_span(&w);
	return t;
}

static void add_templates(struct sender *sender)
{
	uint8_t bytes[SENDER_FRAME_MAX];

	for (unsigned i = 0; i < TEMPLATES; i++) {
		struct sender_template t = make_template(i, bytes);
		unsigned number = 99;

		CHECK(sender_add_template(sender, &t, &number, NULL) == 0 && number == i);
	}
}

/* Lengths in every order, so that a page that is used again held a longer and a shorter one. */
static struct sender_probe make_probe(unsigned i)
{
	uint32_t x = (i + 1) * 2654435761u;
	struct sender_probe probe = { .sequence = x,
				      .destination_port = (uint16_t)(x >> 3),
				      .source_port = (uint16_t)(x >> 9),
				      .ip_id = (uint16_t)(x >> 5),
				      .template = (uint16_t)((x >> 13) % TEMPLATES),
				      .mac = { 2, 0, 0, 0, 0x99, (uint8_t)x } };

	for (unsigned at = 0; at < sizeof probe.destination; at++) {
		probe.destination[at] = (uint8_t)(x >> at);
	}
	return probe;
}

static struct sender *open_kind(const char *interface, enum sender_kind kind)
{
	struct sender_options options = { .interface = interface, .kind = kind };
	struct sender *sender = NULL;
	struct why why = { { 0 } };

	if (sender_open(&options, &sender, &why) != 0) {
		CHECK(strstr(why.text, "does not load the program") == NULL);
		fprintf(stderr, "skipped: %s\n", why.text);
		_exit(CANNOT);
	}
	CHECK(sender_kind(sender) == kind);
	return sender;
}

/* Until nothing is pending. */
static void finish(struct sender *sender)
{
	struct sender_stats stats;
	size_t sent = 99;

	sender_stats(sender, &stats);
	for (unsigned i = 0; stats.pending > 0; i++) {
		CHECK(i < DEADLINE_MS);
		(void)poll(NULL, 0, 1); /* whoever empties the queue may want this processor */
		CHECK(sender_send(sender, NULL, 0, &sent) == 0 && sent == 0);
		sender_stats(sender, &stats);
	}
}

static void send_all(struct sender *sender, const struct sender_probe *probes, size_t count)
{
	for (size_t at = 0, sent = 0, idle = 0; at < count; at += sent) {
		CHECK(sender_send(sender, probes + at, count - at, &sent) == 0);
		idle = sent > 0 ? 0 : idle + 1;
		CHECK(idle < 1000000);
	}
	finish(sender);
}

/* Byte for byte what template_complete() makes, in the same order, once. */
static void assert_arrived(int fd, const struct sender_probe *probes)
{
	struct template templates[TEMPLATES];
	uint8_t bytes[SENDER_FRAME_MAX];
	uint8_t expected[TEMPLATE_ROOM_MAX];

	for (unsigned i = 0; i < TEMPLATES; i++) {
		struct sender_template from = make_template(i, bytes);

		CHECK(template_make(&from, 14, &templates[i], NULL) == 0);
	}
	for (unsigned i = 0; i < PROBES; i++) {
		const struct template *t = &templates[probes[i].template];
		size_t got = take(fd, bytes, true);

		template_complete(t, &probes[i], expected);
		CHECK(got == t->length);
		CHECK(memcmp(bytes, expected, got) == 0);
	}
	CHECK(take(fd, bytes, false) == 0);
}

/* Gives up all capabilities but those, by their numbers up to 31 and above. */
static void keep_both(uint32_t low, uint32_t high)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = low, .permitted = low },
						  { .effective = high, .permitted = high } };

	CHECK(syscall(SYS_capset, &head, data) == 0);
}

static void keep(uint32_t low)
{
	keep_both(low, 0);
}

static void send_and_compare(enum sender_kind kind)
{
	struct sender_probe *probes = alloc_zeroed(PROBES, sizeof *probes);
	struct sender_stats stats;
	struct sender *sender;
	int fd;

	(void)lay_wire();
	fd = listen_at("far");
	sender = open_kind("near", kind);
	CHECK(sender_link_size(sender) == 14);
	add_templates(sender);
	keep(0); /* sending needs none */
	for (unsigned i = 0; i < PROBES; i++) {
		probes[i] = make_probe(i);
	}
	send_all(sender, probes, 1); /* small batches, too */
	send_all(sender, probes + 1, 7);
	send_all(sender, probes + 8, PROBES - 8);
	assert_arrived(fd, probes);
	sender_stats(sender, &stats);
	CHECK(stats.sent == PROBES && stats.refused == 0 && stats.is_refused_known);
	sender_close(&sender);
	CHECK(sender == NULL);
	free(probes);
}

static void send_live_frames(void)
{
	send_and_compare(SENDER_XDP);
}

static void send_af_xdp(void)
{
	send_and_compare(SENDER_AF_XDP);
}

static void send_mmsg(void)
{
	send_and_compare(SENDER_MMSG);
}

static void xdp_live_frames_arrive_byte_for_byte(void **state)
{
	(void)state;
	in_own_network(send_live_frames);
}

static void frames_of_af_xdp_arrive_byte_for_byte(void **state)
{
	(void)state;
	in_own_network(send_af_xdp);
}

static void frames_of_sendmmsg_arrive_byte_for_byte(void **state)
{
	(void)state;
	in_own_network(send_mmsg);
}

static void open_again(void)
{
	struct sender *first;
	struct sender *second;
	struct sender_options options = { .interface = "near", .without = 1u << SENDER_XDP };

	(void)lay_wire();
	for (unsigned i = 0; i < 5; i++) {
		first = open_kind("near", SENDER_AF_XDP);
		sender_close(&first);
	}
	first = open_kind("near", SENDER_AF_XDP);
	CHECK(sender_open(&options, &second, NULL) == 0 && sender_kind(second) == SENDER_MMSG);
	CHECK(strcmp(sender_why_not(second, SENDER_AF_XDP),
		     "other programs have the queues of near") == 0);
	sender_close(&first);
	sender_close(&second);
}

static void a_queue_is_had_again_after_it_was_closed_and_by_one_at_a_time(void **state)
{
	(void)state;
	in_own_network(open_again);
}

static void step_down(void)
{
	struct sender_options options = { .interface = "near" };
	struct sender *sender = NULL;
	struct why why;
	int far_fd = lay_wire();

	if (sender_open(&options, &sender, &why) != 0 || sender_kind(sender) != SENDER_XDP) {
		cannot("no XDP live frames here");
	}
	CHECK(sender_why_not(sender, SENDER_XDP)[0] == '\0');
	CHECK(strcmp(sender_detail(sender), "with no program on the interface") == 0);
	sender_close(&sender);
	CHECK(close(far_fd) == 0); /* the far end takes no XDP frames any more */
	CHECK(sender_open(&options, &sender, &why) == 0 && sender_kind(sender) == SENDER_AF_XDP);
	CHECK(strstr(sender_why_not(sender, SENDER_XDP), "the other end needs GRO") != NULL);
	CHECK(sender_why_not(sender, SENDER_AF_XDP)[0] == '\0');
	CHECK(strcmp(sender_detail(sender), "the kernel copies each frame") == 0);
	sender_close(&sender);
	options.without = 1u << SENDER_AF_XDP;
	CHECK(sender_open(&options, &sender, &why) == 0 && sender_kind(sender) == SENDER_MMSG);
	CHECK(strcmp(sender_why_not(sender, SENDER_AF_XDP), "is switched off") == 0);
	sender_close(&sender);
	options.without |= 1u << SENDER_MMSG;
	CHECK(sender_open(&options, &sender, &why) == ERR_UNSUPPORTED && sender == NULL);
	CHECK(strstr(why.text, "XDP live frames: ") != NULL);
	CHECK(strstr(why.text, "sendmmsg: is switched off") != NULL);
}

static void without_a_better_rung_the_next_is_taken_and_says_why(void **state)
{
	(void)state;
	in_own_network(step_down);
}

/* --- a rung that fails while sending --- */

static struct sender *open_lasting(enum sender_kind wanted)
{
	struct sender_options options = { .interface = "near", .has_standbys = true };
	struct sender *sender = NULL;
	struct why why;

	options.without = wanted == SENDER_AF_XDP ? 1u << SENDER_XDP : 0;
	if (sender_open(&options, &sender, &why) != 0 || sender_kind(sender) != wanted) {
		cannot("not that rung here");
	}
	CHECK(sender_fallen(sender)[0] == '\0');
	add_templates(sender);
	return sender;
}

/* What breaks it half way; then all must have arrived, each once, and somebody else sent it. */
static void send_and_break(enum sender_kind kind, enum sender_kind next,
			   void (*break_it)(int far_fd))
{
	struct sender_probe *probes = alloc_zeroed(PROBES, sizeof *probes);
	struct sender_stats stats;
	struct sender *sender;
	int far_fd = lay_wire();
	int fd = listen_at("far");

	sender = open_lasting(kind);
	for (unsigned i = 0; i < PROBES; i++) {
		probes[i] = make_probe(i);
	}
	send_all(sender, probes, PROBES / 2);
	CHECK(sender_kind(sender) == kind);
	break_it(far_fd);
	keep(0); /* the next rung was opened when there were rights */
	send_all(sender, probes + PROBES / 2, PROBES - PROBES / 2);
	assert_arrived(fd, probes);
	CHECK(sender_kind(sender) == next);
	CHECK(strstr(sender_fallen(sender), "failed after 1500 probes (") != NULL);
	CHECK(strstr(sender_fallen(sender), sender_kind_name(next)) != NULL);
	CHECK(strstr(sender_why_not(sender, kind), "failed while sending") != NULL);
	sender_stats(sender, &stats);
	CHECK(stats.sent == PROBES && stats.refused == 0 && stats.pending == 0);
	sender_close(&sender);
	free(probes);
}

/* The far end's program is detached: the driver takes no XDP frames any more. */
static void detach_program(int far_fd)
{
	CHECK(close(far_fd) == 0);
}

static void break_live_frames(void)
{
	send_and_break(SENDER_XDP, SENDER_AF_XDP, detach_program);
}

static void where_the_driver_takes_no_live_frames_any_more_af_xdp_goes_on(void **state)
{
	(void)state;
	in_own_network(break_live_frames);
}

/* What is behind every AF_XDP socket of this process is gone. */
static void kill_sockets(int far_fd)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)far_fd;
	for (int fd = 0; fd < 256; fd++) {
		int domain = 0;
		socklen_t size = sizeof domain;

		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
		    domain == AF_XDP) {
			CHECK(dup2(null_fd, fd) == fd);
		}
	}
}

static void break_af_xdp(void)
{
	send_and_break(SENDER_AF_XDP, SENDER_MMSG, kill_sockets);
}

static void where_the_ring_dies_sendmmsg_goes_on(void **state)
{
	(void)state;
	in_own_network(break_af_xdp);
}

static void kill_all(int far_fd)
{
	detach_program(far_fd);
	kill_sockets(far_fd);
}

static void break_two(void)
{
	send_and_break(SENDER_XDP, SENDER_MMSG, kill_all);
}

static void where_two_rungs_fail_at_once_the_third_goes_on(void **state)
{
	(void)state;
	in_own_network(break_two);
}

/* A link that is down is nobody's failure: the same rung goes on when it is up again. */
static void lose_the_link(enum sender_kind kind)
{
	struct sender_probe *probes = alloc_zeroed(PROBES, sizeof *probes);
	struct sender *sender;
	size_t sent = 0;
	int fd;

	(void)lay_wire();
	fd = listen_at("far");
	sender = open_lasting(kind);
	for (unsigned i = 0; i < PROBES; i++) {
		probes[i] = make_probe(i);
	}
	send_all(sender, probes, PROBES / 2);
	ip("link set near down");
	/* none of them is on the wire, whether it was taken or not */
	CHECK(sender_send(sender, probes + PROBES / 2, 500, &sent) == ERR_IO);
	ip("link set near up");
	send_all(sender, probes + PROBES / 2 + sent, PROBES - PROBES / 2 - sent);
	assert_arrived(fd, probes);
	CHECK(sender_kind(sender) == kind && sender_fallen(sender)[0] == '\0');
	ip("link del near");
	CHECK(sender_send(sender, probes, 1, &sent) == ERR_NOT_FOUND);
	sender_close(&sender);
	free(probes);
}

static void lose_the_link_of_live_frames(void)
{
	lose_the_link(SENDER_XDP);
}

static void lose_the_link_of_af_xdp(void)
{
	lose_the_link(SENDER_AF_XDP);
}

static void a_link_that_comes_back_costs_no_probe(void **state)
{
	(void)state;
	in_own_network(lose_the_link_of_live_frames);
	in_own_network(lose_the_link_of_af_xdp);
}

static void give_up(void)
{
	struct sender_stats stats;
	struct sender *sender;

	(void)lay_wire();
	sender = open_lasting(SENDER_AF_XDP);
	CHECK(sender_give_up(sender) && sender_kind(sender) == SENDER_MMSG);
	CHECK(!sender_give_up(sender));
	sender_stats(sender, &stats);
	CHECK(stats.sent == 0 && stats.pending == 0);
	sender_close(&sender);
	sender = open_kind("near", SENDER_AF_XDP); /* that one or none */
	CHECK(!sender_give_up(sender));
	sender_close(&sender);
}

static void a_rung_that_takes_nothing_can_be_given_up_while_there_is_another(void **state)
{
	(void)state;
	in_own_network(give_up);
}

#define WORD_2(capability) (1u << ((capability)-32))

static void step_down_without_rights(void)
{
	struct sender_options options = { .interface = "near" };
	struct sender *sender = NULL;
	struct why why;

	(void)lay_wire();
	if (sender_open(&options, &sender, &why) != 0 || sender_kind(sender) != SENDER_XDP) {
		cannot("no XDP live frames here");
	}
	sender_close(&sender);
	keep_both(1u << CAP_NET_RAW | 1u << CAP_NET_ADMIN | 1u << CAP_SYS_ADMIN,
		  WORD_2(CAP_BPF) | WORD_2(CAP_PERFMON));
	CHECK(sender_open(&options, &sender, &why) == 0 && sender_kind(sender) == SENDER_XDP);
	sender_close(&sender);
	keep_both(1u << CAP_NET_RAW | 1u << CAP_NET_ADMIN, WORD_2(CAP_BPF) | WORD_2(CAP_PERFMON));
	CHECK(sender_open(&options, &sender, &why) == 0 && sender_kind(sender) == SENDER_AF_XDP);
	CHECK(strstr(sender_why_not(sender, SENDER_XDP), "needs CAP_SYS_ADMIN") != NULL);
	sender_close(&sender);
	keep(1u << CAP_NET_RAW);
	CHECK(sender_open(&options, &sender, &why) == 0 && sender_kind(sender) == SENDER_AF_XDP);
	CHECK(strstr(sender_why_not(sender, SENDER_XDP), "needs CAP_BPF") != NULL);
	sender_close(&sender);
	keep(0);
	CHECK(sender_open(&options, &sender, &why) == ERR_DENIED);
	CHECK(strstr(why.text, "sendmmsg: needs CAP_NET_RAW") != NULL);
}

static void without_rights_it_says_which_are_missing(void **state)
{
	(void)state;
	in_own_network(step_down_without_rights);
}

static void refuse_what_is_no_interface(void)
{
	struct sender_options options = { .interface = "nowhere" };
	struct sender *sender = NULL;
	struct why why;

	CHECK(sender_open(&options, &sender, &why) == ERR_NOT_FOUND);
	options.interface = "a-name-that-is-too-long";
	CHECK(sender_open(&options, &sender, &why) == ERR_NOT_FOUND);
	options.interface = "lo"; /* down as yet */
	CHECK(sender_open(&options, &sender, &why) == ERR_UNSUPPORTED);
	CHECK(strcmp(why.text, "lo is not up") == 0);
}

static void an_interface_that_is_not_there_or_down_is_refused(void **state)
{
	(void)state;
	in_own_network(refuse_what_is_no_interface);
}

static void send_on_loopback(void)
{
	struct sender_options options = { .interface = "lo" };
	uint8_t bytes[SENDER_FRAME_MAX];
	struct sender_template t = make_template(0, bytes);
	struct sender *sender = NULL;
	struct sender_probe probe = make_probe(1);
	unsigned number;
	int fd;

	ip("link set lo up");
	fd = listen_at("lo");
	CHECK(sender_open(&options, &sender, NULL) == 0);
	CHECK(strstr(sender_why_not(sender, SENDER_XDP), "lo is no Ethernet") != NULL);
	CHECK(sender_link_size(sender) == 14);
	CHECK(sender_add_template(sender, &t, &number, NULL) == 0);
	probe.template = 0;
	send_all(sender, &probe, 1);
	CHECK(take(fd, bytes, true) == t.frame.len);
	sender_close(&sender);
}

static void loopback_takes_frames(void **state)
{
	(void)state;
	in_own_network(send_on_loopback);
}

static int open_tun(void)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);

	memcpy(request.ifr_name, "tun9", 5);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0) {
		cannot("no tun");
	}
	return fd;
}

static void send_on_tun(void)
{
	struct sender_options options = { .interface = "tun9" };
	uint8_t bytes[SENDER_FRAME_MAX];
	struct sender_template t = make_template(0, bytes);
	struct sender *sender = NULL;
	struct sender_probe probe = make_probe(1);
	struct pollfd ready = { .fd = open_tun(), .events = POLLIN };
	unsigned number;

	ip("link set tun9 up");
	CHECK(sender_open(&options, &sender, NULL) == 0 && sender_kind(sender) == SENDER_MMSG);
	CHECK(strcmp(sender_why_not(sender, SENDER_AF_XDP), "tun9 has no Ethernet header") == 0);
	CHECK(sender_link_size(sender) == 0);
	CHECK(sender_add_template(sender, &t, &number, NULL) == ERR_MALFORMED);
	t.frame = span_after(t.frame, 14);
	t.varies &= ~(unsigned)SENDER_MAC;
	t.sequence_at -= 14;
	CHECK(sender_add_template(sender, &t, &number, NULL) == 0);
	probe.template = 0;
	send_all(sender, &probe, 1);
	do { /* the kernel greets routers there, too */
		CHECK(poll(&ready, 1, DEADLINE_MS) == 1);
	} while (read(ready.fd, bytes, sizeof bytes) != 40);
	CHECK(bytes[0] == 0x45 && memcmp(bytes + 16, probe.destination, 4) == 0);
	sender_close(&sender);
}

static void an_interface_without_ethernet_takes_packets(void **state)
{
	(void)state;
	in_own_network(send_on_tun);
}

static void take_down(enum sender_kind kind)
{
	struct sender_probe probes[100];
	struct sender_stats stats;
	struct sender *sender;
	size_t sent = 99;

	(void)lay_wire();
	sender = open_kind("near", kind);
	add_templates(sender);
	for (unsigned i = 0; i < COUNT_OF(probes); i++) {
		probes[i] = make_probe(i);
	}
	send_all(sender, probes, COUNT_OF(probes));
	ip("link set near down");
	CHECK(sender_send(sender, probes, COUNT_OF(probes), &sent) == ERR_IO);
	sender_stats(sender, &stats);
	CHECK(stats.sent == COUNT_OF(probes));
	sender_close(&sender);
}

static void take_down_live_frames(void)
{
	take_down(SENDER_XDP);
}

static void take_down_af_xdp(void)
{
	take_down(SENDER_AF_XDP);
}

static void take_down_mmsg(void)
{
	take_down(SENDER_MMSG);
}

static void an_interface_that_goes_down_is_an_error(void **state)
{
	(void)state;
	in_own_network(take_down_live_frames);
	in_own_network(take_down_af_xdp);
	in_own_network(take_down_mmsg);
}

/* The far end's ring has 256 places and nobody empties it while its program is away. */
static void refuse_frames(void)
{
	struct sender_probe probes[100];
	struct sender_stats stats;
	struct sender *sender;
	size_t sent;
	int far_fd = lay_wire();

	sender = open_kind("near", SENDER_XDP);
	add_templates(sender);
	for (unsigned i = 0; i < COUNT_OF(probes); i++) {
		probes[i] = make_probe(i);
	}
	CHECK(close(far_fd) == 0);
	CHECK(sender_send(sender, probes, COUNT_OF(probes), &sent) == ERR_IO);
	sender_stats(sender, &stats);
	CHECK(stats.pending == COUNT_OF(probes) && stats.refused == 0 && stats.sent == 0);
	sender_close(&sender);
}

static void frames_that_the_driver_refuses_are_kept_and_not_counted_as_sent(void **state)
{
	(void)state;
	in_own_network(refuse_frames);
}

/* The far end's ring of 256 frames is emptied by a thread of the kernel, so that it gets full. */
static void set_threaded(const char *interface)
{
	char path[64];
	int fd;

	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL) != 0) {
		cannot("no sysfs of its own");
	}
	(void)snprintf(path, sizeof path, "/sys/class/net/%s/threaded", interface);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "1", 1) != 1) {
		cannot("no thread for an interface");
	}
	(void)close(fd);
}

/* Each of the probes, told by their sequence, once. */
static void assert_each_once(int fd)
{
	static bool seen[PROBES];
	uint8_t bytes[SENDER_FRAME_MAX];

	memset(seen, 0, sizeof seen);
	for (unsigned i = 0; i < PROBES; i++) {
		unsigned which;

		CHECK(take(fd, bytes, true) == 54);
		which = (unsigned)bytes[40] << 8 | bytes[41];
		CHECK(which < PROBES && !seen[which]);
		seen[which] = true;
	}
	CHECK(take(fd, bytes, false) == 0);
}

static void do_nothing(int number)
{
	(void)number;
}

/* Ten thousand a second: some end a run early. */
static void start_signals(void)
{
	struct sigaction action = { .sa_handler = do_nothing };
	struct itimerval often = { { 0, 100 }, { 0, 100 } };

	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
}

/* Until it was full: that is a race, which the sender wins nearly always. */
static void overflow(enum sender_kind kind, uint64_t rounds_min)
{
	struct sender_probe *probes = alloc_zeroed(PROBES, sizeof *probes);
	struct sender_stats stats = { 0 };
	struct sender *sender;
	uint64_t rounds = 0;
	int fd;

	(void)lay_wire();
	set_threaded("far");
	fd = listen_at("far");
	sender = open_kind("near", kind);
	add_templates(sender);
	for (unsigned i = 0; i < PROBES; i++) {
		probes[i] = make_probe(i);
		probes[i].template = 0;
		probes[i].sequence = i;
	}
	if (rounds_min > 1) {
		start_signals();
	}
	while (stats.full == 0 || rounds < rounds_min) {
		CHECK(rounds++ < ROUNDS_MAX);
		send_all(sender, probes, PROBES);
		assert_each_once(fd);
		sender_stats(sender, &stats);
		CHECK(stats.sent == rounds * PROBES && stats.refused == 0 && stats.pending == 0);
	}
	sender_close(&sender);
	free(probes);
}

static void overflow_live_frames(void)
{
	overflow(SENDER_XDP, 1);
}

static void overflow_with_signals(void)
{
	overflow(SENDER_XDP, ROUNDS_MAX / 2);
}

static void what_a_full_driver_drops_is_sent_again_and_once(void **state)
{
	(void)state;
	in_own_network(overflow_live_frames);
}

static void a_signal_neither_loses_nor_repeats_anything(void **state)
{
	(void)state;
	in_own_network(overflow_with_signals);
}

static void refuse_templates(void)
{
	uint8_t bytes[SENDER_FRAME_MAX];
	struct sender_template t = make_template(3, bytes);
	struct sender *sender;
	struct sender_probe probe = make_probe(1);
	struct why why;
	unsigned number = 0;
	size_t sent = 99;

	(void)lay_wire();
	ip("link set near mtu 1499");
	sender = open_kind("near", SENDER_MMSG);
	CHECK(sender_add_template(sender, &t, &number, &why) == ERR_LIMIT);
	CHECK(strcmp(why.text, "the template has 1514 bytes, near takes 1513") == 0);
	probe.template = 0;
	CHECK(sender_send(sender, &probe, 1, &sent) == ERR_USAGE && sent == 0);
	t = make_template(0, bytes);
	for (unsigned i = 0; i < SENDER_TEMPLATES_MAX; i++) {
		CHECK(sender_add_template(sender, &t, &number, &why) == 0 && number == i);
	}
	CHECK(sender_add_template(sender, &t, &number, &why) == ERR_LIMIT);
	probe.template = SENDER_TEMPLATES_MAX;
	CHECK(sender_send(sender, &probe, 1, &sent) == ERR_USAGE && sent == 0);
	sender_close(&sender);
}

static void templates_have_limits(void **state)
{
	(void)state;
	in_own_network(refuse_templates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xdp_live_frames_arrive_byte_for_byte),
		cmocka_unit_test(frames_of_af_xdp_arrive_byte_for_byte),
		cmocka_unit_test(frames_of_sendmmsg_arrive_byte_for_byte),
		cmocka_unit_test(a_queue_is_had_again_after_it_was_closed_and_by_one_at_a_time),
		cmocka_unit_test(without_a_better_rung_the_next_is_taken_and_says_why),
		cmocka_unit_test(without_rights_it_says_which_are_missing),
		cmocka_unit_test(an_interface_that_is_not_there_or_down_is_refused),
		cmocka_unit_test(loopback_takes_frames),
		cmocka_unit_test(an_interface_without_ethernet_takes_packets),
		cmocka_unit_test(an_interface_that_goes_down_is_an_error),
		cmocka_unit_test(frames_that_the_driver_refuses_are_kept_and_not_counted_as_sent),
		cmocka_unit_test(what_a_full_driver_drops_is_sent_again_and_once),
		cmocka_unit_test(a_signal_neither_loses_nor_repeats_anything),
		cmocka_unit_test(templates_have_limits),
		cmocka_unit_test(where_the_driver_takes_no_live_frames_any_more_af_xdp_goes_on),
		cmocka_unit_test(where_the_ring_dies_sendmmsg_goes_on),
		cmocka_unit_test(where_two_rungs_fail_at_once_the_third_goes_on),
		cmocka_unit_test(a_link_that_comes_back_costs_no_probe),
		cmocka_unit_test(a_rung_that_takes_nothing_can_be_given_up_while_there_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
