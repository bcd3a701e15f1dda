/*
 * pypi.c - Python's versions: PEP 440, its appendix B, and packaging.version (_cmpkey).
 *
 *	[v][epoch!]release[pre][post][dev][+local]
 *
 * Malformed: older than every version that PEP 440 allows; among themselves words and numbers
 * in turn, the end before a word, a word before a number.
 */
#include "formats/versions/scan.h"
#include "formats/versions/versions.h"

/* A part that is a word and a number; rank is 0 where it is not there. */
struct part {
	int rank;
	struct span number;
};

struct version {
	struct span epoch;
	struct reader release;
	struct part pre; /* rank 1: alpha, 2: beta, 3: release candidate */
	struct part post;
	struct part dev;
	struct reader local; /* no bytes: none */
};

struct word {
	const char *text;
	int rank;
};

/* A word comes before those that it begins with. */
static const struct word pre_words[] = {
	{ "alpha", 1 }, { "a", 1 }, { "beta", 2 }, { "b", 2 },  { "preview", 3 },
	{ "pre", 3 },   { "c", 3 }, { "rc", 3 },   { NULL, 0 },
};
static const struct word post_words[] = { { "post", 1 }, { "rev", 1 }, { "r", 1 }, { NULL, 0 } };
static const struct word dev_words[] = { { "dev", 1 }, { NULL, 0 } };

static void take_separator(struct reader *r)
{
	(void)(scan_take(r, '-') || scan_take(r, '_') || scan_take(r, '.'));
}

/* [separator]word[[separator]number]; where no such word comes, nothing is consumed. */
static struct part take_part(struct reader *r, const struct word *words)
{
	struct reader ahead = *r;
	struct part part = { 0 };

	take_separator(&ahead);
	for (; words->text != NULL; words++) {
		if (scan_take_word(&ahead, words->text)) {
			take_separator(&ahead);
			part.rank = words->rank;
			part.number = scan_digits(&ahead);
			*r = ahead;
			break;
		}
	}
	return part;
}

/* A post release may also be a hyphen and a number. */
static struct part take_post(struct reader *r)
{
	struct reader ahead = *r;

	if (scan_take(&ahead, '-')) {
		struct span number = scan_digits(&ahead);

		if (number.len > 0) {
			*r = ahead;
			return (struct part){ .rank = 1, .number = number };
		}
	}
	return take_part(r, post_words);
}

/* number{.number}: a dot that no digit follows belongs to what comes next. */
static struct reader take_release(struct reader *r)
{
	struct reader start = *r;
	struct reader ahead = *r;
	size_t whole = reader_left(r);

	while (scan_digits(&ahead).len > 0) {
		*r = ahead;
		if (!scan_take(&ahead, '.')) {
			break;
		}
	}
	return reader_over(reader_bytes(&start, whole - reader_left(r)));
}

/* The next segment of a local version, and the separator behind it. */
static struct span take_segment(struct reader *r)
{
	struct reader start = *r;
	size_t len = 0;

	while (reader_left(r) > 0 && scan_is_alnum(reader_peek(r))) {
		(void)reader_u8(r);
		len++;
	}
	take_separator(r);
	return reader_bytes(&start, len);
}

/* alnum{separator alnum} */
static bool is_local(struct span text)
{
	struct reader r = reader_over(text);

	while (reader_left(&r) > 0) {
		if (take_segment(&r).len == 0) {
			return false;
		}
	}
	return text.len > 0 && scan_is_alnum(text.ptr[text.len - 1]);
}

static bool parse(struct span text, struct version *out)
{
	struct reader r = reader_over(span_trim(text));
	struct reader ahead;
	struct version v = { 0 };

	(void)(scan_take(&r, 'v') || scan_take(&r, 'V'));
	ahead = r;
	v.epoch = scan_digits(&ahead);
	if (v.epoch.len > 0 && scan_take(&ahead, '!')) {
		r = ahead;
	} else {
		v.epoch = (struct span){ 0 };
	}
	v.release = take_release(&r);
	v.pre = take_part(&r, pre_words);
	v.post = take_post(&r);
	v.dev = take_part(&r, dev_words);
	if (scan_take(&r, '+')) {
		struct span local = reader_rest(&r);

		if (!is_local(local)) {
			return false;
		}
		v.local = reader_over(local);
	}
	if (reader_left(&v.release) == 0 || reader_left(&r) > 0) {
		return false;
	}
	*out = v;
	return true;
}

