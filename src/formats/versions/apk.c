/*
 * apk.c - Alpine's versions: apk-package(5); apk-tools' src/version.c (apk_version_compare).
 *
 *	number{.number}...[letter]{_suffix[number]}...[~hash][-rnumber]
 *
 * A version is a row of tokens; the first two that differ decide, by rank and then by value.
 * Malformed: read on where apk-tools 2 did (empty numbers, digits behind the letter, -r
 * without a number); anything else ends the version and is older than a good end.
 */
#include "base/attr.h"
#include "formats/versions/scan.h"
#include "formats/versions/versions.h"

/* In ascending order: 1_rc < 1? < 1. < 1 < 1-r1 < 1~c0de; 1_p < 1_p1; 1 < 1_p < 1a < 1.1 */
enum rank {
	PRE_SUFFIX,
	MALFORMED,
	EMPTY_NUMBER,
	END,
	REVISION,
	HASH,
	SUFFIX_NUMBER,
	POST_SUFFIX,
	LETTER,
	NUMBER,
};

struct token {
	enum rank rank;
	struct span text;
	int suffix;     /* its place in suffixes */
	bool is_dotted; /* a number behind a dot */
};

struct walk {
	struct reader rest;
	bool is_started;
	enum rank last;
};

static const struct {
	const char *name;
	enum rank rank;
} suffixes[] = {
	{ "alpha", PRE_SUFFIX }, { "beta", PRE_SUFFIX }, { "pre", PRE_SUFFIX },
	{ "rc", PRE_SUFFIX },    { "cvs", POST_SUFFIX }, { "svn", POST_SUFFIX },
	{ "git", POST_SUFFIX },  { "hg", POST_SUFFIX },  { "p", POST_SUFFIX },
};

static struct token number(struct reader *r, bool is_dotted)
{
	struct span digits = scan_digits(r);

	return (struct token){ .rank = digits.len > 0 ? NUMBER : EMPTY_NUMBER,
			       .text = digits,
			       .is_dotted = is_dotted };
}

static struct token suffix(struct reader *r)
{
	struct span name = scan_letters(r);

	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		if (span_is(name, suffixes[i].name)) {
			return (struct token){ .rank = suffixes[i].rank, .suffix = (int)i };
		}
	}
	return (struct token){ .rank = MALFORMED };
}

static struct token hash(struct reader *r)
{
	struct reader ahead = *r;
	size_t len = 0;

	while (reader_left(&ahead) > 0 &&
	       span_find(span_of("0123456789abcdef"), reader_u8(&ahead)) < 16) {
		len++;
	}
	return (struct token){ .rank = len > 0 ? HASH : MALFORMED, .text = reader_bytes(r, len) };
}

static struct token revision(struct reader *r)
{
	struct token token = { .rank = REVISION };

	if (!scan_take(r, 'r')) {
		return (struct token){ .rank = MALFORMED };
	}
	token.text = scan_digits(r);
	if (token.text.len == 0 && reader_left(r) > 0 && reader_peek(r) != '-') {
		token.rank = MALFORMED;
	}
	return token;
}

/* The token at the reader, which is not at its end, behind one of rank last. */
static struct token take(struct reader *r, enum rank last)
{
	bool is_behind_number = last == NUMBER || last == EMPTY_NUMBER;
	uint8_t c = reader_peek(r);

	if (is_behind_number && scan_take(r, '.')) {
		return number(r, true);
	}
	if (is_behind_number && c >= 'a' && c <= 'z') {
		return (struct token){ .rank = LETTER, .text = reader_bytes(r, 1) };
	}
	if (last == LETTER && scan_is_digit(c)) {
		return number(r, false);
	}
	if ((last == PRE_SUFFIX || last == POST_SUFFIX) && scan_is_digit(c)) {
		return (struct token){ .rank = SUFFIX_NUMBER, .text = scan_digits(r) };
	}
	if (last != REVISION && scan_take(r, '-')) {
		return revision(r);
	}
	if (last != REVISION && last != HASH && scan_take(r, '_')) {
		return suffix(r);
	}
	if (last != REVISION && last != HASH && scan_take(r, '~')) {
		return hash(r);
	}
	return (struct token){ .rank = MALFORMED };
}

static struct token next(struct walk *w)
{
	struct token token = { .rank = END };

	if (!w->is_started) {
		token = number(&w->rest, false);
	} else if (reader_left(&w->rest) > 0) {
		token = take(&w->rest, w->last);
	}
	w->is_started = true;
	w->last = token.rank;
	return token;
}

/* Two tokens of one rank. */
static int compare_values(const struct token *a, const struct token *b)
{
	switch (a->rank) {
	case PRE_SUFFIX:
	case POST_SUFFIX:
		return scan_order(a->suffix, b->suffix);
	case HASH:
	case LETTER:
		return span_compare(a->text, b->text);
	case NUMBER:
		/* behind a dot, a leading zero makes it a decimal fraction */
		if (a->is_dotted && (a->text.ptr[0] == '0' || b->text.ptr[0] == '0')) {
			return span_compare(a->text, b->text);
		}
		return scan_compare_numbers(a->text, b->text);
	default:
		return scan_compare_numbers(a->text, b->text);
	}
}

static int compare(struct span a, struct span b, bool b_is_prefix)
{
	struct walk wa = { .rest = reader_over(a) };
	struct walk wb = { .rest = reader_over(b) };
	struct token ta;
	int order;

	do {
		struct token tb = next(&wb);

		ta = next(&wa);
		if (b_is_prefix && tb.rank == END) {
			return 0;
		}
		order = scan_order((int)ta.rank, (int)tb.rank);
		if (order == 0) {
			order = compare_values(&ta, &tb);
		}
	} while (order == 0 && ta.rank != END && ta.rank != MALFORMED);
	return order;
}

int version_apk_compare(struct span a, struct span b)
{
	return compare(a, b, false);
}

int version_apk_compare_prefix(struct span version, struct span prefix)
{
	return compare(version, prefix, true);
}

bool version_apk_is_valid(struct span version)
{
	struct walk w = { .rest = reader_over(version) };
	enum rank last = END;
	struct token token;

	do {
		token = next(&w);
		if (token.rank == MALFORMED || token.rank == EMPTY_NUMBER ||
		    (token.rank == REVISION && token.text.len == 0) ||
		    (token.rank == NUMBER && last == LETTER)) {
			return false;
		}
		last = token.rank;
	} while (token.rank != END);
	return true;
}
