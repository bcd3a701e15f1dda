/* service.c - texts with two bytes of length before them, numbers big endian. */
#include "scan/service.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/text.h"

enum { FLAG_TLS_OPEN = 1, FLAG_OF_DISCOVERY = 2 };

/* As the product's texts are: nothing that moves a terminal's cursor, whoever wrote it. */
static void take_text(struct reader *r, char *out, size_t size)
{
	struct writer w = writer_over((uint8_t *)out, size - 1);
	size_t len;

	text_write_utf8(&w, reader_bytes(r, reader_be16(r)), size - 1);
	len = writer_used(&w);
	out[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		if ((uint8_t)out[i] < 0x20 || out[i] == 0x7f) {
			out[i] = ' ';
		}
	}
}

static void put_claims(struct writer *w, const struct device_claim *claims, uint8_t count)
{
	writer_u8(w, count);
	for (unsigned i = 0; i < count; i++) {
		text_write_field(w, claims[i].source);
		text_write_field(w, claims[i].family);
		text_write_field(w, claims[i].vendor);
		text_write_field(w, claims[i].product);
		text_write_field(w, claims[i].version);
		text_write_field(w, claims[i].type);
		writer_u8(w, (uint8_t)claims[i].certainty);
	}
}

static void take_claims(struct reader *r, struct device_claim *claims, uint8_t *out_count)
{
	uint8_t count = reader_u8(r);

	if (count > SERVICE_CLAIMS_MAX) {
		reader_fail(r);
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		take_text(r, claims[i].source, sizeof claims[i].source);
		take_text(r, claims[i].family, sizeof claims[i].family);
		take_text(r, claims[i].vendor, sizeof claims[i].vendor);
		take_text(r, claims[i].product, sizeof claims[i].product);
		take_text(r, claims[i].version, sizeof claims[i].version);
		take_text(r, claims[i].type, sizeof claims[i].type);
		claims[i].certainty = reader_u8(r);
	}
	*out_count = count;
}

void service_pack(const struct service *s, struct writer *out)
{
	writer_u8(out, s->outcome);
	writer_u8(out, s->layer);
	writer_u8(out, (uint8_t)((s->is_tls_open ? FLAG_TLS_OPEN : 0) |
				 (s->is_of_discovery ? FLAG_OF_DISCOVERY : 0)));
	text_write_field(out, s->protocol);
	text_write_field(out, s->alpn);
	text_write_field(out, s->found);
	text_write_field(out, s->gave_up);
	text_write_field(out, s->certificate_name);
	text_write_field(out, s->is.vendor);
	text_write_field(out, s->is.product);
	text_write_field(out, s->is.version);
	text_write_field(out, s->is.cpe);
	writer_u8(out, (uint8_t)s->is.certainty);
	text_write_field(out, s->description);
	writer_be32(out, s->connections);
	writer_be32(out, s->duration_ms);
	writer_be16(out, s->banner_len);
	writer_bytes(out, (struct span){ s->banner, s->banner_len });
	put_claims(out, s->systems, s->system_count);
	put_claims(out, s->hardware, s->hardware_count);
}

int service_unpack(struct span bytes, struct service *out)
{
	struct reader r = reader_over(bytes);
	struct service s = { .outcome = reader_u8(&r) };
	struct span banner;
	uint8_t flags;

	s.layer = reader_u8(&r);
	flags = reader_u8(&r);
	s.is_tls_open = (flags & FLAG_TLS_OPEN) != 0;
	s.is_of_discovery = (flags & FLAG_OF_DISCOVERY) != 0;
	take_text(&r, s.protocol, sizeof s.protocol);
	take_text(&r, s.alpn, sizeof s.alpn);
	take_text(&r, s.found, sizeof s.found);
	take_text(&r, s.gave_up, sizeof s.gave_up);
	take_text(&r, s.certificate_name, sizeof s.certificate_name);
	take_text(&r, s.is.vendor, sizeof s.is.vendor);
	take_text(&r, s.is.product, sizeof s.is.product);
	take_text(&r, s.is.version, sizeof s.is.version);
	take_text(&r, s.is.cpe, sizeof s.is.cpe);
	s.is.certainty = reader_u8(&r);
	take_text(&r, s.description, sizeof s.description);
	s.connections = reader_be32(&r);
	s.duration_ms = reader_be32(&r);
	banner = span_first(reader_bytes(&r, reader_be16(&r)), sizeof s.banner);
	mem_copy(s.banner, banner.ptr, banner.len);
	s.banner_len = (uint16_t)banner.len;
	take_claims(&r, s.systems, &s.system_count);
	take_claims(&r, s.hardware, &s.hardware_count);
	if (!reader_done(&r) || s.outcome > IDENTIFY_CLOSED || s.layer > SERVICE_STARTTLS ||
	    s.is.certainty > 100) {
		return ERR_MALFORMED;
	}
	*out = s;
	return 0;
}
