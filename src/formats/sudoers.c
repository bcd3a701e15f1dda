/*
 * sudoers.c - lines, then "user_list host_list = grants [: host_list = grants]".
 *
 * A grant is "[(runas)] [OPTION=value] [TAG:]... command"; its runas and tags hold on for the
 * grants behind it.
 */
#include "formats/sudoers.h"

static const char *const tag_names[] = {
	"EXEC:",   "NOEXEC:",   "FOLLOW:",     "NOFOLLOW:",     "LOG_INPUT:", "NOLOG_INPUT:",
	"MAIL:",   "NOMAIL:",   "INTERCEPT:",  "NOINTERCEPT:",  "PASSWD:",    "NOPASSWD:",
	"SETENV:", "NOSETENV:", "LOG_OUTPUT:", "NOLOG_OUTPUT:",
};

static const char *const option_names[] = {
	"ROLE=",      "TYPE=",     "PRIVS=",   "LIMITPRIVS=", "APPARMOR_PROFILE=",
	"NOTBEFORE=", "NOTAFTER=", "TIMEOUT=", "CWD=",        "CHROOT="
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct sudoers_iterator sudoers_over(struct span file)
{
	return (struct sudoers_iterator){ .rest = reader_over(file) };
}

/* A line and those that a backslash at the end joins to it. */
static struct span logical_line(struct reader *rest)
{
	struct reader start = *rest;
	size_t before = reader_left(rest);
	struct span line;

	do {
		line = reader_line(rest);
	} while (reader_left(rest) > 0 && span_ends_with(line, "\\"));
	return span_trim(reader_bytes(&start, before - reader_left(rest)));
}

/* Where the part of a text ends that comes before one of these bytes, outside of quotes and
 * brackets and with no backslash before it; its length where none comes. */
static size_t find_outside(struct span text, const char *ends)
{
	bool is_quoted = false;
	int depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c == '\\') {
			i++;
		} else if (c == '"') {
			is_quoted = !is_quoted;
		} else if (!is_quoted && c == '(') {
			depth++;
		} else if (!is_quoted && c == ')') {
			depth--;
		} else if (!is_quoted && depth == 0) {
			for (const char *end = ends; *end != '\0'; end++) {
				if (c == (uint8_t)*end) {
					return i;
				}
			}
		}
	}
	return text.len;
}

/* Without a comment; "#1000" and "%#1000" are numbers, no comments. */
static struct span without_comment(struct span line)
{
	for (size_t at = 0; at < line.len; at++) {
		size_t hash = at + find_outside(span_after(line, at), "#");

		if (hash >= line.len) {
			return line;
		}
		if (hash + 1 >= line.len || line.ptr[hash + 1] < '0' || line.ptr[hash + 1] > '9') {
			return span_trim(span_first(line, hash));
		}
		at = hash;
	}
	return line;
}

static struct span first_word(struct span line)
{
	size_t len = 0;

	while (len < line.len && !is_blank(line.ptr[len])) {
		len++;
	}
	return span_first(line, len);
}

static bool parse_include(struct span line, struct sudoers_entry *out)
{
	struct span word = first_word(line);
	struct span path = span_trim(span_after(line, word.len));
	bool is_folder = span_is(word, "#includedir") || span_is(word, "@includedir");

	if (!is_folder && !span_is(word, "#include") && !span_is(word, "@include")) {
		return false;
	}
	if (path.len >= 2 && path.ptr[0] == '"' && path.ptr[path.len - 1] == '"') {
		path = span_first(span_after(path, 1), path.len - 2);
	}
	*out = (struct sudoers_entry){ .kind = is_folder ? SUDOERS_INCLUDE_FOLDER : SUDOERS_INCLUDE,
				       .rest = path };
	return path.len > 0;
}

