/* pattern.c - in Ruby `^` and `$` always mean lines, and (?m) what others call (?s). */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "fingerprints/pattern.h"

#include "base/error.h"
#include "base/text.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX  100000 /* PCRE2's match limit: about a millisecond */
#define DEPTH_MAX  1000
#define HEAP_KIB   4096
#define LENGTH_MAX (DOCUMENT_PATTERN_MAX * 80)
#define NESTED_MAX 50
#define BYTES_MAX  (1u << 20) /* compiled */

struct pattern_matcher {
	pcre2_compile_context *compiling;
	pcre2_match_context *matching;
	pcre2_match_data *data;
	struct span text;
	int groups; /* of the last match */
};

/* --- reading --- */

/* (?i), (?m), (?im) in front: flags, and the rest. */
static struct span take_inline_flags(struct span text, struct pattern *p)
{
	size_t end = span_find(text, ')');
	bool is_caseless = false;
	bool is_dot_all = false;

	if (!span_starts_with(text, "(?") || end < 3 || end == text.len) {
		return text;
	}
	for (size_t i = 2; i < end; i++) {
		is_caseless = is_caseless || text.ptr[i] == 'i';
		is_dot_all = is_dot_all || text.ptr[i] == 'm';
		if (text.ptr[i] != 'i' && text.ptr[i] != 'm') {
			return text;
		}
	}
	p->is_caseless = p->is_caseless || is_caseless;
	p->is_dot_all = p->is_dot_all || is_dot_all;
	return span_after(text, end + 1);
}

