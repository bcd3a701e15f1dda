/* document.c - Expat's events, one function an element. */
#include "fingerprints/document.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "formats/ascii.h"
#include "formats/base64.h"
#include "sys/alloc.h"
#include "sys/buffer.h"

#include <expat.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK              (1u << 16)
#define HEAD_SIZE          16384 /* within which a root element begins */
#define PREFERENCE_DEFAULT 10    /* Recog's DEFAULT_FP_PREFERENCE */

enum place {
	OUTSIDE,
	IN_FINGERPRINTS,
	IN_FINGERPRINT,
	IN_DESCRIPTION,
	IN_EXAMPLE,
	IN_PARAM,
};

struct parse {
	XML_Parser expat;
	struct document *document;
	struct why *why;
	int error;
	unsigned depth;
	enum place place;
	bool with_examples;
	bool is_root_only; /* stop at the root element */
	bool is_root_ours;

	size_t capacity;
	struct document_fingerprint now;
	struct document_param params[DOCUMENT_PARAMS_MAX];
	struct document_example *last_example;
	size_t example_count;
	bool has_description;

	struct document_example *example;
	bool is_base64;
	struct buffer text;
};

static void fail(struct parse *p, int error, const char *format, ...) PRINTF(3, 4);

/* The first failure counts; Expat is stopped. */
static void fail(struct parse *p, int error, const char *format, ...)
{
	char reason[256];
	va_list args;

	if (p->error != 0) {
		return;
	}
	va_start(args, format);
	vsnprintf(reason, sizeof reason, format, args);
	va_end(args);
	p->error = why_set(p->why, error, "%.*s, line %lu: %s",
			   (int)(p->document->name.len < 150 ? p->document->name.len : 150),
			   (const char *)p->document->name.ptr,
			   (unsigned long)XML_GetCurrentLineNumber(p->expat), reason);
	(void)XML_StopParser(p->expat, XML_FALSE);
}

static struct span keep(struct parse *p, const char *text, size_t max, const char *what)
{
	struct span span = span_of(text);

	if (span.len > max) {
		fail(p, ERR_LIMIT, "%s has more than %zu bytes", what, max);
		return (struct span){ NULL, 0 };
	}
	return arena_copy(&p->document->arena, span);
}

int document_percent(struct span text, unsigned *out)
{
	size_t point = span_find(text, '.');
	struct span fraction = span_after(text, point + 1);
	uint64_t whole = 0;
	uint64_t part = 0;

	if (text.len == 0 || (point > 0 && text_to_u64(span_first(text, point), 1, &whole) != 0) ||
	    (point == 0 && fraction.len == 0) || fraction.len > 6 ||
	    (fraction.len > 0 && text_to_u64(fraction, 999999, &part) != 0)) {
		return ERR_MALFORMED;
	}
	for (size_t i = fraction.len; i < 6; i++) {
		part *= 10;
	}
	if (whole * 1000000 + part > 1000000) {
		return ERR_MALFORMED;
	}
	*out = (unsigned)(whole * 100 + part / 10000);
	return 0;
}

/* --- elements that begin --- */

static struct span keep_lower(struct parse *p, const char *text)
{
	struct span kept = keep(p, text, DOCUMENT_NAME_MAX, "protocol");
	uint8_t *lower = arena_take(&p->document->arena, kept.len + 1);

	for (size_t i = 0; i < kept.len; i++) {
		lower[i] = ascii_lower(kept.ptr[i]);
	}
	return (struct span){ lower, kept.len };
}

static void begin_fingerprints(struct parse *p, const char **attributes)
{
	struct document *d = p->document;

	p->place = IN_FINGERPRINTS;
	for (; attributes[0] != NULL; attributes += 2) {
		if (strcmp(attributes[0], "matches") == 0) {
			d->kind = keep(p, attributes[1], DOCUMENT_NAME_MAX, "matches");
		} else if (strcmp(attributes[0], "protocol") == 0) {
			d->protocol = keep_lower(p, attributes[1]);
		} else if (strcmp(attributes[0], "preference") == 0 &&
			   document_percent(span_of(attributes[1]), &d->preference) != 0) {
			fail(p, ERR_MALFORMED, "preference is no number from 0 to 1: \"%.40s\"",
			     attributes[1]);
		}
	}
}

