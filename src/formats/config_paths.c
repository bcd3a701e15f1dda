/* config_paths.c - words between what cannot be in a path that people write. */
#include "formats/config_paths.h"

#include <string.h>

struct config_paths config_paths_over(struct span file)
{
	return (struct config_paths){ .rest = reader_over(file) };
}

static bool is_separator(uint8_t c)
{
	return c <= ' ' || c == 0x7f || strchr("\"'`=;,<>(){}[]", c) != NULL;
}

/* The bytes up to a separator, which is left. */
static struct span take_word(struct reader *r)
{
	struct reader ahead = *r;
	size_t len = 0;

	while (reader_left(&ahead) > 0 && !is_separator(reader_peek(&ahead))) {
		(void)reader_u8(&ahead);
		len++;
	}
	return reader_bytes(r, len);
}

/* A # begins a comment where a word would begin. */
static void skip_separators(struct reader *r)
{
	while (reader_left(r) > 0) {
		if (reader_peek(r) == '#') {
			(void)reader_line(r);
		} else if (is_separator(reader_peek(r))) {
			(void)reader_u8(r);
		} else {
			return;
		}
	}
}

bool config_paths_next(struct config_paths *it, struct span *out)
{
	for (;;) {
		struct span word;

		skip_separators(&it->rest);
		if (reader_left(&it->rest) == 0) {
			return false;
		}
		word = take_word(&it->rest);
		if (word.len <= CONFIG_PATH_MAX &&
		    (span_find(word, '/') < word.len || span_find(word, '.') < word.len)) {
			*out = word;
			return true;
		}
	}
}
