/* http_test.c - the server under curl's client, in one process and one loop. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "server/api/http.h"
#include "server/api/client_harness.h"
#include "sys/clock.h"
#include "sys/net.h"
#include "sys/pki.h"

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct net_address bound;
	int listen_fd;
	struct client_harness client;
	struct http_request *kept; /* the last one that was not answered at once */
	unsigned requests;
	unsigned finished;
	unsigned drained;
	unsigned last_status;
};

static struct fixture f;

static void on_request(void *context, struct http_request *r)
{
	struct span target = http_target(r);

	(void)context;
	f.requests++;
	if (span_is(target, "/now")) {
		http_answer(r, &(struct http_answer){ .status = 200,
						      .content_type = "text/plain",
						      .headers = { { "X-Peer", http_peer(r) } },
						      .static_body = span_of("hello") });
	} else if (span_is(target, "/echo")) {
		struct buffer body;

		buffer_init(&body, HTTP_BODY_MAX);
		assert_int_equal(buffer_append(&body, http_body(r)), 0);
		http_answer(r, &(struct http_answer){ .status = 201,
						      .content_type = http_method(r),
						      .body = &body });
	} else {
		f.kept = r;
	}
}

static void on_finished(void *context, struct http_request *r, unsigned status, int64_t elapsed_us)
{
	(void)context;
	assert_true(elapsed_us >= 0);
	f.finished++;
	f.last_status = status;
	if (f.kept == r) {
		f.kept = NULL;
	}
}

static void on_drained(void *context, struct http_request *r)
{
	(void)context;
	(void)r;
	f.drained++;
}

/* A server's key and certificate as the platform makes them, each ended by NUL. */
static void make_certificate(struct buffer *key, struct buffer *certificate)
{
	static const char *const addresses[] = { "127.0.0.1", NULL };
	const struct pki_profile profile = {
		.common_name = "test", .addresses = addresses, .is_server = true, .lifetime_s = 3600
	};
	struct buffer ca_key;
	struct buffer ca;
	struct buffer request;
	struct buffer der;
	struct why why;

	buffer_init(&ca_key, 1 << 16);
	buffer_init(&ca, 1 << 16);
	buffer_init(&request, 1 << 16);
	buffer_init(&der, 1 << 16);
	buffer_init(key, 1 << 16);
	buffer_init(certificate, 1 << 16);
	assert_int_equal(pki_key_new(&ca_key, &why), 0);
	assert_int_equal(pki_ca_new(buffer_span(&ca_key), "ca", 1, &ca, &why), 0);
	assert_int_equal(pki_key_new(key, &why), 0);
	assert_int_equal(pki_request_new(buffer_span(key), "test", &request, &why), 0);
	assert_int_equal(pki_sign(buffer_span(&ca), buffer_span(&ca_key), buffer_span(&request),
				  &profile, &der, &why),
			 0);
	assert_int_equal(pki_der_to_pem(buffer_span(&der), certificate, &why), 0);
	assert_int_equal(buffer_append(key, (struct span){ (const uint8_t *)"", 1 }), 0);
	assert_int_equal(buffer_append(certificate, (struct span){ (const uint8_t *)"", 1 }), 0);
	buffer_done(&ca_key);
	buffer_done(&ca);
	buffer_done(&request);
	buffer_done(&der);
}

static int set_up(void **state)
{
	static const struct http_header common[] = { { "X-Common", "yes" }, { 0 } };
	static const struct http_handler handler = { on_request, on_finished, on_drained };
	struct net_address address;
	struct buffer key;
	struct buffer certificate;
	struct why why;
	struct http_config config = { .connections_max = 50, .idle_s = 30, .common = common };

	(void)state;
	f = (struct fixture){ .loop = loop_new() };
	assert_int_equal(net_address_parse(span_of("127.0.0.1:0"), &address, &why), 0);
	assert_int_equal(net_listen(&address, &f.listen_fd, &f.bound, &why), 0);
	make_certificate(&key, &certificate);
	config.listen_fd = f.listen_fd;
	config.certificate_pem = (const char *)buffer_span(&certificate).ptr;
	config.key_pem = (const char *)buffer_span(&key).ptr;
	assert_int_equal(http_serve(f.loop, &config, &handler, NULL, &f.server, &why), 0);
	buffer_done(&key);
	buffer_done(&certificate);
	client_harness_open(&f.client, f.loop,
			    ntohs(((const struct sockaddr_in *)&f.bound.storage)->sin_port));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_server_free(&f.server);
	assert_null(f.server);
	client_harness_close(&f.client);
	close(f.listen_fd);
	loop_free(&f.loop);
	return 0;
}

