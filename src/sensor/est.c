/* est.c - RFC 7030 sections 4.2.1 to 4.2.3, base64 in both directions. */
#include "sensor/est.h"

#include <stdio.h>

#include "base/error.h"
#include "base/text.h"
#include "formats/http_head.h"
#include "sys/pki.h"

#define BODY_MAX  16384
#define WORDS_MAX 300

static int append_text(struct buffer *out, const char *text)
{
	return buffer_append(out, span_of(text));
}

/* Authorization: Basic, user "enroll" (RFC 7617). */
static int append_credentials(const char *token, struct buffer *out, struct why *why)
{
	struct buffer pair OWNED(buffer_done);
	int error;

	buffer_init(&pair, BODY_MAX);
	error = append_text(&pair, "enroll:");
	if (error == 0) {
		error = append_text(&pair, token);
	}
	if (error == 0) {
		error = append_text(out, "Authorization: Basic ");
	}
	if (error == 0) {
		error = pki_base64(buffer_span(&pair), out, why);
	}
	return error == 0 ? append_text(out, "\r\n") : error;
}

int est_request(enum est_kind kind, const char *host, const char *token, struct span request_der,
		struct buffer *out, struct why *why)
{
	struct buffer body OWNED(buffer_done);
	char head[1024];
	int error;

	buffer_init(&body, BODY_MAX);
	error = pki_base64(request_der, &body, why);
	if (error != 0) {
		return error;
	}
	snprintf(head, sizeof head,
		 "POST /.well-known/est/%s HTTP/1.1\r\n"
		 "Host: %s\r\n"
		 "Content-Type: application/pkcs10\r\n"
		 "Content-Transfer-Encoding: base64\r\n"
		 "Content-Length: %zu\r\n"
		 "Connection: close\r\n",
		 kind == EST_RENEW ? "simplereenroll" : "simpleenroll", host, body.len);
	error = append_text(out, head);
	if (error == 0 && kind == EST_ENROL) {
		error = append_credentials(token, out, why);
	}
	if (error == 0) {
		error = append_text(out, "\r\n");
	}
	return error == 0 ? buffer_append(out, buffer_span(&body)) : error;
}

/* What the server says for people, as far as it can be shown. */
static int refuse(const struct http_head *head, struct span body, struct why *why)
{
	uint8_t words[2 * WORDS_MAX];
	struct writer w = writer_over(words, sizeof words);
	bool is_ours = head->status >= 400 && head->status < 500 && head->status != 429;

	text_write_escaped(&w, span_first(span_trim(body), WORDS_MAX / 4));
	return why_set(why, is_ours ? ERR_DENIED : ERR_TIMEOUT, "status %u: %.*s", head->status,
		       (int)writer_used(&w), (const char *)words);
}

int est_answer(struct span bytes, bool is_end, struct buffer *out_der, struct why *why)
{
	struct http_head head;
	struct span body;
	int error = http_head_parse_response(bytes, &head);

	if (error == ERR_AGAIN && is_end) {
		return why_set(why, ERR_CLOSED,
			       "the server closed the connection without an answer");
	}
	if (error != 0) {
		return error == ERR_AGAIN ? error : why_set(why, error, "the answer is no HTTP");
	}
	body = span_after(bytes, head.length);
	if (head.has_content_length && body.len < head.content_length && !is_end) {
		return head.content_length > EST_ANSWER_MAX
			       ? why_set(why, ERR_LIMIT, "the answer is too long")
			       : ERR_AGAIN;
	}
	if (!head.has_content_length && !is_end) {
		return ERR_AGAIN; /* it ends with the connection */
	}
	if (head.has_content_length) {
		body = span_first(body, (size_t)head.content_length);
	}
	if (head.status != 200) {
		return refuse(&head, body, why);
	}
	return pki_certs_only_first(body, out_der, why);
}
