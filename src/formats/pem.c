/* pem.c - RFC 7468, with the laxness that section 3 asks of parsers: anything may
 * stand around blocks, and blanks within. */
#include "formats/pem.h"

#include "base/error.h"
#include "formats/base64.h"

struct pem_iterator pem_over(struct span file)
{
	return (struct pem_iterator){ .rest = reader_over(file) };
}

/* The label of a line "-----BEGIN label-----"; false for another line. */
static bool boundary(struct span line, const char *prefix, struct span *label)
{
	struct span trimmed = span_trim(line);
	struct span after = span_after(trimmed, span_of(prefix).len);

	if (!span_starts_with(trimmed, prefix) || !span_ends_with(after, "-----")) {
		return false;
	}
	*label = span_first(after, after.len - span_of("-----").len);
	return true;
}

/* Reads up to the END line of a label. False where there is none: the reader
 * is then at the line that does not belong there, or at the end. */
static bool take_body(struct reader *r, struct span label, struct span *body)
{
	struct reader start = *r;
	size_t before = reader_left(r);

	while (reader_left(r) > 0) {
		struct reader line_start = *r;
		struct span line = reader_line(r);
		struct span other;

		if (boundary(line, "-----END ", &other)) {
			*body = reader_bytes(&start, before - reader_left(&line_start));
			return span_equal(other, label);
		}
		if (boundary(line, "-----BEGIN ", &other)) {
			*r = line_start;
			return false;
		}
	}
	return false;
}

bool pem_next(struct pem_iterator *it, struct pem_block *out)
{
	while (reader_left(&it->rest) > 0) {
		struct pem_block block;

		if (!boundary(reader_line(&it->rest), "-----BEGIN ", &block.label)) {
			continue;
		}
		if (take_body(&it->rest, block.label, &block.base64)) {
			*out = block;
			return true;
		}
		it->malformed++;
	}
	return false;
}

int pem_decode(const struct pem_block *block, uint8_t *buffer, size_t capacity, struct span *out)
{
	struct writer w = writer_over(buffer, capacity);
	int error;

	if (span_find(block->base64, ':') < block->base64.len) {
		return ERR_UNSUPPORTED; /* headers of RFC 1421 */
	}
	error = base64_decode(block->base64, BASE64_WHITESPACE, &w);
	if (error == 0) {
		*out = writer_span(&w);
	}
	return error;
}