static void start(struct exchange *e, const char *method, const char *path, const char *body)
{
	client_harness_start(&f.client, e, method, path, NULL, body);
}

static void turn(void)
{
	client_harness_turn(&f.client);
}

static void end(struct exchange *e)
{
	client_harness_end(&f.client, e);
}

static struct exchange one;
static struct exchange two;

static void answers_at_once_with_common_headers(void **state)
{
	(void)state;
	start(&one, "GET", "/now", NULL);
	TURN_UNTIL(&f.client, one.is_done);
	assert_int_equal(one.code, CURLE_OK);
	assert_int_equal(one.status, 200);
	assert_true(span_is((struct span){ (uint8_t *)one.body, one.len }, "hello"));
	assert_non_null(strstr(one.headers, "X-Common: yes"));
	assert_non_null(strstr(one.headers, "X-Peer: 127.0.0.1"));
	end(&one);
	TURN_UNTIL(&f.client, f.finished == 1);
	assert_int_equal(f.last_status, 200);
}

static void hands_over_a_body_whole(void **state)
{
	static char body[HTTP_BODY_MAX + 1];

	(void)state;
	memset(body, 'b', HTTP_BODY_MAX);
	start(&one, "POST", "/echo", body);
	TURN_UNTIL(&f.client, one.is_done);
	assert_int_equal(one.status, 201);
	assert_int_equal(one.len, HTTP_BODY_MAX);
	end(&one);
}

static void refuses_a_body_over_the_limit(void **state)
{
	static char body[HTTP_BODY_MAX + 2];

	(void)state;
	memset(body, 'b', HTTP_BODY_MAX + 1);
	start(&one, "POST", "/echo", body);
	TURN_UNTIL(&f.client, one.is_done);
	assert_int_equal(one.status, 413);
	assert_int_equal(f.requests, 0);
	end(&one);
}

static void answers_later_while_others_are_served(void **state)
{
	(void)state;
	start(&one, "GET", "/later", NULL);
	TURN_UNTIL(&f.client, f.kept != NULL);
	start(&two, "GET", "/now", NULL);
	TURN_UNTIL(&f.client, two.is_done);
	assert_false(one.is_done);
	http_answer(f.kept, &(struct http_answer){ .status = 404, .static_body = span_of("late") });
	TURN_UNTIL(&f.client, one.is_done);
	assert_int_equal(one.status, 404);
	end(&one);
	end(&two);
}

static void streams_as_it_is_written(void **state)
{
	(void)state;
	start(&one, "GET", "/stream", NULL);
	TURN_UNTIL(&f.client, f.kept != NULL);
	http_stream(f.kept, &(struct http_answer){ .status = 200, .content_type = "text/plain" },
		    HTTP_SIZE_UNKNOWN, 1024);
	assert_int_equal(http_stream_write(f.kept, span_of("a")), 0);
	TURN_UNTIL(&f.client, one.len == 1);
	for (int i = 0; i < 5; i++) {
		turn();
	}
	assert_int_equal(http_stream_write(f.kept, span_of("bc")), 0);
	TURN_UNTIL(&f.client, one.len == 3);
	assert_false(one.is_done);
	http_stream_end(f.kept, false);
	TURN_UNTIL(&f.client, one.is_done);
	assert_int_equal(one.code, CURLE_OK);
	assert_true(span_is((struct span){ (uint8_t *)one.body, one.len }, "abc"));
	end(&one);
}

