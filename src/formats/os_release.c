/* os_release.c - the subset of the shell's quoting that os-release(5) names. */
#include "formats/os_release.h"

#include "base/error.h"

static bool is_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.ptr[i];
		bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';

		if (!is_letter && !(i > 0 && c >= '0' && c <= '9')) {
			return false;
		}
	}
	return name.len > 0;
}

/* Within double quotes a backslash stands for itself before any other character. */
static bool is_escapable_in_quotes(uint8_t c)
{
	return c == '"' || c == '$' || c == '`' || c == '\\';
}

/* Writes a value without its quotes, or only checks it where w is NULL. */
static bool unquote(struct span raw, struct writer *w)
{
	struct reader r = reader_over(raw);
	uint8_t quote = 0;

	while (reader_left(&r) > 0) {
		uint8_t c = reader_u8(&r);

		if (quote == 0 && (c == '"' || c == '\'')) {
			quote = c;
			continue;
		}
		if (quote != 0 && c == quote) {
			quote = 0;
			continue;
		}
		if (c == '\\' && quote != '\'') {
			if (reader_left(&r) == 0) {
				return false;
			}
			if (quote == 0 || is_escapable_in_quotes(reader_peek(&r))) {
				c = reader_u8(&r);
			}
		}
		if (w != NULL) {
			writer_u8(w, c);
		}
	}
	return quote == 0;
}

struct os_release_iterator os_release_over(struct span file)
{
	return (struct os_release_iterator){ .rest = reader_over(file) };
}

bool os_release_next(struct os_release_iterator *it, struct os_release_entry *out)
{
	while (reader_left(&it->rest) > 0) {
		struct span line = span_trim(reader_line(&it->rest));
		size_t equals = span_find(line, '=');
		struct os_release_entry entry = {
			.name = span_first(line, equals),
			.raw = span_after(line, equals + 1),
		};

		if (line.len == 0 || line.ptr[0] == '#') {
			continue;
		}
		if (line.len > OS_RELEASE_LINE_MAX || equals == line.len || !is_name(entry.name) ||
		    !unquote(entry.raw, NULL)) {
			it->malformed++;
			continue;
		}
		*out = entry;
		return true;
	}
	return false;
}

int os_release_write(struct span raw, struct writer *w)
{
	size_t mark = writer_used(w);

	if (!unquote(raw, NULL)) {
		return ERR_MALFORMED;
	}
	if (!writer_ok(w)) {
		return ERR_FULL;
	}
	(void)unquote(raw, w);
	if (!writer_ok(w)) {
		writer_rewind(w, mark);
		return ERR_FULL;
	}
	return 0;
}

int os_release_find(struct span file, const char *name, struct writer *w)
{
	struct os_release_iterator it = os_release_over(file);
	struct os_release_entry entry;
	struct span found = { NULL, 0 };
	bool is_found = false;

	while (os_release_next(&it, &entry)) {
		if (span_is(entry.name, name)) {
			found = entry.raw;
			is_found = true;
		}
	}
	return is_found ? os_release_write(found, w) : ERR_NOT_FOUND;
}
