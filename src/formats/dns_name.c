/* dns_name.c - labels, and pointers to what came before. */
#include "formats/dns_name.h"

#define LABELS_MAX 64
#define JUMPS_MAX  8
#define POINTER    0xc0

void dns_name_skip(struct reader *r)
{
	for (unsigned i = 0; i < LABELS_MAX; i++) {
		uint8_t len = reader_u8(r);

		if (len == 0) {
			return;
		}
		if (len >= POINTER) {
			(void)reader_u8(r);
			return;
		}
		(void)reader_bytes(r, len);
	}
	reader_fail(r);
}

/* The next label; empty at the end of the name, and where it is not well-formed. */
static struct span next_label(struct span message, struct reader *r, unsigned *jumps)
{
	uint8_t len = reader_u8(r);

	while (len >= POINTER && (*jumps)++ < JUMPS_MAX) {
		size_t at = (size_t)(len & 0x3f) << 8 | reader_u8(r);

		*r = reader_over(span_after(message, at < message.len ? at : message.len));
		len = reader_u8(r);
	}
	if (len >= POINTER) {
		reader_fail(r);
		len = 0;
	}
	return reader_bytes(r, len);
}

bool dns_name_write(struct span message, struct reader r, struct writer *out)
{
	size_t mark = writer_used(out);
	unsigned jumps = 0;

	for (unsigned i = 0; i < LABELS_MAX; i++) {
		struct span label = next_label(message, &r, &jumps);

		if (label.len == 0 && reader_ok(&r) && i > 0 &&
		    writer_used(out) - mark <= DNS_NAME_TEXT_MAX && writer_ok(out)) {
			return true;
		}
		if (label.len == 0 || !reader_ok(&r)) {
			break;
		}
		if (i > 0) {
			writer_u8(out, '.');
		}
		writer_bytes(out, label);
	}
	writer_rewind(out, mark);
	return false;
}