static int compare_releases(struct reader a, struct reader b)
{
	int order = 0;

	while (order == 0 && (reader_left(&a) > 0 || reader_left(&b) > 0)) {
		order = scan_compare_numbers(reader_until(&a, '.'), reader_until(&b, '.'));
	}
	return order;
}

static int compare_parts(struct part a, struct part b)
{
	int order = scan_order(a.rank, b.rank);

	return order != 0 ? order : scan_compare_numbers(a.number, b.number);
}

/* A pre-release comes before its final release, a development release of the final
 * release before both. */
static struct part pre_key(const struct version *v)
{
	if (v->pre.rank > 0) {
		return v->pre;
	}
	if (v->post.rank == 0 && v->dev.rank > 0) {
		return (struct part){ .rank = 0 };
	}
	return (struct part){ .rank = 4 };
}

static struct part dev_key(const struct version *v)
{
	return v->dev.rank > 0 ? v->dev : (struct part){ .rank = 2 };
}

/* Segment by segment: none, texts without regard to case, numbers. */
static int compare_locals(struct reader a, struct reader b)
{
	int order = 0;

	while (order == 0 && reader_left(&a) > 0 && reader_left(&b) > 0) {
		struct span sa = take_segment(&a);
		struct span sb = take_segment(&b);

		order = scan_order(scan_is_number(sa), scan_is_number(sb));
		if (order == 0) {
			order = scan_is_number(sa) ? scan_compare_numbers(sa, sb)
						   : scan_compare_folded(sa, sb);
		}
	}
	return order != 0 ? order : scan_order(reader_left(&a) > 0, reader_left(&b) > 0);
}

static int compare_valid(const struct version *a, const struct version *b)
{
	int order = scan_compare_numbers(a->epoch, b->epoch);

	if (order == 0) {
		order = compare_releases(a->release, b->release);
	}
	if (order == 0) {
		order = compare_parts(pre_key(a), pre_key(b));
	}
	if (order == 0) {
		order = compare_parts(a->post, b->post);
	}
	if (order == 0) {
		order = compare_parts(dev_key(a), dev_key(b));
	}
	return order != 0 ? order : compare_locals(a->local, b->local);
}

/* The next word or number, and its rank: 0 for the end, 1 for a word, 2 for a number. */
static int next_malformed(struct reader *r, struct span *text)
{
	scan_skip_separators(r);
	*text = scan_letters(r);
	if (text->len > 0) {
		return 1;
	}
	*text = scan_digits(r);
	return text->len > 0 ? 2 : 0;
}

static int compare_malformed(struct span a, struct span b)
{
	struct reader ra = reader_over(a);
	struct reader rb = reader_over(b);
	struct span ta;
	struct span tb;
	int rank;
	int order;

	do {
		rank = next_malformed(&ra, &ta);
		order = scan_order(rank, next_malformed(&rb, &tb));
		if (order == 0) {
			order = rank == 2 ? scan_compare_numbers(ta, tb)
					  : scan_compare_folded(ta, tb);
		}
	} while (order == 0 && rank != 0);
	return order;
}

int version_pypi_compare(struct span a, struct span b)
{
	struct version va;
	struct version vb;
	bool is_valid_a = parse(a, &va);
	bool is_valid_b = parse(b, &vb);

	if (is_valid_a && is_valid_b) {
		return compare_valid(&va, &vb);
	}
	if (is_valid_a || is_valid_b) {
		return is_valid_a ? 1 : -1;
	}
	return compare_malformed(a, b);
}

bool version_pypi_is_valid(struct span version)
{
	struct version v;

	return parse(version, &v);
}