static bool parse_named(struct span line, struct sudoers_entry *out)
{
	static const char *const aliases[] = { "User_Alias", "Runas_Alias", "Host_Alias",
					       "Cmnd_Alias", "Cmd_Alias" };
	struct span word = first_word(line);

	out->rest = span_trim(span_after(line, word.len));
	out->kind = SUDOERS_ALIAS;
	for (size_t i = 0; i < COUNT_OF(aliases); i++) {
		if (span_is(word, aliases[i])) {
			return true;
		}
	}
	out->kind = SUDOERS_DEFAULTS; /* Defaults, Defaults:user, Defaults@host, Defaults>runas,
					 Defaults!command */
	return span_is(word, "Defaults") || (span_starts_with(word, "Defaults") && word.len > 8 &&
					     (word.ptr[8] == ':' || word.ptr[8] == '@' ||
					      word.ptr[8] == '>' || word.ptr[8] == '!'));
}

static size_t skip_blanks(struct span text, size_t at)
{
	while (at < text.len && (is_blank(text.ptr[at]) || text.ptr[at] == '\\')) {
		if (text.ptr[at] == '\\' && (at + 1 == text.len || !is_blank(text.ptr[at + 1]))) {
			break;
		}
		at++;
	}
	return at;
}

/* Items between commas, with blanks round the commas: where the list ends. */
static size_t list_end(struct span text)
{
	size_t at = 0;

	for (;;) {
		size_t next;

		at += find_outside(span_after(text, at), " \t\n\r,=");
		next = skip_blanks(text, at);
		if (next >= text.len || text.ptr[next] != ',') {
			return at;
		}
		at = skip_blanks(text, next + 1);
	}
}

static bool parse_rule(struct span line, struct sudoers_entry *out)
{
	size_t end = list_end(line);

	*out = (struct sudoers_entry){ .kind = SUDOERS_RULE,
				       .users = span_first(line, end),
				       .rest = span_trim(span_after(line, end)) };
	return out->users.len > 0 && find_outside(out->rest, "=") < out->rest.len &&
	       !span_starts_with(out->rest, "=");
}

bool sudoers_next(struct sudoers_iterator *it, struct sudoers_entry *out)
{
	while (reader_left(&it->rest) > 0) {
		struct span line = logical_line(&it->rest);
		struct sudoers_entry entry = { .kind = SUDOERS_RULE };

		if (line.len > SUDOERS_LINE_MAX) {
			it->malformed++;
			continue;
		}
		if (parse_include(line, &entry)) {
			*out = entry;
			return true;
		}
		line = without_comment(line);
		if (line.len == 0) {
			continue;
		}
		if (parse_named(line, &entry) || parse_rule(line, &entry)) {
			*out = entry;
			return true;
		}
		it->malformed++;
	}
	return false;
}

struct sudoers_grants sudoers_grants_over(struct span rest)
{
	return (struct sudoers_grants){ .rest = reader_over(rest) };
}

static struct span left_of(const struct reader *r)
{
	struct reader copy = *r;

	return reader_rest(&copy);
}

static void skip(struct reader *r)
{
	struct span left = left_of(r);

	(void)reader_bytes(r, skip_blanks(left, 0));
}

/* "ALL =": present at the beginning and behind each colon. */
static bool take_hosts(struct sudoers_grants *it)
{
	struct span left = left_of(&it->rest);
	size_t equals = find_outside(left, "=");

	if (equals == left.len) {
		return false;
	}
	it->last = (struct sudoers_grant){ .hosts = span_trim(span_first(left, equals)) };
	(void)reader_bytes(&it->rest, equals + 1);
	return it->last.hosts.len > 0;
}

static bool take_runas(struct sudoers_grants *it)
{
	struct span left = left_of(&it->rest);
	size_t end = span_find(left, ')');

	if (end == left.len) {
		return false;
	}
	it->last.runas = span_trim(span_after(span_first(left, end), 1));
	(void)reader_bytes(&it->rest, end + 1);
	skip(&it->rest);
	return true;
}

static bool starts_with_any(struct span text, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (span_starts_with(text, names[i])) {
			return true;
		}
	}
	return false;
}

/* What a tag is of: PASSWD of NOPASSWD:, CWD of CWD=/tmp. */
static struct span kind_of(struct span tag)
{
	struct span name = span_first(tag, span_find(tag, '='));

