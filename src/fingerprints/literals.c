/* literals.c - walks the pattern; of what stands in a row the best part counts, of alternatives
 * all.
 *
 * Case is folded throughout, so that flags need not be followed. */
#include "fingerprints/literals.h"

#include "base/reader.h"
#include "formats/ascii.h"

#include <string.h>

#define DEPTH_MAX 20
#define RUN_MAX   256

struct walk {
	struct reader r;
	bool is_lost; /* at syntax that is not understood */
};

/* One thing in a row. */
enum atom_kind {
	ATOM_BYTE,
	ATOM_NOTHING, /* takes no room: ^, \b */
	ATOM_ANY,     /* a class, a reference: something */
	ATOM_GROUP,
};

struct atom {
	enum atom_kind kind;
	uint8_t byte;
};

/* What stands in a row so far. */
struct row {
	uint8_t run[RUN_MAX]; /* bytes without a gap */
	size_t run_len;
	struct literals best;
	struct literals_needs *all; /* where every one of the row counts; else NULL */
};

/* --- judging --- */

static size_t shortest(const struct literals *l)
{
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < l->count; i++) {
		least = l->all[i].len < least ? l->all[i].len : least;
	}
	return l->count == 0 ? 0 : least;
}

/* Longer is rarer; a few alternatives are worth a byte less. */
static bool is_better(const struct literals *a, const struct literals *b)
{
	size_t x = shortest(a);
	size_t y = shortest(b);

	return x != y ? x > y : a->count < b->count;
}

/* The best LITERALS_SETS_MAX of a row. */
static void keep_all(struct literals_needs *all, const struct literals *other)
{
	size_t worst = 0;

	if (all->count < LITERALS_SETS_MAX) {
		all->sets[all->count++] = *other;
		return;
	}
	for (size_t i = 1; i < LITERALS_SETS_MAX; i++) {
		worst = is_better(&all->sets[worst], &all->sets[i]) ? i : worst;
	}
	if (is_better(other, &all->sets[worst])) {
		all->sets[worst] = *other;
	}
}

static void keep_better(struct row *row, const struct literals *other)
{
	if (row->all != NULL && shortest(other) >= LITERAL_SHORTEST) {
		keep_all(row->all, other);
	}
	if (shortest(other) >= LITERAL_SHORTEST && is_better(other, &row->best)) {
		row->best = *other;
	}
}

/* A gap: what was gathered may be what is looked for. */
static void end_run(struct row *row)
{
	struct literals one;
	size_t len = row->run_len < LITERAL_LONGEST ? row->run_len : LITERAL_LONGEST;

	if (len >= LITERAL_SHORTEST) {
		one.count = 1;
		one.all[0].len = len;
		memcpy(one.all[0].bytes, row->run + row->run_len - len, len);
		keep_better(row, &one);
	}
	row->run_len = 0;
}

static void add_byte(struct row *row, uint8_t byte)
{
	if (row->run_len == RUN_MAX) {
		end_run(row);
	}
	row->run[row->run_len++] = ascii_lower(byte);
}

/* --- atoms --- */