static void write_utf8(struct writer *w, unsigned c)
{
	if (c < 0x80) {
		writer_text(w, "\\x");
		writer_u8(w, (uint8_t) "0123456789abcdef"[c >> 4]);
		writer_u8(w, (uint8_t) "0123456789abcdef"[c & 15]);
	} else if (c < 0x800) {
		writer_u8(w, (uint8_t)(0xc0 | c >> 6));
		writer_u8(w, (uint8_t)(0x80 | (c & 0x3f)));
	} else {
		writer_u8(w, (uint8_t)(0xe0 | c >> 12));
		writer_u8(w, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		writer_u8(w, (uint8_t)(0x80 | (c & 0x3f)));
	}
}

/* An escape: \uFFFF is a character of Ruby's, and bytes here. */
static size_t write_escape(struct writer *w, struct span rest)
{
	uint8_t code[2];

	if (rest.len >= 6 && rest.ptr[1] == 'u' &&
	    text_from_hex(span_first(span_after(rest, 2), 4), code, 2) == 0) {
		write_utf8(w, (unsigned)code[0] << 8 | code[1]);
		return 6;
	}
	writer_bytes(w, span_first(rest, 2));
	return rest.len < 2 ? rest.len : 2;
}

/* A character is a dot to Ruby: in UTF-8 it may be several bytes. With a quantifier, a dot that is
 * a byte does as well. */
static const char dot[] = "(?:[\\xc2-\\xdf][\\x80-\\xbf]|[\\xe0-\\xef][\\x80-\\xbf]{2}|"
			  "[\\xf0-\\xf4][\\x80-\\xbf]{3}|.)";

static bool is_bare_dot(struct span rest)
{
	return rest.ptr[0] == '.' && (rest.len == 1 || (rest.ptr[1] != '*' && rest.ptr[1] != '+' &&
							rest.ptr[1] != '?' && rest.ptr[1] != '{'));
}

static size_t count_dots(struct span text)
{
	size_t dots = 0;

	for (size_t i = 0; i < text.len; i++) {
		dots += text.ptr[i] == '.' ? 1 : 0;
	}
	return dots;
}

/* One piece of the pattern; in a class but for escapes nothing is special. */
static size_t write_piece(struct writer *w, struct span rest, bool *is_in_class)
{
	uint8_t c = rest.ptr[0];

	if (c == '\\') {
		return write_escape(w, rest);
	}
	if (!*is_in_class && span_starts_with(rest, "(.+)*")) {
		writer_text(w, "(.+)?"); /* the same, without trying 2^n ways to be wrong */
		return 5;
	}
	if (!*is_in_class && is_bare_dot(rest)) {
		writer_text(w, dot);
		return 1;
	}
	writer_u8(w, c);
	if (!*is_in_class && c == '[') {
		size_t first = rest.len > 1 && rest.ptr[1] == '^' ? 2 : 1;

		*is_in_class = true;
		if (rest.len > first && rest.ptr[first] == ']') { /* the first ] is a member */
			writer_bytes(w, span_first(span_after(rest, 1), first));
			return first + 1;
		}
	} else if (c == ']') {
		*is_in_class = false;
	}
	return 1;
}

void pattern_init(const struct document_fingerprint *f, struct arena *arena, struct pattern *out)
{
	struct pattern p = { .is_caseless = f->is_caseless, .is_dot_all = f->is_dot_all };
	struct span rest = take_inline_flags(f->pattern, &p);
	size_t size = rest.len + count_dots(rest) * sizeof dot + 1;
	uint8_t *room = arena_take(arena, size);
	struct writer w = writer_over(room, size);
	bool is_in_class = false;

	while (rest.len > 0) {
		rest = span_after(rest, write_piece(&w, rest, &is_in_class));
	}
	p.text = (const char *)room; /* the arena's bytes are zero: it is ended */
	*out = p;
}

void pattern_done(struct pattern *p)
{
	pcre2_code_free(p->code);
	p->code = NULL;
}

/* --- matching --- */

struct pattern_matcher *pattern_matcher_new(void)
{
	struct pattern_matcher *m = calloc(1, sizeof *m);

	if (m != NULL) {
		m->compiling = pcre2_compile_context_create(NULL);
		m->matching = pcre2_match_context_create(NULL);
		m->data = pcre2_match_data_create(PATTERN_GROUPS_MAX, NULL);
	}
	if (m == NULL || m->compiling == NULL || m->matching == NULL || m->data == NULL) {
		abort(); /* as alloc.h: out of memory */
	}
	(void)pcre2_set_newline(m->compiling, PCRE2_NEWLINE_LF);
	(void)pcre2_set_max_pattern_length(m->compiling, LENGTH_MAX);
	(void)pcre2_set_parens_nest_limit(m->compiling, NESTED_MAX);
	(void)pcre2_set_match_limit(m->matching, STEPS_MAX);
	(void)pcre2_set_depth_limit(m->matching, DEPTH_MAX);
	(void)pcre2_set_heap_limit(m->matching, HEAP_KIB);
	return m;
}

void pattern_matcher_free(struct pattern_matcher **m)
{
	if (*m != NULL) {
		pcre2_match_data_free((*m)->data);
		pcre2_match_context_free((*m)->matching);
		pcre2_compile_context_free((*m)->compiling);
		free(*m);
		*m = NULL;
	}
}

int pattern_compile(struct pattern_matcher *m, struct pattern *p, struct why *why)
{
	uint32_t options = PCRE2_MULTILINE | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP |
			   PCRE2_NEVER_BACKSLASH_C | (p->is_caseless ? PCRE2_CASELESS : 0) |
			   (p->is_dot_all ? PCRE2_DOTALL : 0);
	uint8_t text[128];
	PCRE2_SIZE offset;
	int error;
	size_t size = 0;

	if (p->code != NULL) {
		return 0;
	}
	p->code = pcre2_compile((PCRE2_SPTR)p->text, PCRE2_ZERO_TERMINATED, options, &error,
				&offset, m->compiling);
	if (p->code == NULL) {
		p->is_broken = true;
		(void)pcre2_get_error_message(error, text, sizeof text);
		return why_set(why, ERR_MALFORMED, "the pattern does not compile: %s, at %zu",
			       (const char *)text, (size_t)offset);
	}
	if (pcre2_pattern_info(p->code, PCRE2_INFO_SIZE, &size) != 0 || size > BYTES_MAX) {
		pattern_done(p);
		p->is_broken = true;
		return why_set(why, ERR_LIMIT, "the pattern is too large when compiled");
	}
	return 0;
}

enum pattern_outcome pattern_try(struct pattern_matcher *m, struct pattern *p, struct span text)
{
	if (p->is_broken || (p->code == NULL && pattern_compile(m, p, NULL) != 0)) {
		return PATTERN_BROKEN;
	}
	m->text = text;
	m->groups = pcre2_match(p->code, text.len > 0 ? text.ptr : (PCRE2_SPTR) "", text.len, 0, 0,
				m->data, m->matching);
	if (m->groups >= 0) {
		return PATTERN_YES;
	}
	return m->groups == PCRE2_ERROR_NOMATCH ? PATTERN_NO : PATTERN_GIVEN_UP;
}

bool pattern_group(const struct pattern_matcher *m, unsigned number, struct span *out)
{
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(m->data);
	unsigned count = m->groups > 0 ? (unsigned)m->groups : PATTERN_GROUPS_MAX;

	if (m->groups < 0 || number >= count || at[2 * number] == PCRE2_UNSET ||
	    at[2 * number] > at[2 * number + 1] || at[2 * number + 1] > m->text.len) {
		return false;
	}
	*out = span_first(span_after(m->text, at[2 * number]), at[2 * number + 1] - at[2 * number]);
	return true;
}

unsigned pattern_groups(const struct pattern *p)
{
	uint32_t count = 0;

	return p->code != NULL && pcre2_pattern_info(p->code, PCRE2_INFO_CAPTURECOUNT, &count) == 0
		       ? count
		       : 0;
}
