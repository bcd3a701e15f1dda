/*
 * cpe.c - versions that programs say of themselves and that NVD puts into ranges: whatever their
 * makers write. NVD documents no order; this is ours, made to agree with how it writes ranges.
 *
 * A version is numbers, then a word, then numbers, then a word ...; all else separates. Numbers go
 * on with zeros for ever, so 2.4 is 2.4.0. Words that come before a release (dev, alpha, beta,
 * milestone, preview, rc; a1, b1 and m1 with a number at once) are older than the end; final, ga,
 * release and stable are the end; any other (p1, sp1, a lone letter as in 1.0.2k) is newer than it.
 * p, pl, patch and patchlevel are one word. A leading v does not count. Malformed: has its place
 * like any other.
 */
#include "base/attr.h"
#include "formats/versions/scan.h"
#include "formats/versions/versions.h"

/* Older than the end, the end, newer than the end. */
enum rank {
	RANK_DEV,
	RANK_ALPHA,
	RANK_BETA,
	RANK_MILESTONE,
	RANK_PREVIEW,
	RANK_CANDIDATE,
	RANK_END,
	RANK_PATCH,
	RANK_OTHER,
};

static const struct {
	const char *word;
	enum rank rank;
} words[] = {
	{ "dev", RANK_DEV },
	{ "devel", RANK_DEV },
	{ "snapshot", RANK_DEV },
	{ "nightly", RANK_DEV },
	{ "alpha", RANK_ALPHA },
	{ "beta", RANK_BETA },
	{ "milestone", RANK_MILESTONE },
	{ "pre", RANK_PREVIEW },
	{ "preview", RANK_PREVIEW },
	{ "prerelease", RANK_PREVIEW },
	{ "rc", RANK_CANDIDATE },
	{ "cr", RANK_CANDIDATE },
	{ "final", RANK_END },
	{ "ga", RANK_END },
	{ "release", RANK_END },
	{ "stable", RANK_END },
	{ "p", RANK_PATCH },
	{ "pl", RANK_PATCH },
	{ "patch", RANK_PATCH },
	{ "patchlevel", RANK_PATCH },
};

/* Letters that stand for a word where a number follows at once. */
static const struct {
	const char *letter;
	enum rank rank;
} letters[] = { { "a", RANK_ALPHA }, { "b", RANK_BETA }, { "m", RANK_MILESTONE } };

/* What other makers than OpenSSH call a patch of a version, and NVD an update. */
static const char *const updates[] = { "p", "pl",     "patch",  "patchlevel", "sp",
				       "u", "update", "hotfix", "hf",         "cu" };

static struct span without_v(struct span version)
{
	bool has_v = version.len >= 2 && (version.ptr[0] == 'v' || version.ptr[0] == 'V') &&
		     scan_is_digit(version.ptr[1]);

	return has_v ? span_after(version, 1) : version;
}

static bool has_number(const struct reader *r)
{
	struct reader ahead = *r;

	scan_skip_separators(&ahead);
	return reader_left(&ahead) > 0 && scan_is_digit(reader_peek(&ahead));
}

/* Takes the numbers at the beginning of both; what one lacks is zero. */
static int compare_numbers(struct reader *a, struct reader *b)
{
	static const struct span none = { NULL, 0 };
	int order = 0;

	while (order == 0 && (has_number(a) || has_number(b))) {
		bool has_a = has_number(a);
		bool has_b = has_number(b);

		if (has_a) {
			scan_skip_separators(a);
		}
		if (has_b) {
			scan_skip_separators(b);
		}
		order = scan_compare_numbers(has_a ? scan_digits(a) : none,
					     has_b ? scan_digits(b) : none);
	}
	return order;
}

/* The word that comes next; RANK_END where there is none. */
static enum rank take_word(struct reader *r, struct span *word)
{
	scan_skip_separators(r);
	*word = scan_letters(r);
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (scan_compare_folded(*word, span_of(words[i].word)) == 0) {
			return words[i].rank;
		}
	}
	for (size_t i = 0; i < COUNT_OF(letters); i++) {
		if (scan_compare_folded(*word, span_of(letters[i].letter)) == 0 &&
		    reader_left(r) > 0 && scan_is_digit(reader_peek(r))) {
			return letters[i].rank;
		}
	}
	return word->len == 0 ? RANK_END : RANK_OTHER;
}

int version_cpe_compare(struct span a, struct span b)
{
	struct reader ra = reader_over(without_v(a));
	struct reader rb = reader_over(without_v(b));
	struct span word_a;
	struct span word_b;
	int order = 0;

	while (order == 0 && (reader_left(&ra) > 0 || reader_left(&rb) > 0)) {
		order = compare_numbers(&ra, &rb);
		if (order == 0) {
			enum rank rank = take_word(&ra, &word_a);

			order = scan_order((int)rank, (int)take_word(&rb, &word_b));
			if (order == 0 && rank == RANK_OTHER) {
				order = scan_compare_folded(word_a, word_b);
			}
		}
	}
	return order;
}

bool version_cpe_is_valid(struct span version)
{
	version = without_v(version);
	for (size_t i = 0; i < version.len; i++) {
		if (version.ptr[i] <= ' ' || version.ptr[i] >= 0x7f) {
			return false;
		}
	}
	return version.len > 0 && scan_is_digit(version.ptr[0]);
}

static bool is_update(struct span word)
{
	for (size_t i = 0; i < COUNT_OF(updates); i++) {
		if (scan_compare_folded(word, span_of(updates[i])) == 0) {
			return true;
		}
	}
	return false;
}

struct span version_cpe_without_update(struct span version)
{
	size_t number = version.len;
	size_t word;
	size_t end;

	while (number > 0 && scan_is_digit(version.ptr[number - 1])) {
		number--;
	}
	end = number;
	while (end > 0 && !scan_is_alnum(version.ptr[end - 1])) {
		end--;
	}
	word = end;
	while (word > 0 && scan_is_letter(version.ptr[word - 1])) {
		word--;
	}
	if (number == version.len ||
	    !is_update(span_first(span_after(version, word), end - word))) {
		return version;
	}
	while (word > 0 && !scan_is_alnum(version.ptr[word - 1])) {
		word--;
	}
	return word > 0 ? span_first(version, word) : version;
}
