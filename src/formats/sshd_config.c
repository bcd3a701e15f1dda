/* sshd_config.c - follows strdelim() and argv_split() of OpenSSH 9.2 (misc.c). */
#include "formats/sshd_config.h"

#include "base/error.h"
#include "formats/split.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\f' || c == '\r';
}

struct sshd_config_iterator sshd_config_over(struct span file)
{
	return (struct sshd_config_iterator){ .rest = reader_over(file) };
}

/* Up to a blank, a quote or the one "=" that may stand between keyword and arguments. */
static bool parse(struct span line, struct sshd_config_entry *out)
{
	size_t len = 0;
	struct span rest;

	while (len < line.len && !is_blank(line.ptr[len]) && line.ptr[len] != '=' &&
	       line.ptr[len] != '"') {
		len++;
	}
	rest = span_trim(span_after(line, len));
	if (span_starts_with(rest, "=")) {
		rest = span_trim(span_after(rest, 1));
	}
	if (len == 0 || rest.len == 0 || rest.ptr[0] == '#') {
		return false;
	}
	*out = (struct sshd_config_entry){ .keyword = span_first(line, len), .arguments = rest };
	return true;
}

bool sshd_config_next(struct sshd_config_iterator *it, struct sshd_config_entry *out)
{
	while (reader_left(&it->rest) > 0) {
		struct span line = span_trim(reader_line(&it->rest));

		if (line.len == 0 || line.ptr[0] == '#') {
			continue;
		}
		if (line.len <= SSHD_CONFIG_LINE_MAX && parse(line, out)) {
			return true;
		}
		it->malformed++;
	}
	return false;
}

/* A backslash takes quotes, itself, and outside of quotes a blank, for what they are. */
static bool is_escaped(uint8_t next, uint8_t quote)
{
	return next == '\'' || next == '"' || next == '\\' || (quote == 0 && next == ' ');
}

int sshd_config_next_word(struct reader *arguments, struct writer *w)
{
	struct reader r = *arguments;
	size_t mark = writer_used(w);
	uint8_t quote = 0;

	while (reader_left(&r) > 0 && is_blank(reader_peek(&r))) {
		(void)reader_u8(&r);
	}
	if (reader_left(&r) == 0 || reader_peek(&r) == '#') {
		return ERR_NOT_FOUND;
	}
	while (reader_left(&r) > 0 && (quote != 0 || !is_blank(reader_peek(&r)))) {
		uint8_t c = reader_u8(&r);

		if (c == '\\' && is_escaped(reader_peek(&r), quote)) {
			writer_u8(w, reader_u8(&r));
		} else if (quote == 0 && (c == '"' || c == '\'')) {
			quote = c;
		} else if (quote != 0 && c == quote) {
			quote = 0;
		} else {
			writer_u8(w, c);
		}
	}
	if (quote != 0 || !writer_ok(w)) {
		int error = writer_ok(w) ? ERR_MALFORMED : ERR_FULL;

		writer_rewind(w, mark);
		return error;
	}
	*arguments = r;
	return 0;
}

int sshd_config_write(struct span arguments, struct writer *w)
{
	struct reader r = reader_over(arguments);
	size_t mark = writer_used(w);
	size_t end = mark;
	int error = sshd_config_next_word(&r, w);

	while (error == 0) {
		end = writer_used(w);
		writer_u8(w, ' ');
		error = sshd_config_next_word(&r, w);
	}
	writer_rewind(w, error == ERR_NOT_FOUND ? end : mark);
	return error == ERR_NOT_FOUND ? 0 : error;
}
