/*
 * mask.c - one pass over the words of an argument or text, which notes what to cut out.
 *
 * Rules look at names to the left of a value, at the program whose short options are known, or at
 * the value's own form. Each adds a cut; cuts come in order, and overlap at most with the last.
 */
#include "formats/mask.h"

#include "base/attr.h"
#include "formats/mask_name.h"

/* Nothing shorter is a token. */
#define TOKEN_MIN 17

/* Random text of three kinds of characters, from this length on. */
#define RANDOM_MIN 32

static const char stars[] = "***";

/* What the next word is. */
enum { NOTHING, SECRET, USER_COLON_SECRET, USER_COMMA_SECRET, USER_PERCENT_SECRET };

struct mask_program {
	const char *name;   /* what the program's name begins with */
	const char *option; /* short option */
	unsigned value;
	bool is_joined;   /* -pSECRET */
	bool is_separate; /* -p SECRET */
};

static const struct mask_program programs[] = {
	{ "mysql", "-p", SECRET, true, false },
	{ "mariadb", "-p", SECRET, true, false },
	{ "sshpass", "-p", SECRET, true, true },
	{ "curl", "-u", USER_COLON_SECRET, true, true },
	{ "curl", "--user", USER_COLON_SECRET, false, true },
	{ "curl", "-U", USER_COLON_SECRET, true, true },
	{ "curl", "--proxy-user", USER_COLON_SECRET, false, true },
	{ "curl", "-b", SECRET, true, true },
	{ "wget", "-u", USER_COLON_SECRET, false, true },
	{ "redis-cli", "-a", SECRET, true, true },
	{ "ldap", "-w", SECRET, true, true },
	{ "mongo", "-p", SECRET, false, true },
	{ "docker", "-p", SECRET, false, true },
	{ "podman", "-p", SECRET, false, true },
	{ "smbclient", "-U", USER_PERCENT_SECRET, true, true },
	{ "lftp", "-u", USER_COMMA_SECRET, true, true },
	{ "zip", "-P", SECRET, true, true },
	{ "unzip", "-P", SECRET, true, true },
	{ "7z", "-p", SECRET, true, false },
	{ "plink", "-pw", SECRET, false, true },
	{ "pscp", "-pw", SECRET, false, true },
	{ "useradd", "-p", SECRET, true, true },
	{ "usermod", "-p", SECRET, true, true },
	{ "ipmitool", "-P", SECRET, true, true },
	{ "snmp", "-c", SECRET, true, true },
	{ "snmp", "-A", SECRET, true, true },
	{ "snmp", "-X", SECRET, true, true },
	{ "xfreerdp", "/p:", SECRET, true, false },
	{ "svn", "-p", SECRET, false, true },
	{ "rabbitmqadmin", "-p", SECRET, true, true },
};

/* Of these programs the joined or separate short option is the port or a pattern, for some
 * subcommands; the rule holds only behind this word. */
static const char *const subcommand_of[][2] = { { "docker", "login" }, { "podman", "login" } };

struct cut {
	size_t from;
	size_t to;
};

struct finding {
	struct mask *mask;
	struct span text;
	struct cut cuts[MASK_CUTS_MAX];
	size_t count;
};

