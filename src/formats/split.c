/* split.c - words and fields. */
#include "formats/split.h"

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

bool split_word(struct reader *line, struct span *word)
{
	struct reader start;
	size_t len = 0;

	while (reader_left(line) > 0 && is_blank(reader_peek(line))) {
		(void)reader_u8(line);
	}
	start = *line;
	while (reader_left(line) > 0 && !is_blank(reader_peek(line))) {
		(void)reader_u8(line);
		len++;
	}
	if (len == 0) {
		return false;
	}
	*word = reader_bytes(&start, len);
	return true;
}

bool split_fields(struct span line, uint8_t delimiter, struct span *fields, size_t count)
{
	struct reader r = reader_over(line);
	size_t delimiters = 0;

	for (size_t i = 0; i < line.len; i++) {
		delimiters += line.ptr[i] == delimiter;
	}
	if (delimiters + 1 != count) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		fields[i] = reader_until(&r, delimiter);
	}
	return true;
}

bool split_is_blank(struct span line)
{
	return span_trim(line).len == 0;
}

bool split_account_line(struct reader *rest, size_t *nis, struct span *line)
{
	while (reader_left(rest) > 0) {
		struct span next = reader_line(rest);

		if (split_is_blank(next) || next.ptr[0] == '#') {
			continue;
		}
		if (next.ptr[0] == '+' || next.ptr[0] == '-') {
			(*nis)++;
			continue;
		}
		*line = next;
		return true;
	}
	return false;
}