/* Ruby's MULTILINE, which is what all three mean to Recog, lets a dot match a line's end. */
static void take_flags(struct parse *p, struct span flags)
{
	while (flags.len > 0) {
		size_t end = span_find(flags, ',');
		struct span flag = span_trim(span_first(flags, end));

		flags = span_after(flags, end + 1);
		if (span_is(flag, "REG_ICASE") || span_is(flag, "IGNORECASE")) {
			p->now.is_caseless = true;
		} else if (span_is(flag, "REG_DOT_NEWLINE") || span_is(flag, "REG_MULTILINE") ||
			   span_is(flag, "REG_LINE_ANY_CRLF")) {
			p->now.is_dot_all = true;
		} else if (flag.len > 0) {
			fail(p, ERR_UNSUPPORTED, "nobody knows the flag %.*s",
			     (int)(flag.len < 40 ? flag.len : 40), (const char *)flag.ptr);
		}
	}
}

static void begin_fingerprint(struct parse *p, const char **attributes)
{
	p->place = IN_FINGERPRINT;
	p->now = (struct document_fingerprint){ .line = (unsigned)XML_GetCurrentLineNumber(
							p->expat) };
	p->last_example = NULL;
	p->example_count = 0;
	p->has_description = false;
	if (p->document->count == DOCUMENT_FINGERPRINTS_MAX) {
		fail(p, ERR_LIMIT, "there are more than %d fingerprints",
		     DOCUMENT_FINGERPRINTS_MAX);
		return;
	}
	for (; attributes[0] != NULL; attributes += 2) {
		if (strcmp(attributes[0], "pattern") == 0) {
			p->now.pattern = keep(p, attributes[1], DOCUMENT_PATTERN_MAX, "a pattern");
		} else if (strcmp(attributes[0], "flags") == 0) {
			take_flags(p, span_of(attributes[1]));
		} else if (strcmp(attributes[0], "certainty") == 0 &&
			   document_percent(span_of(attributes[1]), &p->now.certainty) != 0) {
			fail(p, ERR_MALFORMED, "certainty is no number from 0 to 1: \"%.40s\"",
			     attributes[1]);
		}
	}
	if (p->now.pattern.ptr == NULL) {
		fail(p, ERR_MALFORMED, "a fingerprint has no pattern");
	}
}

static void begin_param(struct parse *p, const char **attributes)
{
	struct document_param param = { .value = { NULL, 0 } };
	bool has_position = false;
	uint64_t position = 0;

	p->place = IN_PARAM;
	for (; attributes[0] != NULL; attributes += 2) {
		if (strcmp(attributes[0], "name") == 0) {
			param.name = keep(p, attributes[1], DOCUMENT_NAME_MAX, "a name");
		} else if (strcmp(attributes[0], "value") == 0) {
			param.value = keep(p, attributes[1], DOCUMENT_VALUE_MAX, "a value");
		} else if (strcmp(attributes[0], "pos") == 0) {
			has_position = text_to_u64(span_of(attributes[1]), DOCUMENT_POSITION_MAX,
						   &position) == 0;
		}
	}
	if (param.name.len == 0 || !has_position) {
		fail(p, ERR_MALFORMED, "a param needs a name and a pos from 0 to %d",
		     DOCUMENT_POSITION_MAX);
	} else if (p->now.param_count == DOCUMENT_PARAMS_MAX) {
		fail(p, ERR_LIMIT, "a fingerprint has more than %d params", DOCUMENT_PARAMS_MAX);
	} else {
		param.position = (unsigned)position;
		p->params[p->now.param_count++] = param;
	}
}

static void take_stated(struct parse *p, const char **attributes)
{
	struct document_param stated[DOCUMENT_STATED_MAX];
	struct document_example *e = p->example;

	for (; attributes[0] != NULL && p->error == 0; attributes += 2) {
		if (strcmp(attributes[0], "_encoding") == 0) {
			p->is_base64 = strcmp(attributes[1], "base64") == 0;
			if (!p->is_base64) {
				fail(p, ERR_UNSUPPORTED, "nobody knows the encoding %.40s",
				     attributes[1]);
			}
		} else if (strcmp(attributes[0], "_filename") == 0) {
			e->is_elsewhere = true;
		} else if (e->stated_count == DOCUMENT_STATED_MAX) {
			fail(p, ERR_LIMIT, "an example states more than %d parameters",
			     DOCUMENT_STATED_MAX);
		} else {
			stated[e->stated_count++] = (struct document_param){
				.name = keep(p, attributes[0], DOCUMENT_NAME_MAX, "a name"),
				.value = keep(p, attributes[1], DOCUMENT_TEXT_MAX, "a value"),
			};
		}
	}
	e->stated = arena_take(&p->document->arena, e->stated_count * sizeof *stated);
	mem_copy(e->stated, stated, e->stated_count * sizeof *stated);
}