	name = span_first(name, span_find(name, ':'));
	return name.len == tag.len || tag.ptr[name.len] == '=' || !span_starts_with(name, "NO")
		       ? name
		       : span_after(name, 2);
}

/* Tags hold on until one of their kind says otherwise. */
static void set_tag(struct sudoers_grant *grant, struct span tag)
{
	for (size_t i = 0; i < grant->tag_count; i++) {
		if (span_equal(kind_of(grant->tags[i]), kind_of(tag))) {
			grant->tags[i] = tag;
			return;
		}
	}
	if (grant->tag_count < SUDOERS_TAGS_MAX) {
		grant->tags[grant->tag_count++] = tag;
	}
}

static void take_tags(struct sudoers_grants *it)
{
	for (;;) {
		struct span left = left_of(&it->rest);
		size_t len;

		if (starts_with_any(left, tag_names, COUNT_OF(tag_names))) {
			len = span_find(left, ':') + 1;
		} else if (starts_with_any(left, option_names, COUNT_OF(option_names))) {
			len = find_outside(left, " \t\n\r");
		} else {
			return;
		}
		set_tag(&it->last, reader_bytes(&it->rest, len));
		skip(&it->rest);
	}
}

/* True where another grant begins with brackets, tags or options of its own. */
static bool is_marked(struct span text)
{
	return span_starts_with(text, "(") ||
	       starts_with_any(text, tag_names, COUNT_OF(tag_names)) ||
	       starts_with_any(text, option_names, COUNT_OF(option_names));
}

/* "sha256:": the one colon that stands in a command without a backslash. */
static size_t digest_prefix(struct span command)
{
	static const char *const names[] = { "sha224:", "sha256:", "sha384:", "sha512:" };

	return starts_with_any(command, names, COUNT_OF(names)) ? 7 : 0;
}

/* Commands up to a colon, or to a comma behind which something else than a command comes. */
static bool take_commands(struct sudoers_grants *it)
{
	struct span left = left_of(&it->rest);
	size_t at = 0;

	for (;;) {
		at = skip_blanks(left, at);
		at += digest_prefix(span_after(left, at));
		at += find_outside(span_after(left, at), ",:");
		if (at >= left.len || left.ptr[at] == ':' ||
		    is_marked(span_after(left, skip_blanks(left, at + 1)))) {
			break;
		}
		at++;
	}
	it->last.commands = span_trim(reader_bytes(&it->rest, at));
	return it->last.commands.len > 0;
}

bool sudoers_grants_next(struct sudoers_grants *it, struct sudoers_grant *out)
{
	bool is_good = true;

	skip(&it->rest);
	if (reader_left(&it->rest) == 0) {
		return false;
	}
	if (it->last.hosts.len == 0 || reader_peek(&it->rest) == ':') {
		if (reader_peek(&it->rest) == ':') {
			(void)reader_u8(&it->rest);
			skip(&it->rest);
		}
		is_good = take_hosts(it);
	} else { /* the comma between two grants */
		(void)reader_u8(&it->rest);
	}
	skip(&it->rest);
	if (is_good && reader_peek(&it->rest) == '(') {
		is_good = take_runas(it);
	}
	take_tags(it);
	if (!is_good || !take_commands(it)) {
		reader_fail(&it->rest);
		it->is_malformed = true;
		return false;
	}
	*out = it->last;
	return true;
}

void sudoers_write_tags(const struct sudoers_grant *grant, struct writer *w)
{
	for (size_t i = 0; i < grant->tag_count; i++) {
		if (i > 0) {
			writer_u8(w, ' ');
		}
		sudoers_write(grant->tags[i], w);
	}
}

void sudoers_write(struct span part, struct writer *w)
{
	size_t at = skip_blanks(part, 0);

	while (at < part.len) {
		size_t next = skip_blanks(part, at);

		if (next > at) {
			at = next;
			if (at < part.len) {
				writer_u8(w, ' ');
			}
			continue;
		}
		writer_u8(w, part.ptr[at++]);
	}
}