static int hex_value(uint8_t c)
{
	c = ascii_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \xHH alone. */
static bool take_hex(struct walk *w, uint8_t *out)
{
	int high = hex_value(reader_u8(&w->r));
	int low = hex_value(reader_u8(&w->r));

	*out = (uint8_t)(high * 16 + low);
	return high >= 0 && low >= 0;
}

static struct atom escape(struct walk *w)
{
	static const char nothing[] = "bBAzZG";
	static const char classes[] = "dDwWsSvVhHRNX";
	static const char names[] = "nrtfea";
	static const char bytes[] = "\n\r\t\f\x1b\a";
	uint8_t c = reader_u8(&w->r);
	struct atom atom = { ATOM_BYTE, c };
	const char *found = c != 0 ? strchr(names, c) : NULL;

	if (found != NULL) {
		atom.byte = (uint8_t)bytes[found - names];
	} else if (c == 'x') {
		w->is_lost = w->is_lost || !take_hex(w, &atom.byte);
	} else if (c != 0 && strchr(nothing, c) != NULL) {
		atom.kind = ATOM_NOTHING;
	} else if (c != 0 && strchr(classes, c) != NULL) {
		atom.kind = ATOM_ANY;
	} else if (c >= '1' && c <= '9') {
		atom.kind = ATOM_ANY; /* a reference; its further digits would be read as bytes */
		w->is_lost = w->is_lost || (reader_peek(&w->r) >= '0' && reader_peek(&w->r) <= '9');
	} else if ((c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z')) {
		w->is_lost = true;
	}
	return atom;
}

/* [...]: a byte where all its members are one letter of either case. */
static struct atom class(struct walk *w)
{
	struct atom atom = { ATOM_BYTE, 0 };
	bool is_first = true;
	size_t members = 0;

	if (reader_peek(&w->r) == '^') {
		(void)reader_u8(&w->r);
		atom.kind = ATOM_ANY;
	}
	while (reader_left(&w->r) > 0) {
		uint8_t c = reader_u8(&w->r);
		struct atom member = { ATOM_BYTE, c };

		if (c == ']' && !is_first) {
			atom.kind = members == 0 ? ATOM_ANY : atom.kind;
			return atom;
		}
		if (c == '\\') {
			member = escape(w);
			member.kind = member.kind == ATOM_NOTHING ? ATOM_ANY : member.kind;
		} else if (c == '[' && strchr(":.=", reader_peek(&w->r)) != NULL) {
			w->is_lost = true; /* [:alpha:], or a [ before one of these */
		} else if (c == '-') {
			member.kind = ATOM_ANY; /* a range, or itself */
		}
		if (member.kind != ATOM_BYTE ||
		    (members > 0 && atom.byte != ascii_lower(member.byte))) {
			atom.kind = ATOM_ANY;
		}
		atom.byte = ascii_lower(member.byte);
		members++;
		is_first = false;
	}
	w->is_lost = true;
	return atom;
}

/* --- quantifiers --- */

struct times {
	bool is_optional; /* may be there no time at all */
	bool is_repeated;
};

static bool is_braced(struct span rest, size_t *len, uint64_t *least)
{
	size_t i = 1;

	*least = 0;
	if (rest.len < 3 || rest.ptr[0] != '{') {
		return false;
	}
	while (i < rest.len && i < 8 && rest.ptr[i] >= '0' && rest.ptr[i] <= '9') {
		*least = *least * 10 + (uint64_t)(rest.ptr[i++] - '0');
	}
	if (i == 1) {
		return false; /* {,n} is text to PCRE2 before 10.43; see quantifier() */
	}
	if (i < rest.len && rest.ptr[i] == ',') {
		i++;
	}
	while (i < rest.len && rest.ptr[i] >= '0' && rest.ptr[i] <= '9') {
		i++;
	}
	*len = i + 1;
	return i < rest.len && rest.ptr[i] == '}';
}

static struct times quantifier(struct walk *w)
{
	struct times times = { false, false };
	struct reader ahead = w->r;
	uint8_t c = reader_peek(&w->r);
	uint64_t least;
	size_t len = 1;

	if (c == '*' || c == '?') {
		times.is_optional = true;
	} else if (is_braced(reader_rest(&ahead), &len, &least)) {
		times.is_optional = least == 0;
	} else if (c == '{') {
		w->is_lost = true;
		return times;
	} else if (c != '+') {
		return times;
	}
	times.is_repeated = c != '?';
	(void)reader_bytes(&w->r, len);
	c = reader_peek(&w->r);
	if (c == '?' || c == '+') {
		(void)reader_u8(&w->r);
	}
	c = reader_peek(&w->r);
	w->is_lost = w->is_lost || c == '*' || c == '+' || c == '?' || c == '{';
	return times;
}

/* --- groups --- */

enum opening {
	OPENING_GROUP,
	OPENING_ASIDE, /* look-around: says nothing of what is there */
	OPENING_FLAGS, /* (?i): closed at once */
};

/* After "(". */
static enum opening open_group(struct walk *w)
{
	uint8_t c = reader_peek(&w->r);

	if (c == '*') {
		w->is_lost = true;
	}
	if (c != '?') {
		return OPENING_GROUP;
	}
	(void)reader_u8(&w->r);
	c = reader_u8(&w->r);
	if (c == ':' || c == '>' || c == '|') {
		return OPENING_GROUP;
	}
	if (c == '=' || c == '!') {
		return OPENING_ASIDE;
	}
	if (c == 'P' || c == '\'') {
		w->is_lost = true; /* named in ways that Ruby does not know */
	}
	if (c == '<') {
		c = reader_peek(&w->r);
		if (c == '=' || c == '!') {
			(void)reader_u8(&w->r);
			return OPENING_ASIDE;
		}
		(void)reader_until(&w->r, '>');
		return OPENING_GROUP;
	}
	while (c == 'i' || c == 'm' || c == 's' || c == '-') {
		c = reader_u8(&w->r);
	}
	w->is_lost = w->is_lost || (c != ':' && c != ')');
	return c == ')' ? OPENING_FLAGS : OPENING_GROUP;
}

static void alternatives(struct walk *w, unsigned depth, struct literals *out);

/* Bounded: groups are followed DEPTH_MAX deep. */
static struct atom group(struct walk *w, unsigned depth, struct literals *inside)
{
	enum opening opening = open_group(w);

	inside->count = 0;
	if (opening == OPENING_FLAGS) {
		return (struct atom){ ATOM_NOTHING, 0 };
	}
	if (depth == DEPTH_MAX) {
		w->is_lost = true;
		return (struct atom){ ATOM_ANY, 0 };
	}
	alternatives(w, depth + 1, inside);
	w->is_lost = w->is_lost || reader_u8(&w->r) != ')';
	if (opening == OPENING_ASIDE) {
		inside->count = 0;
	}
	return (struct atom){ ATOM_GROUP, 0 };
}

/* --- rows and alternatives --- */

static struct atom next_atom(struct walk *w, unsigned depth, struct literals *inside)
{
	uint8_t c = reader_u8(&w->r);

	switch (c) {
	case '\\':
		return escape(w);
	case '[':
		return class(w);
	case '(':
		return group(w, depth, inside);
	case '.':
		return (struct atom){ ATOM_ANY, 0 };
	case '^':
	case '$':
		return (struct atom){ ATOM_NOTHING, 0 };
	case '*':
	case '+':
	case '?':
		w->is_lost = true;
		return (struct atom){ ATOM_ANY, 0 };
	default:
		return (struct atom){ ATOM_BYTE, c };
	}
}

static void take_atom(struct row *row, struct atom atom, struct times times,
		      const struct literals *inside)
{
	if (atom.kind == ATOM_NOTHING && !times.is_optional && !times.is_repeated) {
		return;
	}
	if (atom.kind == ATOM_BYTE && !times.is_optional) {
		add_byte(row, atom.byte);
	}
	if (atom.kind != ATOM_BYTE || times.is_optional || times.is_repeated) {
		end_run(row);
	}
	if (atom.kind == ATOM_GROUP && !times.is_optional) {
		keep_better(row, inside);
	}
}

/* Up to | or ) or the end. */
static void one_row(struct walk *w, unsigned depth, struct literals_needs *all,
		    struct literals *out)
{
	struct row row;
	struct literals inside;

	row.run_len = 0;
	row.best.count = 0;
	row.all = all;
	while (!w->is_lost && reader_left(&w->r) > 0 && reader_peek(&w->r) != '|' &&
	       reader_peek(&w->r) != ')') {
		struct atom atom = next_atom(w, depth, &inside);

		take_atom(&row, atom, quantifier(w), &inside);
	}
	end_run(&row);
	*out = row.best;
}

static void alternatives(struct walk *w, unsigned depth, struct literals *out)
{
	struct literals one;
	bool is_known = true;

	out->count = 0;
	do {
		one_row(w, depth, NULL, &one);
		is_known = is_known && one.count > 0 && out->count + one.count <= LITERALS_MAX;
		for (size_t i = 0; is_known && i < one.count; i++) {
			out->all[out->count++] = one.all[i];
		}
	} while (!w->is_lost && reader_peek(&w->r) == '|' && reader_u8(&w->r) == '|');
	if (!is_known) {
		out->count = 0;
	}
}

void literals_needed(struct span pattern, struct literals_needs *out)
{
	struct walk w = { reader_over(pattern), false };
	struct literals best;

	out->count = 0;
	one_row(&w, 0, out, &best);
	if (!w.is_lost && reader_peek(&w.r) == '|') { /* alternatives: one set for all of them */
		w = (struct walk){ reader_over(pattern), false };
		alternatives(&w, 0, &out->sets[0]);
		out->count = out->sets[0].count > 0 ? 1 : 0;
	}
	if (w.is_lost || !reader_done(&w.r)) {
		out->count = 0;
	}
}
