/*
 * versions_compare.c - versions-compare: the schemes as a filter, so that a test can set
 * them against each ecosystem's own tool.
 *
 * "scheme<TAB>a<TAB>b" gives <, = or >; "scheme<TAB>a" gives valid or malformed.
 */
#include "base/reader.h"
#include "formats/versions/versions.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

static const char *answer(struct span line)
{
	struct reader r = reader_over(line);
	const struct version_scheme *scheme = version_scheme_named(reader_until(&r, '\t'));
	struct span versions = reader_rest(&r);
	size_t tab = span_find(versions, '\t');
	int order;

	if (scheme == NULL) {
		return NULL;
	}
	if (tab == versions.len) {
		return scheme->is_valid(versions) ? "valid" : "malformed";
	}
	order = scheme->compare(span_first(versions, tab), span_after(versions, tab + 1));
	return order < 0 ? "<" : order > 0 ? ">" : "=";
}

int main(void)
{
	char *line = NULL;
	size_t capacity = 0;
	ssize_t len;
	int code = 0;

	while (code == 0 && (len = getline(&line, &capacity, stdin)) > 0) {
		struct span text = { (const uint8_t *)line, (size_t)len };
		const char *said =
			answer(span_ends_with(text, "\n") ? span_first(text, text.len - 1) : text);

		if (said == NULL) {
			fputs("versions-compare: no such scheme\n", stderr);
			code = 1;
		} else {
			puts(said);
		}
	}
	free(line);
	return code;
}
