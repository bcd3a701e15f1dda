/* embedded.c - static files out of the program itself. */
#include "server/api/embedded.h"

#include <string.h>

#include "base/reader.h"
#include "server/api/call.h"

const struct embedded_file *embedded_find(struct span path)
{
	for (const struct embedded_file *f = embedded_files; f->path != NULL; f++) {
		if (span_is(path, f->path)) {
			return f;
		}
	}
	return NULL;
}

/* True where a comma-separated header holds the element; what is behind a semicolon is ignored,
 * but for a weight of zero. */
static bool has_element(const char *header, const char *element)
{
	struct reader r = reader_over(span_of(header));

	while (reader_left(&r) > 0) {
		struct span each = reader_until(&r, ',');
		struct span name = span_trim(span_first(each, span_find(each, ';')));
		struct span weight = span_trim(span_after(each, span_find(each, ';') + 1));

		if (span_starts_with(name, "W/")) {
			name = span_after(name, 2);
		}
		if (span_is(name, element)) {
			return !span_is(weight, "q=0");
		}
	}
	return false;
}

void embedded_answer(struct call *call, const struct embedded_file *file)
{
	const char *known = http_request_header(call->http, "If-None-Match");
	const char *encodings = http_request_header(call->http, "Accept-Encoding");
	bool is_gzip = encodings != NULL && file->gzip.len > 0 && has_element(encodings, "gzip");
	bool is_known = known != NULL && has_element(known, file->etag);

	http_answer(call->http, &(struct http_answer){
					.status = is_known ? 304 : 200,
					.content_type = is_known ? NULL : file->content_type,
					.headers = { { "Cache-Control", "no-cache" },
						     { "ETag", file->etag },
						     { "Vary", "Accept-Encoding" },
						     { "Content-Encoding",
						       is_gzip && !is_known ? "gzip" : NULL } },
					.static_body = is_known  ? (struct span){ 0 }
						       : is_gzip ? file->gzip
								 : file->plain,
				});
}
