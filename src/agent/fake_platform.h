/*
 * fake_platform.h - a whole server for tests: a CA, EST and sessions over TLS, a fake_server behind
 * them.
 */
#pragma once

#include "sensor/fake_server.h"
#include "sys/buffer.h"
#include "sys/loop.h"
#include "sys/net.h"
#include "sys/tls.h"

/* The token that it accepts, any number of times. */
#define FAKE_PLATFORM_TOKEN "let-me-in"

/* Connections in all. */
#define FAKE_PLATFORM_GUESTS 256

struct fake_platform;

struct guest {
	struct fake_platform *platform;
	struct tls_stream *stream;
	bool is_session;
};

struct fake_platform {
	struct loop *loop;
	struct buffer ca_key;
	struct buffer ca; /* PEM */
	struct tls_context *context;
	int listen_fd;
	struct loop_watch *watch;
	char address[NET_TEXT_SIZE];
	struct guest guests[FAKE_PLATFORM_GUESTS];
	size_t guest_count;
	struct guest *speaker; /* whose session the fake server talks to */
	struct fake_server server;
	unsigned enrolments;
	unsigned renewals;
	unsigned clones; /* enrolments with another machine's certificate */
	unsigned sessions;
	int64_t lifetime_s; /* of certificates to be signed */
};

/* Listens on a free port of the loopback interface. Aborts where something fails. */
void fake_platform_open(struct fake_platform *p);
void fake_platform_close(struct fake_platform *p);