static void cut(struct finding *f, size_t from, size_t to)
{
	struct cut *last = f->count > 0 ? &f->cuts[f->count - 1] : NULL;

	if (from >= to) {
		return;
	}
	if (last != NULL && from <= last->to) {
		last->to = to > last->to ? to : last->to;
	} else if (f->count == MASK_CUTS_MAX) {
		last->to = f->text.len;
	} else {
		f->cuts[f->count++] = (struct cut){ from, to };
	}
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_name_character(uint8_t c)
{
	return is_digit(c) || is_upper(c) || is_lower(c) || c == '_' || c == '-' || c == '.';
}

static bool is_quote(uint8_t c)
{
	return c == '"' || c == '\'' || c == '`';
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0';
}

/* What a character may be the beginning of. Most words have none of these in them. */
enum { ENDS_WORD = 1, IS_EQUALS = 2, IS_COLON = 4, IS_DOLLAR = 8 };

static const uint8_t meanings[256] = {
	[' '] = ENDS_WORD,  ['\t'] = ENDS_WORD, ['\n'] = ENDS_WORD, ['\r'] = ENDS_WORD,
	['\0'] = ENDS_WORD, ['"'] = ENDS_WORD,  ['\''] = ENDS_WORD, ['`'] = ENDS_WORD,
	[';'] = ENDS_WORD,  ['|'] = ENDS_WORD,  ['('] = ENDS_WORD,  [')'] = ENDS_WORD,
	['<'] = ENDS_WORD,  ['>'] = ENDS_WORD,  ['='] = IS_EQUALS,  [':'] = IS_COLON,
	['$'] = IS_DOLLAR,
};

static bool is_word_end(uint8_t c)
{
	return (meanings[c] & ENDS_WORD) != 0;
}

/* Of all characters together. */
static unsigned meanings_of(struct span text)
{
	unsigned all = 0;

	for (size_t i = 0; i < text.len; i++) {
		all |= meanings[text.ptr[i]];
	}
	return all;
}

static uint8_t at(const struct finding *f, size_t i)
{
	return i < f->text.len ? f->text.ptr[i] : 0;
}

static struct span part(const struct finding *f, size_t from, size_t to)
{
	return span_first(span_after(f->text, from), to - from);
}

/* Most texts differ in their first character; this runs for each word of each execution. */
static bool begins(struct span text, const char *with)
{
	return text.len > 0 && text.ptr[0] == (uint8_t)with[0] && span_starts_with(text, with);
}

static bool contains(struct span text, const char *wanted)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == (uint8_t)wanted[0] &&
		    span_starts_with(span_after(text, i), wanted)) {
			return true;
		}
	}
	return false;
}

static size_t find_quote(const struct finding *f, size_t from, uint8_t quote)
{
	while (from < f->text.len && f->text.ptr[from] != quote) {
		from += f->text.ptr[from] == '\\' ? 2 : 1;
	}
	return from < f->text.len ? from : f->text.len;
}

/* The end of a value that begins at from: of what is quoted, else of the word, or where the next of
 * a list begins. */
static size_t value_end(const struct finding *f, size_t from)
{
	size_t end = from;

	while (end < f->text.len && !is_blank(f->text.ptr[end]) && !is_quote(f->text.ptr[end]) &&
	       f->text.ptr[end] != '&' && f->text.ptr[end] != ',' && f->text.ptr[end] != ';') {
		end++;
	}
	return end;
}

/* Cuts the value that begins at from, quoted or not, and returns where it ends. */
static size_t cut_value(struct finding *f, size_t from)
{
	size_t end;

	while (at(f, from) == '\\') {
		from++;
	}
	if (is_quote(at(f, from))) {
		end = find_quote(f, from + 1, at(f, from));
		cut(f, from + 1, end);
		return end;
	}
	end = value_end(f, from);
	cut(f, from, end);
	return end;
}

/* What stands behind the first delimiter. */
static void cut_behind(struct finding *f, size_t from, size_t to, uint8_t delimiter)
{
	size_t found = from + span_find(part(f, from, to), delimiter);

	if (found < to) {
		cut(f, found + 1, to);
	}
}

static void cut_expected(struct finding *f, size_t from, size_t to, unsigned expected)
{
	switch (expected) {
	case SECRET:
		cut(f, from, to);
		break;
	case USER_COLON_SECRET:
		cut_behind(f, from, to, ':');
		break;
	case USER_COMMA_SECRET:
		cut_behind(f, from, to, ',');
		break;
	case USER_PERCENT_SECRET:
		cut_behind(f, from, to, '%');
		break;
	default:
		break;
	}
}

static struct span last_name(struct span path)
{
	size_t slash = path.len;

	while (slash > 0 && path.ptr[slash - 1] != '/') {
		slash--;
	}
	return span_after(path, slash);
}

/* A word that names a program whose options are known: they hold from here on. */
static void note_program(struct mask *mask, struct span word)
{
	struct span name = last_name(word);

	for (size_t i = 0; i < COUNT_OF(subcommand_of); i++) {
		if (begins(name, subcommand_of[i][0]) && span_is(name, subcommand_of[i][0])) {
			mask->program = NULL;
			return;
		}
		if (span_is(name, subcommand_of[i][1])) {
			name = span_of(subcommand_of[i][0]);
			break;
		}
	}
	for (size_t i = 0; i < COUNT_OF(programs); i++) {
		if (begins(name, programs[i].name)) {
			mask->program = &programs[i];
			return;
		}
	}
}