static void begin_example(struct parse *p, const char **attributes)
{
	p->place = IN_EXAMPLE;
	p->is_base64 = false;
	buffer_clear(&p->text);
	p->document->example_count++;
	if (p->example_count++ == DOCUMENT_EXAMPLES_MAX) {
		fail(p, ERR_LIMIT, "a fingerprint has more than %d examples",
		     DOCUMENT_EXAMPLES_MAX);
	} else if (p->with_examples) {
		p->example = arena_take(&p->document->arena, sizeof *p->example);
		p->example->line = (unsigned)XML_GetCurrentLineNumber(p->expat);
		take_stated(p, attributes);
	}
}

static void XMLCALL on_start(void *context, const char *name, const char **attributes)
{
	struct parse *p = context;

	if (p->error != 0) {
		return;
	}
	p->depth++;
	if (p->place == OUTSIDE && p->depth == 1 && strcmp(name, "fingerprints") == 0) {
		p->is_root_ours = true;
		if (p->is_root_only) {
			(void)XML_StopParser(p->expat, XML_FALSE);
		} else {
			begin_fingerprints(p, attributes);
		}
	} else if (p->place == IN_FINGERPRINTS && strcmp(name, "fingerprint") == 0) {
		begin_fingerprint(p, attributes);
	} else if (p->place == IN_FINGERPRINT && strcmp(name, "param") == 0) {
		begin_param(p, attributes);
	} else if (p->place == IN_FINGERPRINT && strcmp(name, "example") == 0) {
		begin_example(p, attributes);
	} else if (p->place == IN_FINGERPRINT && strcmp(name, "description") == 0) {
		p->place = IN_DESCRIPTION;
		buffer_clear(&p->text);
	} else if (p->is_root_only) {
		(void)XML_StopParser(p->expat, XML_FALSE);
	} else {
		fail(p, ERR_MALFORMED, "<%.40s> has no place here", name);
	}
	if (p->depth > DOCUMENT_DEPTH_MAX) {
		fail(p, ERR_LIMIT, "elements are nested more than %d deep", DOCUMENT_DEPTH_MAX);
	}
}

/* --- elements that end --- */

/* Runs of white space become one space. */
static void end_description(struct parse *p)
{
	struct span text = span_trim(buffer_span(&p->text));
	uint8_t *out = arena_take(&p->document->arena, text.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		bool is_space = text.ptr[i] <= ' ';

		if (!is_space || (len > 0 && out[len - 1] != ' ')) {
			out[len++] = is_space ? ' ' : text.ptr[i];
		}
	}
	if (!p->has_description) {
		p->now.description = (struct span){ out, len };
		p->has_description = true;
	}
	p->place = IN_FINGERPRINT;
}

static void end_example(struct parse *p)
{
	struct span text = buffer_span(&p->text);
	struct document_example *e = p->example;

	p->place = IN_FINGERPRINT;
	p->example = NULL;
	if (e == NULL) {
		return;
	}
	if (p->is_base64) {
		size_t max = BASE64_DECODED_MAX(text.len);
		uint8_t *room = arena_take(&p->document->arena, max);
		struct writer w = writer_over(room, max);

		if (base64_decode(text, BASE64_WHITESPACE, &w) != 0) {
			fail(p, ERR_MALFORMED, "an example is no base64");
			return;
		}
		e->text = writer_span(&w);
	} else {
		e->text = arena_copy(&p->document->arena, text);
	}
	if (p->last_example == NULL) {
		p->now.examples = e;
	} else {
		p->last_example->next = e;
	}
	p->last_example = e;
}

static void end_fingerprint(struct parse *p)
{
	struct document *d = p->document;
	size_t size = p->now.param_count * sizeof *p->params;

	p->now.params = arena_take(&d->arena, size);
	mem_copy(p->now.params, p->params, size);
	if (d->count == p->capacity) {
		p->capacity = p->capacity == 0 ? 64 : 2 * p->capacity;
		d->fingerprints =
			alloc_resize(d->fingerprints, p->capacity, sizeof *d->fingerprints);
	}
	d->fingerprints[d->count++] = p->now;
	p->place = IN_FINGERPRINTS;
}

