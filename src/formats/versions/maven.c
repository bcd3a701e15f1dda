/*
 * maven.c - Maven's "Version Order Specification" (maven.apache.org/pom.html), and
 * org.apache.maven.artifact.versioning.ComparableVersion where it is silent.
 *
 * Tokens lie between dots, hyphens and changes from digits to others; zeros and empty
 * qualifiers are dropped where a hyphen or the end follows. Then the first two tokens
 * that differ decide, by rank and then by value; ".qualifier" is "-qualifier", as since
 * MNG-7644 (before it, 1 < 1-1 < 1.0.alpha < 1 went in a circle).
 * Malformed: nothing is.
 */
#include "base/attr.h"
#include "formats/versions/scan.h"
#include "formats/versions/versions.h"

/* In ascending order. RELEASE is an empty qualifier that something follows. */
enum rank {
	ALPHA,
	BETA,
	MILESTONE,
	CANDIDATE,
	SNAPSHOT,
	END,
	RELEASE,
	SERVICE_PACK,
	WORD,
	HYPHEN_NUMBER,
	DOT_NUMBER,
};

struct token {
	enum rank rank;
	struct span text;
};

struct walk {
	struct reader rest;
	bool is_started;
	size_t zeros_kept; /* so many tokens that come next are known not to be dropped */
};

static const struct {
	const char *name;
	enum rank rank;
	bool needs_digit; /* short for it only where a digit follows at once */
} qualifiers[] = {
	{ "alpha", ALPHA, false },         { "a", ALPHA, true },
	{ "beta", BETA, false },           { "b", BETA, true },
	{ "milestone", MILESTONE, false }, { "m", MILESTONE, true },
	{ "rc", CANDIDATE, false },        { "cr", CANDIDATE, false },
	{ "snapshot", SNAPSHOT, false },   { "ga", RELEASE, false },
	{ "final", RELEASE, false },       { "release", RELEASE, false },
	{ "sp", SERVICE_PACK, false },
};

static enum rank rank_of(struct span word, bool is_digit_next)
{
	for (size_t i = 0; i < COUNT_OF(qualifiers); i++) {
		if (scan_compare_folded(word, span_of(qualifiers[i].name)) == 0 &&
		    (is_digit_next || !qualifiers[i].needs_digit)) {
			return qualifiers[i].rank;
		}
	}
	return WORD;
}

static bool is_delimiter(uint8_t c)
{
	return c == '.' || c == '-';
}

/* The next token as it is written. A number that is left out is zero. */
static struct token take(struct walk *w)
{
	struct reader *r = &w->rest;
	struct reader start;
	struct token token;
	bool has_dot = !w->is_started || (reader_left(r) > 0 && reader_peek(r) == '.');
	size_t len = 0;

	if (reader_left(r) == 0) {
		return (struct token){ .rank = END };
	}
	if (w->is_started && is_delimiter(reader_peek(r))) {
		(void)reader_u8(r);
	}
	w->is_started = true;
	token.text = scan_digits(r);
	if (token.text.len > 0 || reader_left(r) == 0 || is_delimiter(reader_peek(r))) {
		token.rank = has_dot ? DOT_NUMBER : HYPHEN_NUMBER;
		return token;
	}
	start = *r;
	while (reader_left(r) > 0 && !is_delimiter(reader_peek(r)) &&
	       !scan_is_digit(reader_peek(r))) {
		(void)reader_u8(r);
		len++;
	}
	token.text = reader_bytes(&start, len);
	token.rank = rank_of(token.text, scan_is_digit(reader_peek(r)));
	return token;
}

static bool is_zero(const struct token *token, enum rank rank)
{
	return token->rank == rank && scan_is_zero(token->text);
}

/* The next token that counts: nulls are dropped where no number behind a dot follows. */
static struct token next(struct walk *w)
{
	struct token token = take(w);

	if (w->zeros_kept > 0) {
		w->zeros_kept--;
		return token;
	}
	while (token.rank == RELEASE || is_zero(&token, DOT_NUMBER) ||
	       is_zero(&token, HYPHEN_NUMBER)) {
		struct walk ahead = *w;
		struct token following = take(&ahead);
		size_t zeros = 0;

		while (is_zero(&following, DOT_NUMBER)) {
			following = take(&ahead);
			zeros++;
		}
		if (following.rank == DOT_NUMBER) {
			w->zeros_kept = zeros;
			return token;
		}
		*w = ahead;
		token = following;
	}
	return token;
}

int version_maven_compare(struct span a, struct span b)
{
	struct walk wa = { .rest = reader_over(a) };
	struct walk wb = { .rest = reader_over(b) };
	struct token ta;
	int order;

	do {
		struct token tb = next(&wb);

		ta = next(&wa);
		order = scan_order((int)ta.rank, (int)tb.rank);
		if (order == 0 && ta.rank == WORD) {
			order = scan_compare_folded(ta.text, tb.text);
		} else if (order == 0 && ta.rank > WORD) {
			order = scan_compare_numbers(ta.text, tb.text);
		}
	} while (order == 0 && ta.rank != END);
	return order;
}

/* ILLEGAL_VERSION_CHARS of Maven's DefaultModelValidator, and no blanks. */
bool version_maven_is_valid(struct span version)
{
	struct span illegal = span_of("\\/:\"<>|?*[](){},");

	for (size_t i = 0; i < version.len; i++) {
		if (version.ptr[i] <= ' ' || span_find(illegal, version.ptr[i]) < illegal.len) {
			return false;
		}
	}
	return version.len > 0;
}
