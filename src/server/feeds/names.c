/* names.c - c-ares, driven by poll(). */
#include "server/feeds/names.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/writer.h"
#include "sys/alloc.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS  3000 /* the second time twice as long */
#define TRIES       2
#define PAYLOAD     1232 /* bytes of an answer over UDP: DNS flag day 2020 */
#define WAIT_MS     1000
#define TEXT_MAX    4096 /* of one record */
#define SERVER_SIZE 80

struct names {
	ares_channel channel;
};

/* One question's answer. */
struct answer {
	bool is_there;
	int status;
	struct ares_txt_ext *texts;
	struct ares_addrinfo *addresses;
};

/* --- opening --- */

/* An address without a port gets that of DNS. */
static int read_server(const char *resolver, char out[SERVER_SIZE], struct why *why)
{
	struct span text = span_of(resolver);
	struct net_address address;
	char host[NET_TEXT_SIZE] = "";
	struct why ignored;
	int error;

	snprintf(out, SERVER_SIZE, "%.70s", resolver);
	error = net_address_parse(span_of(out), &address, &ignored);
	if (error != 0) {
		bool is_bare_ipv6 = span_find(text, ':') < text.len && text.ptr[0] != '[';

		snprintf(out, SERVER_SIZE, is_bare_ipv6 ? "[%.60s]:53" : "%.60s:53", resolver);
		error = net_address_parse(span_of(out), &address, &ignored);
	}
	if (error == 0) {
		net_host_text(&address, host);
	}
	if (error != 0 || strcmp(host, "::") == 0 || strcmp(host, "0.0.0.0") == 0) {
		return why_set(why, ERR_USAGE,
			       "--resolver is a name server's address, such as 192.0.2.53, "
			       "127.0.0.1:5353 or [2001:db8::53]:53");
	}
	return 0;
}

int names_check_resolver(const char *resolver, struct why *why)
{
	char server[SERVER_SIZE];

	return read_server(resolver, server, why);
}

static int ares_why(int status, struct why *why)
{
	return why_set(why, ERR_IO, "names cannot be looked up: %s", ares_strerror(status));
}