static void a_full_queue_refuses_and_tells_when_it_drained(void **state)
{
	static const uint8_t piece[1024];

	(void)state;
	start(&one, "GET", "/stream", NULL);
	TURN_UNTIL(&f.client, f.kept != NULL);
	http_stream(f.kept, &(struct http_answer){ .status = 200 }, HTTP_SIZE_UNKNOWN,
		    sizeof piece);
	assert_int_equal(http_stream_write(f.kept, (struct span){ piece, sizeof piece }), 0);
	assert_int_equal(http_stream_room(f.kept), 0);
	assert_int_equal(http_stream_write(f.kept, span_of("x")), ERR_FULL);
	TURN_UNTIL(&f.client, f.drained > 0);
	assert_int_equal(http_stream_room(f.kept), sizeof piece);
	http_stream_end(f.kept, false);
	TURN_UNTIL(&f.client, one.is_done);
	assert_int_equal(one.len, sizeof piece);
	end(&one);
}

static void a_cut_stream_is_seen_as_broken(void **state)
{
	(void)state;
	start(&one, "GET", "/stream", NULL);
	TURN_UNTIL(&f.client, f.kept != NULL);
	http_stream(f.kept, &(struct http_answer){ .status = 200 }, 100, 1024);
	assert_int_equal(http_stream_write(f.kept, span_of("only a part")), 0);
	http_stream_end(f.kept, true);
	TURN_UNTIL(&f.client, one.is_done);
	assert_int_not_equal(one.code, CURLE_OK);
	end(&one);
}

static void a_client_that_leaves_while_it_waits_is_noticed(void **state)
{
	(void)state;
	start(&one, "GET", "/later", NULL);
	TURN_UNTIL(&f.client, f.kept != NULL);
	end(&one);
	/* its connections are kept open in there */
	client_harness_close(&f.client);
	client_harness_open(&f.client, f.loop, f.client.port);
	TURN_UNTIL(&f.client, f.kept == NULL);
	assert_int_equal(f.last_status, 0);
}

static void a_client_that_leaves_a_silent_stream_is_noticed(void **state)
{
	(void)state;
	start(&one, "GET", "/stream", NULL);
	TURN_UNTIL(&f.client, f.kept != NULL);
	http_stream(f.kept, &(struct http_answer){ .status = 200 }, HTTP_SIZE_UNKNOWN, 1024);
	assert_int_equal(http_stream_write(f.kept, span_of("a")), 0);
	TURN_UNTIL(&f.client, one.len == 1);
	end(&one);
	client_harness_close(&f.client);
	client_harness_open(&f.client, f.loop, f.client.port);
	TURN_UNTIL(&f.client, f.kept == NULL);
	assert_int_equal(f.finished, 1);
}

static void head_gets_headers_only(void **state)
{
	(void)state;
	start(&one, "HEAD", "/now", NULL);
	curl_easy_setopt(one.curl, CURLOPT_NOBODY, 1L);
	TURN_UNTIL(&f.client, one.is_done);
	assert_int_equal(one.code, CURLE_OK);
	assert_int_equal(one.len, 0);
	assert_non_null(strstr(one.headers, "Content-Length: 5"));
	end(&one);
}

static void what_is_under_way_ends_with_the_server(void **state)
{
	(void)state;
	start(&one, "GET", "/later", NULL);
	TURN_UNTIL(&f.client, f.kept != NULL);
	http_server_free(&f.server);
	assert_null(f.kept);
	assert_int_equal(f.finished, 1);
	end(&one);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_at_once_with_common_headers),
		TEST(hands_over_a_body_whole),
		TEST(refuses_a_body_over_the_limit),
		TEST(answers_later_while_others_are_served),
		TEST(streams_as_it_is_written),
		TEST(a_full_queue_refuses_and_tells_when_it_drained),
		TEST(a_cut_stream_is_seen_as_broken),
		TEST(a_client_that_leaves_while_it_waits_is_noticed),
		TEST(a_client_that_leaves_a_silent_stream_is_noticed),
		TEST(head_gets_headers_only),
		TEST(what_is_under_way_ends_with_the_server),
	};

	curl_global_init(CURL_GLOBAL_DEFAULT);
	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
