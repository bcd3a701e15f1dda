/* net_test.c - addresses, and sockets on loopback. */
#include "sys/net.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "sys/file.h"

static void reads_and_writes_addresses(void **state)
{
	static const struct {
		const char *text;
		const char *again;
		bool is_loopback;
	} cases[] = {
		{ "127.0.0.1:8443", "127.0.0.1:8443", true },
		{ "[::1]:0", "[::1]:0", true },
		{ ":8443", "[::]:8443", false },
		{ "[2001:db8::1]:65535", "[2001:db8::1]:65535", false },
		{ "[::ffff:127.0.0.1]:1", "127.0.0.1:1", true },
		{ "192.0.2.7:22", "192.0.2.7:22", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct net_address address;
		char text[NET_TEXT_SIZE];

		assert_int_equal(net_address_parse(span_of(cases[i].text), &address, NULL), 0);
		net_address_text(&address, text);
		assert_string_equal(text, cases[i].again);
		assert_int_equal(net_is_loopback(&address), cases[i].is_loopback);
	}
}

static void refuses_what_is_no_address_and_says_how_to_write_one(void **state)
{
	static const struct {
		const char *text;
		const char *reason;
	} cases[] = {
		{ "", "no port" },
		{ "127.0.0.1", "no port" },
		{ "127.0.0.1:", "no port" },
		{ "127.0.0.1:65536", "no port" },
		{ "127.0.0.1:x", "no port" },
		{ "::1:80", "in brackets: [::1]:80" },
		{ "localhost:80", "numeric" },
		{ "1.2.3:80", "numeric" },
		{ "[]]:80", "numeric" },
		{ "[fe80::1%nowhere]:80", "numeric" },
		{ "127.0.0.1 :80", "numeric" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct net_address address;
		struct why why = { "" };

		assert_int_equal(net_address_parse(span_of(cases[i].text), &address, &why),
				 ERR_MALFORMED);
		if (strstr(why.text, cases[i].reason) == NULL) {
			fail_msg("'%s': '%s'", cases[i].text, why.text);
		}
	}
}

static void splits_host_and_port(void **state)
{
	char long_name[400];
	char host[256];
	char port[6];

	(void)state;
	assert_int_equal(net_split(span_of("server.example:443"), host, port, NULL), 0);
	assert_string_equal(host, "server.example");
	assert_string_equal(port, "443");
	assert_int_equal(net_split(span_of("[::1]:00443"), host, port, NULL), 0);
	assert_string_equal(host, "::1");
	assert_string_equal(port, "443");
	assert_int_equal(net_split(span_of(":443"), host, port, NULL), ERR_MALFORMED);
	memset(long_name, 'a', sizeof long_name);
	memcpy(long_name + sizeof long_name - 4, ":80", 4);
	assert_int_equal(net_split(span_of(long_name), host, port, NULL), ERR_LIMIT);
}

static void wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	assert_int_equal(poll(&p, 1, 5000), 1);
}

static void check_flags(int fd)
{
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

static void connects_and_accepts_over_loopback(void **state)
{
	OWNED(file_close) int listener = -1;
	OWNED(file_close) int client = -1;
	OWNED(file_close) int server = -1;
	struct net_address address;
	struct net_address peer;
	int no_delay = 0;
	socklen_t length = sizeof no_delay;
	struct why why;

	(void)state;
	assert_int_equal(net_address_parse(span_of("127.0.0.1:0"), &address, &why), 0);
	assert_int_equal(net_listen(&address, &listener, &address, &why), 0);
	assert_int_equal(net_accept(listener, &server, &peer), ERR_AGAIN);
	assert_int_equal(net_connect_start(&address, &client, &why), 0);
	wait_for(client, POLLOUT);
	assert_int_equal(net_connect_result(client, &why), 0);
	wait_for(listener, POLLIN);
	assert_int_equal(net_accept(listener, &server, &peer), 0);
	assert_true(net_is_loopback(&peer));
	check_flags(listener);
	check_flags(client);
	check_flags(server);
	assert_int_equal(getsockopt(server, IPPROTO_TCP, TCP_NODELAY, &no_delay, &length), 0);
	assert_true(no_delay != 0);
}

static void tells_why_it_cannot_listen_or_connect(void **state)
{
	OWNED(file_close) int first = -1;
	OWNED(file_close) int second = -1;
	OWNED(file_close) int client = -1;
	struct net_address address;
	struct why why = { "" };

	(void)state;
	assert_int_equal(net_address_parse(span_of("127.0.0.1:0"), &address, &why), 0);
	assert_int_equal(net_listen(&address, &first, &address, &why), 0);
	assert_int_equal(net_listen(&address, &second, &address, &why), ERR_EXISTS);
	assert_non_null(strstr(why.text, "cannot listen on 127.0.0.1:"));
	file_close(&first);
	assert_int_equal(net_connect_start(&address, &client, &why), 0);
	wait_for(client, POLLOUT);
	assert_int_equal(net_connect_result(client, &why), ERR_CLOSED);
	assert_int_equal(net_accept(-1, &second, &address), ERR_IO);
}

static void resolves_numbers_without_asking_anyone(void **state)
{
	struct net_address found[4];
	size_t count = 0;
	char text[NET_TEXT_SIZE];

	(void)state;
	assert_int_equal(net_resolve("127.0.0.1", "80", found, 4, &count, NULL), 0);
	assert_int_equal(count, 1);
	net_address_text(&found[0], text);
	assert_string_equal(text, "127.0.0.1:80");
}

static void talks_over_local_sockets(void **state)
{
	char folder[] = "/tmp/bartizan-net-XXXXXX";
	OWNED(file_close) int listener = -1;
	OWNED(file_close) int client = -1;
	struct stat facts;
	struct why why = { "" };
	char text[3] = "";
	char long_path[200];
	int pair[2];

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(net_unix_listen("socket", &listener, &why), 0);
	assert_int_equal(stat("socket", &facts), 0);
	assert_int_equal(facts.st_mode & 0777, 0600);
	file_close(&listener);
	assert_int_equal(net_unix_connect("socket", &client, &why), ERR_CLOSED);
	assert_int_equal(net_unix_listen("socket", &listener, &why), 0);
	assert_int_equal(net_unix_connect("socket", &client, &why), 0);
	check_flags(client);
	assert_int_equal(net_unix_connect("none", &client, &why), ERR_NOT_FOUND);
	memset(long_path, 'x', sizeof long_path - 1);
	long_path[sizeof long_path - 1] = '\0';
	assert_int_equal(net_unix_listen(long_path, &listener, &why), ERR_LIMIT);
	(void)unlink("socket");
	assert_int_equal(chdir("/"), 0);
	(void)rmdir(folder);

	assert_int_equal(net_pair(pair), 0);
	check_flags(pair[0]);
	assert_int_equal(write(pair[0], "ok", 2), 2);
	assert_int_equal(read(pair[1], text, 2), 2);
	assert_string_equal(text, "ok");
	(void)close(pair[0]);
	(void)close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_and_writes_addresses),
		cmocka_unit_test(refuses_what_is_no_address_and_says_how_to_write_one),
		cmocka_unit_test(splits_host_and_port),
		cmocka_unit_test(connects_and_accepts_over_loopback),
		cmocka_unit_test(tells_why_it_cannot_listen_or_connect),
		cmocka_unit_test(resolves_numbers_without_asking_anyone),
		cmocka_unit_test(talks_over_local_sockets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
