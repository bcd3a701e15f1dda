/* url.c - splitting and decoding request targets. */
#include "server/api/url.h"

#include <string.h>

#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "base/writer.h"

int url_parse(struct span target, struct url *out)
{
	struct span path = span_first(target, span_find(target, '?'));
	struct span query = span_after(target, path.len + 1);
	struct span rest = query;
	struct span name;
	struct span value;

	if (target.len > URL_TARGET_MAX) {
		return ERR_LIMIT;
	}
	if (!span_starts_with(path, "/")) {
		return ERR_MALFORMED;
	}
	for (unsigned count = 0; url_next_param(&rest, &name, &value); count++) {
		if (count == URL_PARAMS_MAX) {
			return ERR_LIMIT;
		}
	}
	*out = (struct url){ .path = path, .query = query };
	return 0;
}

bool url_next_segment(struct span *rest, struct span *out)
{
	struct span behind_slash;

	if (!span_starts_with(*rest, "/")) {
		return false;
	}
	behind_slash = span_after(*rest, 1);
	*out = span_first(behind_slash, span_find(behind_slash, '/'));
	*rest = span_after(behind_slash, out->len);
	return true;
}

bool url_next_param(struct span *rest, struct span *out_name, struct span *out_value)
{
	struct reader r = reader_over(*rest);

	while (reader_left(&r) > 0) {
		struct span pair = reader_until(&r, '&');

		if (pair.len > 0) {
			*out_name = span_first(pair, span_find(pair, '='));
			*out_value = span_after(pair, out_name->len + 1);
			*rest = reader_rest(&r);
			return true;
		}
	}
	*rest = reader_rest(&r);
	return false;
}

int url_decode(struct span encoded, bool is_query, char *out, size_t out_size)
{
	char decoded[URL_TARGET_MAX + 1];
	struct writer w = writer_over((uint8_t *)decoded, URL_TARGET_MAX);
	struct reader r = reader_over(encoded);

	while (reader_left(&r) > 0) {
		uint8_t byte = reader_u8(&r);

		if (byte == '+' && is_query) {
			byte = ' ';
		} else if (byte == '%' && text_from_hex(reader_bytes(&r, 2), &byte, 1) != 0) {
			return ERR_MALFORMED;
		}
		if (byte < 0x20 || byte == 0x7f) {
			return ERR_MALFORMED;
		}
		writer_u8(&w, byte);
	}
	if (!writer_ok(&w) || writer_used(&w) >= out_size) {
		return ERR_LIMIT;
	}
	if (!text_is_utf8(writer_span(&w))) {
		return ERR_MALFORMED;
	}
	memcpy(out, decoded, writer_used(&w));
	out[writer_used(&w)] = '\0';
	return 0;
}

int url_param(struct span query, const char *name, char *out, size_t out_size)
{
	struct span rest = query;
	struct span each_name;
	struct span each_value;
	struct span found = { 0 };
	unsigned count = 0;

	while (url_next_param(&rest, &each_name, &each_value)) {
		if (span_is(each_name, name)) {
			found = each_value;
			count++;
		}
	}
	if (count == 0) {
		return ERR_NOT_FOUND;
	}
	if (count > 1) {
		return ERR_CONFLICT;
	}
	return url_decode(found, true, out, out_size);
}
