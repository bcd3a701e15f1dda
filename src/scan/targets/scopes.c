/* scopes.c - one range a line: "10.0.0.0-10.0.255.255  # said 2026-11-22T..." */
#include "scan/targets/scopes.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/reader.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"

int scopes_path(char out[4096])
{
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (config != NULL && config[0] == '/') {
		snprintf(out, 4096, "%.4000s/bartizan/scopes", config);
		return 0;
	}
	if (home != NULL && home[0] == '/') {
		snprintf(out, 4096, "%.4000s/.config/bartizan/scopes", home);
		return 0;
	}
	return ERR_NOT_FOUND;
}

int scopes_read(const char *path, struct targets **out, struct why *why)
{
	struct targets *scope = targets_new();
	struct buffer file;
	struct reader r;
	size_t number = 0;
	int error;

	buffer_init(&file, SCOPES_FILE_MAX);
	error = file_read(path, &file);
	if (error != 0 && error != ERR_NOT_FOUND) {
		(void)why_set(why, error, "%.300s cannot be read: %s", path, error_text(error));
	}
	error = error == ERR_NOT_FOUND ? 0 : error;
	r = reader_over(buffer_span(&file));
	while (error == 0 && reader_left(&r) > 0) {
		struct span line = reader_line(&r);

		line = span_trim(span_first(line, span_find(line, '#')));
		number++;
		if (line.len > 0 && targets_add_word(scope, line, why) != 0) {
			error = why_set(why, ERR_MALFORMED,
					"%.300s: line %zu is no range of addresses", path, number);
		}
	}
	buffer_done(&file);
	if (error == 0) {
		/* may be more than one scan could visit: it is only asked what it contains */
		(void)(targets_settle(scope, NULL) == 0);
		*out = scope;
	} else {
		targets_free(&scope);
	}
	return error;
}

static int append_ranges(struct buffer *file, const struct targets *scope)
{
	char when[CLOCK_TEXT_SIZE];
	size_t count;
	const struct targets_range *ranges = targets_ranges(scope, &count);
	int error = 0;

	clock_to_text(clock_wall_ms(), when);
	for (size_t i = 0; i < count && error == 0; i++) {
		char first[ADDRESS_TEXT_MAX];
		char last[ADDRESS_TEXT_MAX];
		char line[160];

		address_text(&ranges[i].first, first);
		address_text(&ranges[i].last, last);
		snprintf(line, sizeof line, "%s-%s  # said %s\n", first, last, when);
		error = buffer_append(file, span_of(line));
	}
	return error;
}

int scopes_add(const char *path, const struct targets *scope, struct why *why)
{
	OWNED(alloc_free) char *copy = alloc_text(path);
	struct buffer file;
	int error = file_make_folder(dirname(copy), 0700, why);

	if (error != 0) {
		return error;
	}
	buffer_init(&file, SCOPES_FILE_MAX);
	error = file_read(path, &file);
	if (error == 0 || error == ERR_NOT_FOUND) {
		error = append_ranges(&file, scope);
		error = error == 0 ? file_replace(path, buffer_span(&file), 0600, why)
				   : why_set(why, error, "%.300s is full", path);
	} else {
		(void)why_set(why, error, "%.300s cannot be read: %s", path, error_text(error));
	}
	buffer_done(&file);
	return error;
}