/* more: ARES_FLAG_*. */
static int open_channel(struct names *names, const char *server, int more, struct why *why)
{
	char lookups[] = "b"; /* the name server alone */
	struct ares_options options = {
		.flags = ARES_FLAG_NOALIASES | ARES_FLAG_NOSEARCH | ARES_FLAG_EDNS | more,
		.timeout = TIMEOUT_MS,
		.tries = TRIES,
		.ednspsz = PAYLOAD,
		.lookups = lookups,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
		   ARES_OPT_DOMAINS | (server != NULL ? ARES_OPT_LOOKUPS : 0);
	int status = ares_init_options(&names->channel, &options, mask);

	if (status == ARES_SUCCESS && server != NULL) {
		status = ares_set_servers_ports_csv(names->channel, server);
	}
	return status == ARES_SUCCESS ? 0 : ares_why(status, why);
}

static bool has_one_server(struct names *names)
{
	struct ares_addr_port_node *servers = NULL;
	bool is_one = ares_get_servers_ports(names->channel, &servers) == ARES_SUCCESS &&
		      servers != NULL && servers->next == NULL;

	ares_free_data(servers);
	return is_one;
}

int names_open(const char *resolver, struct names **out, struct why *why)
{
	struct names *names = alloc_zeroed(1, sizeof *names);
	char server[SERVER_SIZE];
	int status = ares_library_init(ARES_LIB_INIT_ALL);
	int error = status == ARES_SUCCESS ? 0 : ares_why(status, why);

	if (error == 0 && resolver != NULL) {
		error = read_server(resolver, server, why);
	}
	error = error != 0 ? error : open_channel(names, resolver != NULL ? server : NULL, 0, why);
	if (error == 0 && has_one_server(names)) {
		/* c-ares goes on to the next server where one fails, and forgets what it said:
		 * where there is no next one, we want to know */
		ares_destroy(names->channel);
		names->channel = NULL;
		error = open_channel(names, resolver != NULL ? server : NULL, ARES_FLAG_NOCHECKRESP,
				     why);
	}
	if (error != 0) {
		names_close(&names);
		return error;
	}
	*out = names;
	return 0;
}

void names_close(struct names **names)
{
	if (*names != NULL && (*names)->channel != NULL) {
		ares_destroy((*names)->channel);
	}
	free(*names);
	*names = NULL;
}

/* --- asking --- */

/* Until every question has been answered or given up. */
static void run(struct names *names)
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	struct pollfd polled[ARES_GETSOCK_MAXNUM];
	struct timeval most = { WAIT_MS / 1000, 0 };
	int bits;

	while ((bits = ares_getsock(names->channel, sockets, ARES_GETSOCK_MAXNUM)) != 0) {
		struct timeval left;
		nfds_t count = 0;

		for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
			/* as ARES_GETSOCK_READABLE and _WRITABLE, which shift into the sign */
			bool is_in = ((unsigned)bits >> i & 1u) != 0;
			bool is_out = ((unsigned)bits >> (i + ARES_GETSOCK_MAXNUM) & 1u) != 0;
			short events = (short)((is_in ? POLLIN : 0) | (is_out ? POLLOUT : 0));

			if (events != 0) {
				polled[count++] =
					(struct pollfd){ .fd = sockets[i], .events = events };
			}
		}
		left = *ares_timeout(names->channel, &most, &left);
		(void)poll(polled, count, (int)(left.tv_sec * 1000 + left.tv_usec / 1000 + 1));
		for (nfds_t i = 0; i < count; i++) {
			bool is_in = (polled[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
			bool is_out = (polled[i].revents & (POLLOUT | POLLERR)) != 0;

			ares_process_fd(names->channel, is_in ? polled[i].fd : ARES_SOCKET_BAD,
					is_out ? polled[i].fd : ARES_SOCKET_BAD);
		}
		ares_process_fd(names->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	}
}

static bool is_absent(int status)
{
	return status == ARES_ENODATA || status == ARES_ENOTFOUND;
}

static int failure_of(int status, const char *name, struct why *why)
{
	switch (status) {
	case ARES_ETIMEOUT:
		return why_set(why, ERR_TIMEOUT, "No name server answered for %.255s in time",
			       name);
	case ARES_ECONNREFUSED:
		return why_set(
			why, ERR_IO,
			"No name server can be reached to ask for %.255s, or each fails or refuses",
			name);
	case ARES_ESERVFAIL:
		return why_set(why, ERR_IO,
			       "The name server could not find out about %.255s (SERVFAIL): the "
			       "zone's own servers may be down, or its DNSSEC signatures wrong",
			       name);
	case ARES_EREFUSED:
		return why_set(why, ERR_IO, "The name server refused to answer for %.255s", name);
	default:
		return why_set(why, ERR_IO, "The name server's answer for %.255s is of no use: %s",
			       name, ares_strerror(status));
	}
}

static void on_texts(void *context, int status, int timeouts, unsigned char *bytes, int len)
{
	struct answer *answer = context;

	(void)timeouts;
	answer->is_there = true;
	answer->status = status;
	if (status == ARES_SUCCESS) {
		answer->status = ares_parse_txt_reply_ext(bytes, len, &answer->texts);
	}
}

/* Tells each record: a run of strings, the first of which is marked. */
static size_t tell_texts(const struct ares_txt_ext *text, size_t n, names_each_text *each,
			 void *context)
{
	uint8_t room[TEXT_MAX];
	size_t count = 0;

	while (text != NULL) {
		struct writer w = writer_over(room, sizeof room);

		do {
			writer_bytes(&w, (struct span){ text->txt, text->length });
			text = text->next;
		} while (text != NULL && !text->record_start);
		count++;
		if (writer_ok(&w)) {
			each(context, n, writer_span(&w));
		}
	}
	return count;
}

int names_texts(struct names *names, const char *const *of, size_t count, names_each_text *each,
		void *context, size_t *counts, struct why *why)
{
	struct answer *answers = alloc_zeroed(count, sizeof *answers);
	int error = 0;

	for (size_t n = 0; n < count; n++) {
		ares_query(names->channel, of[n], ns_c_in, ns_t_txt, on_texts, &answers[n]);
	}
	run(names);
	for (size_t n = 0; n < count; n++) {
		const struct answer *a = &answers[n];

		counts[n] = 0;
		if (error == 0 && !(a->is_there && is_absent(a->status))) {
			error = a->is_there && a->status == ARES_SUCCESS
					? 0
					: failure_of(a->is_there ? a->status : ARES_ETIMEOUT, of[n],
						     why);
		}
		if (error == 0 && a->texts != NULL) {
			counts[n] = tell_texts(a->texts, n, each, context);
		}
		ares_free_data(a->texts);
	}
	free(answers);
	return error;
}

static void on_addresses(void *context, int status, int timeouts, struct ares_addrinfo *found)
{
	struct answer *answer = context;

	(void)timeouts;
	answer->is_there = true;
	answer->status = status;
	answer->addresses = found;
}

int names_addresses(struct names *names, const char *host, uint16_t port, struct net_address *out,
		    size_t max, size_t *out_count, struct why *why)
{
	const struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC,
						   .ai_socktype = SOCK_STREAM,
						   .ai_flags =
							   ARES_AI_NOSORT | ARES_AI_NUMERICSERV };
	struct answer answer = { .status = ARES_ETIMEOUT };
	char service[6];
	size_t count = 0;
	int error = 0;

	snprintf(service, sizeof service, "%u", port);
	ares_getaddrinfo(names->channel, host, service, &hints, on_addresses, &answer);
	run(names);
	if (answer.addresses != NULL) {
		for (const struct ares_addrinfo_node *node = answer.addresses->nodes;
		     node != NULL && count < max; node = node->ai_next) {
			if (node->ai_addrlen <= sizeof out[count].storage) {
				out[count] = (struct net_address){ .length = node->ai_addrlen };
				mem_copy(&out[count].storage, node->ai_addr, node->ai_addrlen);
				count++;
			}
		}
		ares_freeaddrinfo(answer.addresses);
	} else if (answer.status != ARES_SUCCESS && !is_absent(answer.status)) {
		error = failure_of(answer.status, host, why);
	}
	if (error == 0 && count == 0) {
		error = why_set(why, ERR_NOT_FOUND, "%.255s has no address", host);
	}
	*out_count = count;
	return error;
}
