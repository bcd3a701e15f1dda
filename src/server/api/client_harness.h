/*
 * client_harness.h - an HTTPS client for tests, in the same process and loop as the server; not
 * part of it.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "sys/clock.h"
#include "sys/loop.h"

#define TEST_DEADLINE_MS 60000

struct client_harness {
	struct loop *loop; /* the server's */
	CURLM *multi;
	unsigned port;
};

/* One request and what came of it. Large: keep it static. */
struct exchange {
	CURL *curl;
	struct curl_slist *sent_headers;
	char body[1u << 20];
	size_t len;
	char headers[4096];
	size_t headers_len;
	bool is_done;
	CURLcode code;
	long status;
};

void client_harness_open(struct client_harness *c, struct loop *loop, unsigned port);
void client_harness_close(struct client_harness *c);

/* Begins a request; headers are ended by NULL, and may be NULL; so may body. */
void client_harness_start(struct client_harness *c, struct exchange *e, const char *method,
			  const char *path, const char *const *headers, const char *body);

/* One turn of the server's loop and of the client. */
void client_harness_turn(struct client_harness *c);
void client_harness_end(struct client_harness *c, struct exchange *e);

/* True where what arrived so far holds the text. */
bool client_harness_has(const struct exchange *e, const char *text);

#define TURN_UNTIL(client, condition)                                                              \
	do {                                                                                       \
		int64_t deadline_ms = clock_ms() + TEST_DEADLINE_MS;                               \
		while (!(condition)) {                                                             \
			assert_true(clock_ms() < deadline_ms);                                     \
			client_harness_turn(client);                                               \
		}                                                                                  \
	} while (0)
