#include "fingerprints/values.h"

#include "base/writer.h"

#define DEPTH_MAX         4 /* a {name} in the value of a {name} ... */
#define CERTAINTY_DEFAULT 85
#define REFERENCE_MAX     DOCUMENT_NAME_MAX

struct filling {
	const struct document_fingerprint *fingerprint;
	const struct pattern_matcher *matcher;
	struct writer *values;
};

/* Recog keeps the last of one name, in the first one's place. */
static const struct document_param *param_named(const struct document_fingerprint *f,
						struct span name)
{
	for (size_t i = f->param_count; i > 0; i--) {
		if (span_equal(f->params[i - 1].name, name)) {
			return &f->params[i - 1];
		}
	}
	return NULL;
}

/* {name}: without blanks and braces. Its length with them, or 0. */
static size_t reference_at(struct span text, struct span *name)
{
	size_t end = span_find(text, '}');

	if (text.len == 0 || text.ptr[0] != '{' || end == text.len || end < 2 ||
	    end > REFERENCE_MAX) {
		return 0;
	}
	*name = span_first(span_after(text, 1), end - 1);
	for (size_t i = 0; i < name->len; i++) {
		if (name->ptr[i] <= ' ' || name->ptr[i] == '{') {
			return 0;
		}
	}
	return end + 1;
}

/* What is still to be written of the values in which we are. */
struct level {
	struct span rest;
};

static bool is_version_of_cpe(const struct document_param *p, struct span name)
{
	return span_ends_with(p->name, ".cpe23") && span_ends_with(name, ".version");
}

/* Begins what a reference stands for; false where there is no such thing. */
static bool enter(struct filling *fill, const struct document_param *outer, struct span name,
		  struct level *levels, size_t *depth)
{
	const struct document_param *p = param_named(fill->fingerprint, name);
	struct span group;

	if (p != NULL && p->position == 0) {
		if (*depth == DEPTH_MAX) {
			return false;
		}
		levels[(*depth)++] = (struct level){ p->value };
		return true;
	}
	if (p != NULL && pattern_group(fill->matcher, p->position, &group)) {
		writer_bytes(fill->values, group);
		return true;
	}
	if (is_version_of_cpe(outer, name)) {
		writer_u8(fill->values, '-');
		return true;
	}
	return false;
}

static bool write_literal(struct filling *fill, const struct document_param *param)
{
	struct level levels[DEPTH_MAX] = { { param->value } };
	size_t depth = 1;

	while (depth > 0) {
		struct span *rest = &levels[depth - 1].rest;
		struct span name;
		size_t len = reference_at(*rest, &name);

		if (len > 0) {
			*rest = span_after(*rest, len);
			if (!enter(fill, param, name, levels, &depth)) {
				return false;
			}
		} else if (rest->len > 0) {
			len = 1 + span_find(span_after(*rest, 1), '{');
			writer_bytes(fill->values, span_first(*rest, len));
			*rest = span_after(*rest, len);
		} else {
			depth--;
		}
	}
	return true;
}

static void fill_param(struct filling *fill, const struct document_param *param,
		       struct fingerprint_match *out)
{
	size_t mark = writer_used(fill->values);
	struct span group;
	bool is_there;

	if (param->position > 0) {
		is_there = pattern_group(fill->matcher, param->position, &group);
		if (is_there) {
			writer_bytes(fill->values, group);
		}
	} else {
		is_there = write_literal(fill, param);
	}
	if (!is_there || !writer_ok(fill->values)) {
		writer_rewind(fill->values, mark);
		return;
	}
	out->params[out->param_count++] = (struct fingerprint_param){
		.name = param->name,
		.value = span_after(writer_span(fill->values), mark),
	};
}

static bool is_first_of_name(const struct document_fingerprint *f, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (span_equal(f->params[i].name, f->params[at].name)) {
			return false;
		}
	}
	return true;
}

static void add_protocol(const struct document *d, struct fingerprint_match *out)
{
	if (d->protocol.len > 0 && fingerprint_param(out, "service.protocol").ptr == NULL) {
		out->params[out->param_count++] = (struct fingerprint_param){
			.name = span_of("service.protocol"),
			.value = d->protocol,
		};
	}
}

static unsigned certainty_of(const struct fingerprint_match *m, const char *name,
			     unsigned otherwise)
{
	unsigned said;

	return document_percent(fingerprint_param(m, name), &said) == 0 ? said : otherwise;
}

void values_fill(const struct document *d, const struct document_fingerprint *f,
		 const struct pattern_matcher *m, struct fingerprint_match *out)
{
	struct writer values = writer_over(out->values, sizeof out->values);
	struct filling fill = { f, m, &values };
	unsigned otherwise = f->certainty > 0 ? f->certainty : CERTAINTY_DEFAULT;

	out->description = f->description;
	out->kind = d->kind;
	out->line = f->line;
	out->preference = d->preference;
	out->param_count = 0;
	for (size_t i = 0; i < f->param_count; i++) {
		if (!span_starts_with(f->params[i].name, "_tmp.") && is_first_of_name(f, i)) {
			fill_param(&fill, param_named(f, f->params[i].name), out);
		}
	}
	add_protocol(d, out);
	out->certainty = certainty_of(out, "service.certainty", otherwise);
	out->os_certainty = certainty_of(out, "os.certainty", otherwise);
}