/* True where the word was an option of the program at hand. */
static bool apply_program(struct finding *f, size_t from, size_t to)
{
	const struct mask_program *first = f->mask->program;
	struct span word = part(f, from, to);

	if (first == NULL || word.len < 2 || (word.ptr[0] != '-' && word.ptr[0] != '/')) {
		return false;
	}
	for (const struct mask_program *p = first;
	     p < programs + COUNT_OF(programs) && span_is(span_of(p->name), first->name); p++) {
		size_t len = span_of(p->option).len;

		if (p->is_separate && span_is(word, p->option)) {
			f->mask->expected = p->value;
			return true;
		}
		if (p->is_joined && word.len > len && span_starts_with(word, p->option)) {
			cut_expected(f, from + len, to, p->value);
			return true;
		}
	}
	return false;
}

/* --password and its like: what comes next is the value. */
static void note_option(struct finding *f, size_t from, size_t to, unsigned has)
{
	struct span word = part(f, from, to);

	if (word.len > 3 && word.ptr[0] == '-' && (has & (IS_EQUALS | IS_COLON)) == 0 &&
	    !span_is(word, "-pass") && mask_is_secret_name(word)) {
		f->mask->expected = SECRET;
	} else if (span_is(word, "-pass")) {
		f->mask->expected = SECRET;
	}
}

/* The name that ends before the position, with a quote behind it or not. */
static struct span name_before(const struct finding *f, size_t from, size_t end)
{
	size_t begin;

	while (end > from && (is_quote(at(f, end - 1)) || at(f, end - 1) == '\\')) {
		end--;
	}
	begin = end;
	while (begin > from && is_name_character(at(f, begin - 1))) {
		begin--;
	}
	return part(f, begin, end);
}

/* name=value, name:value, "name": "value" at the delimiter; returns where to go on. */
static size_t apply_name(struct finding *f, size_t delimiter)
{
	struct span name = name_before(f, 0, delimiter);
	size_t value = delimiter + 1;

	if (name.len == 0 || at(f, value) == '/' ||
	    (!mask_is_secret_name(name) && !mask_is_header_name(name))) {
		/* a path that begins a value is one, but behind = and such a name it may be base64
		 */
		if (name.len == 0 || at(f, delimiter) != '=' || !mask_is_secret_name(name)) {
			return value;
		}
	}
	if (at(f, delimiter) == ':' && is_blank(at(f, value)) && value < f->text.len) {
		while (value < f->text.len && is_blank(at(f, value))) {
			value++;
		}
		if (mask_is_header_name(name)) {
			size_t end = value;

			while (end < f->text.len && !is_quote(at(f, end))) {
				end++;
			}
			cut(f, value, end);
			return end;
		}
	}
	return cut_value(f, value);
}

/* scheme://user:password@host */
static void apply_url(struct finding *f, size_t from, size_t to)
{
	size_t colon = 0;

	for (size_t i = from; i + 3 < to; i++) {
		if (!begins(part(f, i, to), "://")) {
			continue;
		}
		colon = 0;
		for (size_t k = i + 3; k < to && at(f, k) != '/' && at(f, k) != '?'; k++) {
			if (at(f, k) == ':' && colon == 0) {
				colon = k;
			} else if (at(f, k) == '@') {
				if (colon != 0) {
					cut(f, colon + 1, k);
				}
				return;
			}
		}
	}
}

static bool is_token_character(uint8_t c)
{
	return is_digit(c) || is_upper(c) || is_lower(c) || c == '+' || c == '_' || c == '-' ||
	       c == '=';
}

static unsigned class_of(uint8_t c)
{
	return is_digit(c) ? 1u : is_upper(c) ? 2u : is_lower(c) ? 4u : 8u;
}

/* Characters of three kinds that change often, at least so many times of 100: 65 do in random
 * base64, fewer than half in words, versions and CamelCase. */