static void XMLCALL on_end(void *context, const char *name)
{
	struct parse *p = context;

	(void)name; /* Expat has seen that it is the one that began */
	if (p->error != 0) {
		return;
	}
	p->depth--;
	switch (p->place) {
	case IN_DESCRIPTION:
		end_description(p);
		break;
	case IN_EXAMPLE:
		end_example(p);
		break;
	case IN_PARAM:
		p->place = IN_FINGERPRINT;
		break;
	case IN_FINGERPRINT:
		end_fingerprint(p);
		break;
	case IN_FINGERPRINTS:
	case OUTSIDE:
		p->place = OUTSIDE;
		break;
	}
}

static void XMLCALL on_text(void *context, const char *text, int len)
{
	struct parse *p = context;

	if (p->error == 0 && (p->place == IN_DESCRIPTION || p->example != NULL) &&
	    buffer_append(&p->text, (struct span){ (const uint8_t *)text, (size_t)len }) != 0) {
		fail(p, ERR_LIMIT, "a text has more than %d bytes", DOCUMENT_TEXT_MAX);
	}
}

static void XMLCALL on_doctype(void *context, const char *name, const char *outside,
			       const char *public, int has_internal)
{
	(void)name;
	(void)outside;
	(void)public;
	(void)has_internal;
	fail(context, ERR_UNSUPPORTED, "it has a DOCTYPE, which fingerprints do not need");
}

/* --- the document --- */

static void feed(struct parse *p, struct span xml)
{
	while (p->error == 0) {
		struct span chunk = span_first(xml, CHUNK);

		xml = span_after(xml, chunk.len);
		if (XML_Parse(p->expat, (const char *)chunk.ptr, (int)chunk.len, xml.len == 0) !=
		    XML_STATUS_OK) {
			if (!p->is_root_only) {
				fail(p, ERR_MALFORMED, "it is no XML: %s",
				     XML_ErrorString(XML_GetErrorCode(p->expat)));
			}
			return;
		}
		if (xml.len == 0) {
			return;
		}
	}
}

static void run(struct parse *p, struct span xml)
{
	p->expat = XML_ParserCreate(NULL);
	if (p->expat == NULL) {
		abort(); /* as alloc.h: out of memory */
	}
	buffer_init(&p->text, DOCUMENT_TEXT_MAX);
	XML_SetUserData(p->expat, p);
	XML_SetElementHandler(p->expat, on_start, on_end);
	XML_SetCharacterDataHandler(p->expat, on_text);
	if (!p->is_root_only) {
		XML_SetStartDoctypeDeclHandler(p->expat, on_doctype);
	}
	feed(p, xml);
	XML_ParserFree(p->expat);
	buffer_done(&p->text);
}

/* "ssh_banners.xml" without the end: Recog's name for a kind that the file does not name. */
static struct span base_name(struct span name)
{
	size_t slash;

	while ((slash = span_find(name, '/')) < name.len) {
		name = span_after(name, slash + 1);
	}
	return span_ends_with(name, ".xml") ? span_first(name, name.len - 4) : name;
}

int document_parse(struct span name, struct span xml, bool with_examples, struct document *out,
		   struct why *why)
{
	struct document d = { .preference = PREFERENCE_DEFAULT };
	struct parse p = { .document = &d, .why = why, .with_examples = with_examples };

	d.name = arena_copy(&d.arena, span_first(name, DOCUMENT_TEXT_MAX));
	if (xml.len > DOCUMENT_SIZE_MAX) {
		p.error = why_set(why, ERR_LIMIT, "%.200s has more than %u bytes", d.name.ptr,
				  DOCUMENT_SIZE_MAX);
	} else {
		run(&p, xml);
	}
	if (p.error == 0 && d.kind.len == 0) {
		d.kind = arena_copy(&d.arena, span_first(base_name(d.name), DOCUMENT_NAME_MAX));
	}
	if (p.error != 0) {
		document_done(&d);
		return p.error;
	}
	*out = d;
	return 0;
}

void document_done(struct document *d)
{
	free(d->fingerprints);
	arena_free(&d->arena);
	*d = (struct document){ 0 };
}

bool document_is_recog(struct span xml)
{
	struct document d = { 0 };
	struct why why;
	struct parse p = { .document = &d, .why = &why, .is_root_only = true };

	run(&p, span_first(xml, HEAD_SIZE));
	return p.is_root_ours;
}
