/* listing_service.c - strangers' texts: mended to UTF-8 here, escaped by the sheet. */
#include "cli/scan/listing_service.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define BANNER_SHOWN 48 /* bytes, on a terminal */

static const char *tls_text(const struct service *s)
{
	return s->layer == SERVICE_TLS ? "tls" : s->layer == SERVICE_STARTTLS ? "starttls" : "";
}

static const char *protocol_text(const struct service *s)
{
	return s->outcome == IDENTIFY_KNOWN
		       ? s->protocol
		       : identify_outcome_text((enum identify_outcome)s->outcome);
}

void listing_service_cells(struct sheet *sheet, const struct service *s)
{
	const char *cells[] = { "", "", "", "" };

	if (s != NULL) {
		cells[0] = protocol_text(s);
		cells[1] = tls_text(s);
		cells[2] = s->is.product;
		cells[3] = s->is.version;
	}
	for (size_t i = 0; i < COUNT_OF(cells); i++) {
		sheet_text(sheet, span_of(cells[i]));
	}
}

void listing_service_more_cells(struct sheet *sheet, const struct service *s)
{
	char certainty[16] = "";

	if (s != NULL && s->is.certainty > 0) {
		snprintf(certainty, sizeof certainty, "%u", s->is.certainty);
	}
	sheet_text(sheet, span_of(s != NULL ? s->is.cpe : ""));
	sheet_text(sheet, span_of(certainty));
	sheet_text(sheet, span_of(s != NULL ? s->certificate_name : ""));
}

/* As UTF-8; binary protocols' banners become what can be read of them. */
static struct span banner_text(const struct service *s, uint8_t *room, size_t size)
{
	struct writer w = writer_over(room, size);

	text_write_utf8(&w, span_trim((struct span){ s->banner, s->banner_len }), size);
	return writer_span(&w);
}

static bool is_control(uint8_t byte)
{
	return byte < 0x20 || byte == 0x7f;
}

/* Its first line, where that is text. */
static struct span first_line(struct span text)
{
	text = span_first(text, span_find(text, '\n'));
	text = span_trim(span_first(text, span_find(text, '\r')));
	for (size_t i = 0; i < text.len; i++) {
		if (is_control(text.ptr[i])) {
			return (struct span){ NULL, 0 };
		}
	}
	return text;
}

void listing_banner_cell(struct sheet *sheet, const struct service *s, bool is_short)
{
	uint8_t room[4 * SERVICE_BANNER_MAX];
	uint8_t cell[4 * SERVICE_BANNER_MAX];
	struct writer w = writer_over(cell, sizeof cell);
	struct span text = { NULL, 0 };

	if (s != NULL) {
		text = is_short ? first_line((struct span){ s->banner, s->banner_len })
				: banner_text(s, room, sizeof room);
	}
	text_write_utf8(&w, text, is_short ? BANNER_SHOWN : sizeof cell);
	for (size_t i = 0; i < writer_used(&w); i++) {
		cell[i] = is_control(cell[i]) ? ' ' : cell[i];
	}
	sheet_text(sheet, writer_span(&w));
}

void listing_guess_text(const struct device_part *part, char out[LISTING_GUESS_SIZE])
{
	const struct device_claim *is = &part->is;
	const char *words[] = { is->family, strcmp(is->vendor, is->family) != 0 ? is->vendor : "",
				strcmp(is->product, is->family) != 0 ? is->product : "",
				is->version };
	size_t used = 0;

	out[0] = '\0';
	if (is->certainty == 0) {
		return;
	}
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (words[i][0] != '\0' && used < LISTING_GUESS_SIZE) {
			used += (size_t)snprintf(out + used, LISTING_GUESS_SIZE - used, "%s%s",
						 used > 0 ? " " : "", words[i]);
		}
	}
	if (used < LISTING_GUESS_SIZE) {
		snprintf(out + used, LISTING_GUESS_SIZE - used, " (%u %%)", is->certainty);
	}
}

static void set_text(json_t *object, const char *name, const char *text)
{
	if (text[0] != '\0') {
		json_object_set_new(object, name, json_string(text));
	}
}

json_t *listing_guess_json(const struct device_part *part)
{
	json_t *o;

	if (part->is.certainty == 0) {
		return NULL;
	}
	o = json_object();
	set_text(o, "family", part->is.family);
	set_text(o, "vendor", part->is.vendor);
	set_text(o, "product", part->is.product);
	set_text(o, "version", part->is.version);
	set_text(o, "type", part->is.type);
	set_text(o, "or", part->is.also != NULL ? part->is.also : "");
	json_object_set_new(o, "confidence", json_integer((json_int_t)part->is.certainty));
	set_text(o, "why", part->why);
	return o;
}

json_t *listing_service_json(const struct service *s)
{
	uint8_t room[4 * SERVICE_BANNER_MAX];
	struct span banner = banner_text(s, room, sizeof room);
	json_t *o = json_object();

	json_object_set_new(o, "outcome",
			    json_string(identify_outcome_text((enum identify_outcome)s->outcome)));
	set_text(o, "protocol", s->protocol);
	set_text(o, "tls", tls_text(s));
	if (s->layer != SERVICE_PLAIN) {
		json_object_set_new(o, "tls_open", json_boolean(s->is_tls_open));
	}
	set_text(o, "alpn", s->alpn);
	set_text(o, "certificate_name", s->certificate_name);
	set_text(o, "vendor", s->is.vendor);
	set_text(o, "product", s->is.product);
	set_text(o, "version", s->is.version);
	set_text(o, "cpe", s->is.cpe);
	if (s->is.certainty > 0) {
		json_object_set_new(o, "certainty", json_integer((json_int_t)s->is.certainty));
	}
	set_text(o, "description", s->description);
	set_text(o, "found", s->found);
	set_text(o, "gave_up", s->gave_up);
	if (banner.len > 0) {
		json_object_set_new(o, "banner",
				    json_stringn((const char *)banner.ptr, banner.len));
	}
	json_object_set_new(o, "connections", json_integer((json_int_t)s->connections));
	json_object_set_new(o, "duration_ms", json_integer((json_int_t)s->duration_ms));
	return o;
}
