/* facts.c - texts of a service, in fixed memory. */
#include "scan/identify/facts.h"

#include "base/mem.h"
#include "base/writer.h"

void facts_add_raw(struct service_facts *f, const char *kind, struct span bytes)
{
	bytes = span_first(bytes, SERVICE_FACT_TEXT_MAX);
	if (bytes.len == 0) {
		return;
	}
	for (size_t i = 0; i < f->count; i++) {
		if (span_is(span_of(f->facts[i].kind), kind) &&
		    span_equal(facts_text(f, i), bytes)) {
			return;
		}
	}
	if (f->count == SERVICE_FACTS_MAX || bytes.len > sizeof f->text - f->text_used) {
		f->is_full = true;
		return;
	}
	f->facts[f->count++] = (struct service_fact){ .kind = kind,
						      .at = f->text_used,
						      .len = (uint16_t)bytes.len };
	mem_copy(f->text + f->text_used, bytes.ptr, bytes.len);
	f->text_used = (uint16_t)(f->text_used + bytes.len);
}

void facts_add(struct service_facts *f, const char *kind, struct span text)
{
	facts_add_raw(f, kind, span_trim(text));
}

void facts_add_text(struct service_facts *f, const char *kind, const char *text)
{
	facts_add(f, kind, span_of(text));
}

void facts_add_version(struct service_facts *f, const char *kind, const unsigned *numbers,
		       size_t count)
{
	uint8_t text[64];
	struct writer w = writer_over(text, sizeof text);

	for (size_t i = 0; i < count && i < 4; i++) {
		if (i > 0) {
			writer_u8(&w, '.');
		}
		writer_decimal(&w, numbers[i]);
	}
	facts_add(f, kind, writer_span(&w));
}

struct span facts_text(const struct service_facts *f, size_t index)
{
	if (index >= f->count) {
		return (struct span){ NULL, 0 };
	}
	return (struct span){ f->text + f->facts[index].at, f->facts[index].len };
}

struct span facts_find(const struct service_facts *f, const char *kind)
{
	for (size_t i = 0; i < f->count; i++) {
		if (span_is(span_of(f->facts[i].kind), kind)) {
			return facts_text(f, i);
		}
	}
	return (struct span){ NULL, 0 };
}

void facts_set_protocol(struct service_facts *f, const char *name)
{
	struct span text = span_first(span_of(name), sizeof f->protocol - 1);

	mem_copy(f->protocol, text.ptr, text.len);
	f->protocol[text.len] = '\0';
}