static bool is_random(struct span run, size_t percent)
{
	unsigned classes = 0;
	unsigned before = 0;
	size_t changes = 0;

	for (size_t i = 0; i < run.len; i++) {
		unsigned class = class_of(run.ptr[i]);

		changes += i > 0 && class != before;
		classes |= class;
		before = class;
	}
	return (classes & 7u) == 7u && 100 * changes >= percent * run.len;
}

static bool is_all(struct span text, bool (*is_one)(uint8_t))
{
	for (size_t i = 0; i < text.len; i++) {
		if (!is_one(text.ptr[i])) {
			return false;
		}
	}
	return true;
}

static bool is_upper_or_digit(uint8_t c)
{
	return is_upper(c) || is_digit(c);
}

/* What makers of tokens put in front of them. */
static bool has_token_prefix(struct span run)
{
	static const char *const prefixes[] = { "ghp_",     "gho_",        "ghu_",   "ghs_",
						"ghr_",     "github_pat_", "glpat-", "xoxb-",
						"xoxp-",    "xoxa-",       "xoxs-",  "sk_live_",
						"rk_live_", "sk-",         "AIza",   "npm_",
						"dop_v1_",  "hvs." };

	for (size_t i = 0; run.len >= 20 && i < COUNT_OF(prefixes); i++) {
		if (begins(run, prefixes[i])) {
			return true;
		}
	}
	return run.len == 20 && (span_starts_with(run, "AKIA") || span_starts_with(run, "ASIA")) &&
	       is_all(run, is_upper_or_digit);
}

static bool is_base64(uint8_t c)
{
	return is_digit(c) || is_upper(c) || is_lower(c) || c == '+' || c == '/';
}

/* Values that are known by their form alone. */
static void apply_tokens(struct finding *f, size_t from, size_t to)
{
	struct span word = part(f, from, to);

	/* an AWS secret key; paths begin with / or . or change less */
	if (word.len == 40 && word.ptr[0] != '/' && is_all(word, is_base64) &&
	    is_random(word, 40)) {
		cut(f, from, to);
		return;
	}
	for (size_t i = from; i < to;) {
		size_t end = i;
		struct span run;

		while (end < to && is_token_character(at(f, end))) {
			end++;
		}
		run = part(f, i, end);
		if (run.len > 16 && span_starts_with(run, "eyJ") && at(f, end) == '.') {
			end = value_end(f, end);
			cut(f, i, end < to ? end : to);
		} else if (has_token_prefix(run) || (run.len >= RANDOM_MIN && is_random(run, 50))) {
			cut(f, i, end);
		}
		i = end > i ? end : i + 1;
	}
}

/* $6$salt$hash */
static void apply_crypt(struct finding *f, size_t from, size_t to)
{
	static const char *const kinds[] = { "$1$", "$2a$", "$2b$", "$2y$", "$5$",
					     "$6$", "$7$",  "$y$",  "$gy$" };

	for (size_t i = from; i < to; i++) {
		for (size_t k = 0; at(f, i) == '$' && k < COUNT_OF(kinds); k++) {
			if (span_starts_with(part(f, i, to), kinds[k])) {
				cut(f, i, to);
				return;
			}
		}
	}
}

/* name=value and name:value in a word; returns how far a value reached. */
static size_t apply_names(struct finding *f, size_t from, size_t to)
{
	size_t reached = to;

	for (size_t i = from; i < to; i++) {
		if (at(f, i) == '=' || at(f, i) == ':') {
			size_t next = apply_name(f, i);

			reached = next > reached ? next : reached;
			i = next > i + 1 ? next - 1 : i;
		}
	}
	return reached;
}

/* One word, or what is between quotes where it has no blanks; has: its meanings. Returns where to
 * go on: behind it, or behind a value that reached further. */
static size_t apply_word(struct finding *f, size_t from, size_t to, unsigned has)
{
	struct span word = part(f, from, to);
	size_t reached = to;

	if (word.ptr[0] != '-') {
		note_program(f->mask, word);
	}
	if (apply_program(f, from, to)) {
		return to;
	}
	if (word.ptr[0] == '-') {
		note_option(f, from, to, has);
	}
	if ((has & IS_COLON) != 0) {
		apply_url(f, from, to);
	}
	if ((has & IS_DOLLAR) != 0) {
		apply_crypt(f, from, to);
	}
	if ((has & (IS_COLON | IS_EQUALS)) != 0) {
		reached = apply_names(f, from, to);
	}
	if (word.len >= TOKEN_MIN) {
		apply_tokens(f, from, to);
	}
	return reached;
}

