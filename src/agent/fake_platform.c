/* fake_platform.c - what ingest does, without its care. */
#include "agent/fake_platform.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "formats/http_head.h"
#include "sys/pki.h"

#define PEM_MAX 65536

/* A test's helper has nobody to report to. */
static void must(int error, const struct why *why)
{
	if (error != 0) {
		fprintf(stderr, "fake platform: %s: %s\n", error_text(error),
			why != NULL ? why->text : "");
		abort();
	}
}

static void on_say(void *context, struct span frame)
{
	struct fake_platform *s = context;
	uint8_t length[4];
	struct writer w = writer_over(length, sizeof length);

	writer_be32(&w, (uint32_t)frame.len);
	must(tls_send(s->speaker->stream, writer_span(&w)), NULL);
	must(tls_send(s->speaker->stream, frame), NULL);
}

static void on_opened(void *context)
{
	struct guest *g = context;

	g->is_session = strcmp(tls_protocol(g->stream), MESSAGE_ALPN) == 0;
	if (g->is_session) {
		assert(tls_peer_certificate(g->stream).len > 0);
		g->platform->speaker = g;
		g->platform->sessions++;
		fake_server_reconnect(&g->platform->server);
	}
}

static void answer(struct guest *g, const char *status, struct span body)
{
	char head[256];

	snprintf(head, sizeof head,
		 "HTTP/1.1 %s\r\nContent-Type: application/pkcs7-mime\r\nContent-Length: "
		 "%zu\r\n\r\n",
		 status, body.len);
	must(tls_send(g->stream, span_of(head)), NULL);
	must(tls_send(g->stream, body), NULL);
	tls_close(g->stream);
}

static void sign(struct guest *g, struct span body)
{
	struct fake_platform *s = g->platform;
	struct pki_profile profile = { .common_name = "0123456789abcdef",
				       .organization = "default",
				       .lifetime_s = s->lifetime_s };
	struct buffer request;
	struct buffer der;
	struct buffer answer_body;
	struct span list[1];
	struct why why;

	buffer_init(&request, PEM_MAX);
	buffer_init(&der, PEM_MAX);
	buffer_init(&answer_body, PEM_MAX);
	must(pki_base64_decode(body, &request, &why), &why);
	must(pki_sign(buffer_span(&s->ca), buffer_span(&s->ca_key), buffer_span(&request), &profile,
		      &der, &why),
	     &why);
	list[0] = buffer_span(&der);
	must(pki_certs_only(list, 1, &answer_body, &why), &why);
	answer(g, "200 OK", buffer_span(&answer_body));
	buffer_done(&request);
	buffer_done(&der);
	buffer_done(&answer_body);
}

static bool has_token(const struct http_head *head)
{
	struct http_credentials credentials;
	uint8_t text[256];
	struct span value;

	return http_head_find(head, "Authorization", &value) == 0 &&
	       http_head_basic(value, text, sizeof text, &credentials) == 0 &&
	       span_is(credentials.user, "enroll") &&
	       span_is(credentials.password, FAKE_PLATFORM_TOKEN);
}

static void on_http(struct guest *g, const struct http_head *head, struct span body)
{
	bool is_first = span_is(head->target, "/.well-known/est/simpleenroll");
	struct span value;
	bool is_clone = is_first && tls_peer_certificate(g->stream).len > 0 &&
			http_head_find(head, "Authorization", &value) != 0;

	if (is_clone) {
		g->platform->clones++;
		sign(g, body);
		return;
	}
	if (is_first ? !has_token(head) : tls_peer_certificate(g->stream).len == 0) {
		answer(g, "401 Unauthorized", span_of("this token is not known"));
		return;
	}
	g->platform->enrolments += is_first;
	g->platform->renewals += !is_first;
	sign(g, body);
}

