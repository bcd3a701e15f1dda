/* hsts.c - directives are separated by semicolons, in any order and case (RFC 6797, 6.1). */
#include "scan/tls/hsts.h"

#include <stdio.h>

#include "base/text.h"
#include "formats/http_head.h"

bool hsts_is_whole(struct span head)
{
	for (size_t i = 3; i < head.len; i++) {
		if (span_equal(span_first(span_after(head, i - 3), 4), span_of("\r\n\r\n"))) {
			return true;
		}
	}
	return false;
}

static struct span unquoted(struct span value)
{
	if (value.len >= 2 && value.ptr[0] == '"' && value.ptr[value.len - 1] == '"') {
		return span_first(span_after(value, 1), value.len - 2);
	}
	return value;
}

static void take_directive(struct span directive, struct tls_http *out)
{
	size_t equals = span_find(directive, '=');
	struct span name = span_trim(span_first(directive, equals));
	struct span value = unquoted(span_trim(span_after(directive, equals + 1)));
	uint64_t seconds;

	if (http_head_name_is(name, "max-age") &&
	    text_to_u64(value, UINT32_MAX * (uint64_t)1000, &seconds) == 0) {
		out->hsts = seconds > 0 ? TLS_YES : TLS_NO; /* 0 takes it back */
		out->max_age_s = seconds;
	} else if (http_head_name_is(name, "includeSubDomains")) {
		out->includes_subdomains = true;
	} else if (http_head_name_is(name, "preload")) {
		out->is_preload = true;
	}
}

static void take_directives(struct span value, struct tls_http *out)
{
	while (value.len > 0) {
		size_t end = span_find(value, ';');

		take_directive(span_first(value, end), out);
		value = span_after(value, end + 1);
	}
}

void hsts_parse(struct span head, struct tls_http *out)
{
	struct http_head parsed;
	struct reader headers;
	struct http_header header;
	struct span value;

	if (http_head_parse_response(head, &parsed) != 0) {
		out->answered = head.len > 0 ? TLS_NO : TLS_UNKNOWN;
		return;
	}
	headers = reader_over(parsed.headers);
	out->answered = TLS_YES;
	out->status = parsed.status;
	out->hsts = TLS_NO;
	if (http_head_find(&parsed, "Server", &value) == 0) {
		(void)snprintf(out->server, sizeof out->server, "%.*s",
			       (int)(value.len < 127 ? value.len : 127), (const char *)value.ptr);
	}
	/* only the first counts (RFC 6797, 8.1) */
	while (http_head_next(&headers, &header)) {
		if (http_head_name_is(header.name, "Strict-Transport-Security")) {
			take_directives(header.value, out);
			break;
		}
	}
}
