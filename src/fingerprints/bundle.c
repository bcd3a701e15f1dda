#include "fingerprints/bundle.h"

#include "base/error.h"
#include "base/reader.h"
#include "base/sha256.h"
#include "base/writer.h"

static const char magic[] = "bartizan fingerprints 1\n";

bool bundle_is(struct span bytes)
{
	return span_starts_with(bytes, magic);
}

void bundle_begin(struct buffer *b)
{
	buffer_init(b, BUNDLE_SIZE_MAX);
	(void)!buffer_append(b, span_of(magic));
}

static int add_part(struct buffer *b, struct span bytes)
{
	uint8_t head[4];
	struct writer w = writer_over(head, sizeof head);
	int error;

	if (bytes.len > BUNDLE_SIZE_MAX) {
		return ERR_FULL;
	}
	writer_be32(&w, (uint32_t)bytes.len);
	error = buffer_append(b, writer_span(&w));
	return error != 0 ? error : buffer_append(b, bytes);
}

int bundle_add(struct buffer *b, struct span name, struct span xml)
{
	int error = add_part(b, name);

	return error != 0 ? error : add_part(b, xml);
}

int bundle_end(struct buffer *b)
{
	uint8_t hash[SHA256_SIZE];

	sha256_of(buffer_span(b), hash);
	return buffer_append(b, (struct span){ hash, sizeof hash });
}

static bool is_whole(struct span bytes)
{
	uint8_t hash[SHA256_SIZE];
	size_t len = bytes.len - SHA256_SIZE;

	if (bytes.len < SHA256_SIZE || !bundle_is(bytes)) {
		return false;
	}
	sha256_of(span_first(bytes, len), hash);
	return span_equal(span_after(bytes, len), (struct span){ hash, sizeof hash });
}

int bundle_each(struct span bytes, bundle_document *each, void *context, struct why *why)
{
	struct reader r;
	int error = 0;

	if (!is_whole(bytes)) {
		return why_set(why, ERR_MALFORMED, "the file of fingerprints is broken or cut off");
	}
	r = reader_over(span_first(bytes, bytes.len - SHA256_SIZE));
	(void)reader_bytes(&r, sizeof magic - 1);
	while (error == 0 && reader_left(&r) > 0) {
		struct span name = reader_bytes(&r, reader_be32(&r));
		struct span xml = reader_bytes(&r, reader_be32(&r));

		error = reader_ok(&r) ? each(context, name, xml, why)
				      : why_set(why, ERR_MALFORMED,
						"the file of fingerprints has lengths that lie");
	}
	return error;
}