static size_t on_received(void *context, struct span bytes)
{
	struct guest *g = context;
	struct http_head head;
	struct span frame;
	size_t taken = 0;
	size_t size;

	if (g->is_session) {
		while (frame_next(span_after(bytes, taken), &frame, &size) == 0) {
			g->platform->speaker = g;
			fake_server_receive(&g->platform->server, frame);
			taken += size;
		}
		return taken;
	}
	if (http_head_parse_request(bytes, &head) != 0 ||
	    bytes.len < head.length + head.content_length) {
		return 0;
	}
	on_http(g, &head, span_after(bytes, head.length));
	return bytes.len;
}

static void on_closed(void *context, int error, const char *reason)
{
	struct guest *g = context;

	(void)error;
	(void)reason;
	tls_stream_free(&g->stream);
}

static void on_guest(void *context, unsigned events)
{
	static const struct tls_handler handler = { .opened = on_opened,
						    .received = on_received,
						    .closed = on_closed };
	static const struct tls_limits limits = { .receive_max = 2u << 20,
						  .send_max = 4u << 20,
						  .handshake_ms = 10000 };
	struct fake_platform *s = context;
	struct guest *g = &s->guests[s->guest_count];
	struct net_address peer;
	int fd;

	(void)events;
	assert(s->guest_count < FAKE_PLATFORM_GUESTS);
	if (net_accept(s->listen_fd, &fd, &peer) == 0) {
		s->guest_count++;
		g->platform = s;
		g->stream = tls_stream_new(s->loop, s->context, fd, &limits, &handler, g);
	}
}

void fake_platform_open(struct fake_platform *s)
{
	static const char *const names[] = { PKI_SERVER_NAME, NULL };
	static const char *const alpn[] = { MESSAGE_ALPN, "http/1.1", NULL };
	const struct pki_profile profile = {
		.common_name = "server", .dns_names = names, .is_server = true, .lifetime_s = 3600
	};
	struct buffer key;
	struct buffer request;
	struct buffer der;
	struct buffer pem;
	struct tls_config config = { .is_server = true,
				     .alpn = alpn,
				     .is_client_certificate_asked = true };
	struct net_address address;
	struct net_address bound;
	struct why why;

	buffer_init(&s->ca_key, PEM_MAX);
	buffer_init(&s->ca, PEM_MAX);
	buffer_init(&key, PEM_MAX);
	buffer_init(&request, PEM_MAX);
	buffer_init(&der, PEM_MAX);
	buffer_init(&pem, PEM_MAX);
	must(pki_key_new(&s->ca_key, &why), &why);
	must(pki_ca_new(buffer_span(&s->ca_key), "test CA", 10, &s->ca, &why), &why);
	must(pki_key_new(&key, &why), &why);
	must(pki_request_new(buffer_span(&key), "server", &request, &why), &why);
	must(pki_sign(buffer_span(&s->ca), buffer_span(&s->ca_key), buffer_span(&request), &profile,
		      &der, &why),
	     &why);
	must(pki_der_to_pem(buffer_span(&der), &pem, &why), &why);
	config.ca_pem = buffer_span(&s->ca);
	config.certificate_pem = buffer_span(&pem);
	config.key_pem = buffer_span(&key);
	must(tls_context_new(&config, &s->context, &why), &why);
	must(net_address_parse(span_of("127.0.0.1:0"), &address, &why), &why);
	must(net_listen(&address, &s->listen_fd, &bound, &why), &why);
	net_address_text(&bound, s->address);
	s->loop = loop_new();
	s->watch = loop_watch(s->loop, s->listen_fd, LOOP_READ, on_guest, s);
	s->lifetime_s = 3600;
	fake_server_init(&s->server, on_say, s);
	buffer_done(&key);
	buffer_done(&request);
	buffer_done(&der);
	buffer_done(&pem);
}

void fake_platform_close(struct fake_platform *s)
{
	for (size_t i = 0; i < s->guest_count; i++) {
		tls_stream_free(&s->guests[i].stream);
	}
	loop_unwatch(&s->watch);
	close(s->listen_fd);
	tls_context_free(&s->context);
	fake_server_done(&s->server);
	loop_free(&s->loop);
	buffer_done(&s->ca_key);
	buffer_done(&s->ca);
}
