/* contact.c - words, and what they look like. */
#include "scan/contact.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"

const struct contact contact_default = { .text = CONTACT_DEFAULT };

static bool is_plain(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.ptr[i];

		if (c < 0x20 || c > 0x7e || c == '"' || c == '(' || c == ')' || c == '<' ||
		    c == '>' || c == '\\') {
			return false;
		}
	}
	return true;
}

static void keep(char out[CONTACT_MAX + 1], struct span text)
{
	if (out[0] == '\0' && text.len <= CONTACT_MAX) {
		mem_copy(out, text.ptr, text.len);
		out[text.len] = '\0';
	}
}

/* Up to the path, without a port. */
static struct span host_of(struct span url)
{
	struct span rest = span_after(url, span_find(url, '/') + 2);

	rest = span_first(rest, span_find(rest, '/'));
	return span_first(rest, span_find(rest, ':'));
}

static void take_word(struct contact *c, struct span word)
{
	size_t at = span_find(word, '@');

	while (word.len > 0 && (word.ptr[word.len - 1] == ',' || word.ptr[word.len - 1] == ';' ||
				word.ptr[word.len - 1] == '.')) {
		word.len--;
	}
	if (span_starts_with(word, "mailto:")) {
		word = span_after(word, 7);
		at = span_find(word, '@');
	}
	if (span_starts_with(word, "https://") || span_starts_with(word, "http://")) {
		keep(c->url, word);
		keep(c->host, host_of(word));
	} else if (at > 0 && at + 1 < word.len) {
		keep(c->mail, word);
		keep(c->host, span_after(word, at + 1));
	}
}

int contact_parse(const char *text, struct contact *out, struct why *why)
{
	struct contact made = { .text = "" };
	struct span whole = span_trim(span_of(text));
	struct reader words = reader_over(whole);

	if (whole.len == 0 || whole.len > CONTACT_MAX || !is_plain(whole)) {
		return why_set(why, ERR_USAGE,
			       "who scans and where to ask is said in 1 to %d characters of ASCII, "
			       "without quotes, brackets and backslashes",
			       CONTACT_MAX);
	}
	keep(made.text, whole);
	while (reader_left(&words) > 0) {
		take_word(&made, reader_until(&words, ' '));
	}
	*out = made;
	return 0;
}

void contact_write_comment(const struct contact *contact, struct writer *say)
{
	if (contact->url[0] != '\0') {
		writer_text(say, "+");
		writer_text(say, contact->url);
	} else {
		writer_text(say, contact->text);
	}
}

void contact_write_agent(const struct contact *contact, struct writer *say)
{
	writer_text(say, "bartizan (");
	contact_write_comment(contact, say);
	writer_text(say, ")");
}
