/* est_request.c - HTTP/1.1 as EST uses it. */
#include "server/ingest/est_request.h"

#include "base/error.h"
#include "formats/base64.h"

static const struct endpoint {
	const char *path;
	const char *method;
	enum est_operation operation;
	const char *wrong_method;
} endpoints[] = {
	{ "/.well-known/est/cacerts", "GET", EST_CACERTS, "cacerts is read with GET" },
	{ "/.well-known/est/simpleenroll", "POST", EST_ENROL, "simpleenroll takes POST" },
	{ "/.well-known/est/simplereenroll", "POST", EST_REENROL, "simplereenroll takes POST" },
};

static int refuse(struct est_refusal *refusal, unsigned status, const char *text)
{
	*refusal = (struct est_refusal){ status, text };
	return ERR_DENIED;
}

static int find_operation(const struct http_head *head, enum est_operation *out,
			  struct est_refusal *refusal)
{
	for (size_t i = 0; i < COUNT_OF(endpoints); i++) {
		if (!span_is(head->target, endpoints[i].path)) {
			continue;
		}
		if (!span_is(head->method, endpoints[i].method)) {
			return refuse(refusal, 405, endpoints[i].wrong_method);
		}
		*out = endpoints[i].operation;
		return 0;
	}
	return refuse(refusal, 404,
		      "here are /.well-known/est/cacerts, simpleenroll and simplereenroll only");
}

/* RFC 7030 3.2.3: Basic, whose password is the token; whoever brings none is told so with 401,
 * unless a certificate says who it is. */
static int take_token(const struct http_head *head, bool is_known, struct est_request *out,
		      struct est_refusal *refusal)
{
	struct http_credentials credentials;
	struct span authorization;
	int error = http_head_find(head, "Authorization", &authorization);

	if (error == ERR_NOT_FOUND && is_known) {
		return 0;
	}
	if (error == ERR_NOT_FOUND) {
		return refuse(refusal, 401,
			      "give the enrolment token as the password of HTTP Basic");
	}
	if (error == 0) {
		error = http_head_basic(authorization, out->token_room, sizeof out->token_room,
					&credentials);
	}
	if (error != 0 || credentials.password.len == 0) {
		return refuse(refusal, 401,
			      "the Authorization header is not HTTP Basic with the enrolment token "
			      "as its password");
	}
	out->token = credentials.password;
	return 0;
}

/* RFC 7030 4.2.1, RFC 8951 3.1: base64 whatever Content-Transfer-Encoding says, with or without
 * line breaks. */
static int take_body(struct span bytes, const struct http_head *head, struct est_request *out,
		     struct est_refusal *refusal)
{
	struct writer der = writer_over(out->request_room, sizeof out->request_room);
	struct span type;
	struct span body;

	if (!head->has_content_length) {
		return refuse(refusal, 411, "the request needs a Content-Length");
	}
	if (head->content_length > EST_BODY_MAX) {
		return refuse(refusal, 413, "a certificate request has at most 16384 bytes here");
	}
	if (http_head_find(head, "Content-Type", &type) == 0 &&
	    !span_starts_with(type, "application/pkcs10")) {
		return refuse(refusal, 400, "the body must be application/pkcs10");
	}
	body = span_after(bytes, head->length);
	if (body.len < head->content_length) {
		return ERR_AGAIN;
	}
	body = span_first(body, (size_t)head->content_length);
	if (base64_decode(body, BASE64_WHITESPACE, &der) != 0 || writer_used(&der) == 0) {
		return refuse(refusal, 400, "the body must be a certificate request in base64");
	}
	out->request = writer_span(&der);
	return 0;
}

int est_request_parse(struct span bytes, bool is_known, struct est_request *out,
		      struct est_refusal *refusal)
{
	struct http_head head;
	int error = http_head_parse_request(bytes, &head);

	if (error == ERR_AGAIN) {
		return ERR_AGAIN;
	}
	if (error == ERR_LIMIT) {
		return refuse(refusal, 431, "the request's head is too large");
	}
	if (error != 0) {
		return refuse(refusal, 400,
			      "this is not an HTTP/1.1 request that is understood here");
	}
	out->token = (struct span){ 0 };
	out->request = (struct span){ 0 };
	error = find_operation(&head, &out->operation, refusal);
	if (error == 0 && out->operation == EST_ENROL) {
		error = take_token(&head, is_known, out, refusal);
	}
	if (error == 0 && out->operation != EST_CACERTS) {
		error = take_body(bytes, &head, out, refusal);
	}
	return error;
}

static const char *phrase_of(unsigned status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 408:
		return "Request Timeout";
	case 411:
		return "Length Required";
	case 413:
		return "Content Too Large";
	case 431:
		return "Request Header Fields Too Large";
	case 503:
		return "Service Unavailable";
	default:
		return "Error";
	}
}

static void write_end_of_head(struct writer *out, size_t body_size)
{
	writer_text(out, "Content-Length: ");
	writer_decimal(out, body_size);
	writer_text(out, "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");
}

void est_write_refusal(struct writer *out, const struct est_refusal *refusal)
{
	struct span text = span_of(refusal->text);

	writer_text(out, "HTTP/1.1 ");
	writer_decimal(out, refusal->status);
	writer_text(out, " ");
	writer_text(out, phrase_of(refusal->status));
	writer_text(out, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
	if (refusal->status == 401) {
		writer_text(out, "WWW-Authenticate: Basic realm=\"bartizan\"\r\n");
	} else if (refusal->status == 405) {
		writer_text(out, "Allow: GET, POST\r\n");
	} else if (refusal->status == 503) {
		writer_text(out, "Retry-After: 5\r\n");
	}
	write_end_of_head(out, text.len + 1);
	writer_bytes(out, text);
	writer_text(out, "\n");
}

void est_write_certificates(struct writer *out, struct span base64)
{
	writer_text(out, "HTTP/1.1 200 OK\r\n"
			 "Content-Type: application/pkcs7-mime; smime-type=certs-only\r\n"
			 "Content-Transfer-Encoding: base64\r\n");
	write_end_of_head(out, base64.len);
	writer_bytes(out, base64);
}