static void find_key(struct finding *f)
{
	static const char begin[] = "-----BEGIN ";

	for (size_t i = 0; i + sizeof begin <= f->text.len; i++) {
		struct span rest = span_after(f->text, i);

		if (rest.ptr[0] == '-' && span_starts_with(rest, begin) &&
		    contains(span_first(rest, 64), "PRIVATE KEY")) {
			cut(f, i, f->text.len);
			return;
		}
	}
}

static void find_in_words(struct finding *f)
{
	uint8_t quote = 0;

	for (size_t i = 0; i < f->text.len;) {
		size_t end = i;
		unsigned has = 0;

		if (is_word_end(at(f, i))) {
			/* behind a name's quote: "name": "value" */
			if (is_quote(at(f, i)) && (at(f, i + 1) == ':' || at(f, i + 1) == '=')) {
				i = apply_name(f, i + 1);
				continue;
			}
			quote = is_quote(at(f, i)) ? at(f, i) : 0;
			i++;
			continue;
		}
		if (f->mask->expected != NOTHING && at(f, i) != '-') {
			end = quote != 0 ? find_quote(f, i, quote) : value_end(f, i);
			cut_expected(f, i, end, f->mask->expected);
			f->mask->expected = NOTHING;
			i = end > i ? end : i + 1;
			continue;
		}
		f->mask->expected = NOTHING;
		while (end < f->text.len && !is_word_end(f->text.ptr[end])) {
			has |= meanings[f->text.ptr[end++]];
		}
		i = apply_word(f, i, end, has);
		quote = 0;
	}
}

/* Where a whole argument begins with NAME= the rest is the value, whatever is in it. */
static bool find_assignment(struct finding *f)
{
	size_t i = 0;

	while (i < f->text.len && is_name_character(at(f, i))) {
		i++;
	}
	if (i == 0 || at(f, i) != '=' || !mask_is_secret_name(part(f, 0, i))) {
		return false;
	}
	cut(f, i + 1, f->text.len);
	return true;
}

static struct span write(const struct finding *f, struct writer *w)
{
	size_t mark = writer_used(w);
	size_t done = 0;

	for (size_t i = 0; i < f->count; i++) {
		writer_bytes(w, part(f, done, f->cuts[i].from));
		writer_text(w, stars);
		done = f->cuts[i].to;
	}
	writer_bytes(w, span_after(f->text, done));
	if (!writer_ok(w)) {
		writer_rewind(w, mark);
		return span_of(stars);
	}
	return span_after(writer_span(w), mark);
}

static struct span finish(const struct finding *f, struct writer *w)
{
	return f->count == 0 ? f->text : write(f, w);
}

struct span mask_argument(struct mask *mask, struct span argument, struct writer *w)
{
	unsigned has = meanings_of(argument);
	struct finding f;

	/* not its cuts, which are many bytes */
	f.mask = mask;
	f.text = argument;
	f.count = 0;
	if (mask->expected != NOTHING && argument.len > 0 && argument.ptr[0] != '-') {
		cut_expected(&f, 0, argument.len, mask->expected);
		mask->expected = NOTHING;
		if (f.count > 0) {
			return finish(&f, w);
		}
	}
	mask->expected = NOTHING;
	if ((has & ENDS_WORD) == 0 && (has & IS_EQUALS) == 0) { /* one word, as most are */
		if (argument.len > 0) {
			(void)apply_word(&f, 0, argument.len, has);
		}
		return finish(&f, w);
	}
	if (!find_assignment(&f)) {
		find_in_words(&f);
	}
	if (f.count == 0) {
		find_key(&f);
	} else if (contains(argument, "PRIVATE KEY-----")) {
		f.count = 0;
		cut(&f, 0, argument.len);
	}
	return finish(&f, w);
}

struct span mask_text(struct span text, struct writer *w)
{
	struct mask mask = { .program = NULL };
	struct finding f = { .mask = &mask, .text = text };

	if (contains(text, "PRIVATE KEY-----")) {
		find_key(&f);
	} else {
		find_in_words(&f);
	}
	return finish(&f, w);
}
