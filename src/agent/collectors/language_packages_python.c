/* language_packages_python.c - METADATA and PKG-INFO (PEP 566), which look like mail. */
#include <string.h>

#include "agent/collectors/language_packages.h"
#include "formats/deb822.h"

/* The fields come first, a long description behind them. */
#define METADATA_MAX (64u << 10)

static struct span first_line(struct span value)
{
	return span_trim(span_first(value, span_find(value, '\n')));
}

static void take_metadata(struct language_walk *walk, const char *path)
{
	struct buffer file OWNED(buffer_done);
	struct deb822_stanzas stanzas;
	struct deb822_fields fields;
	struct deb822_field field;
	struct span name = { NULL, 0 };
	struct span version = { NULL, 0 };
	struct span license = { NULL, 0 };
	struct span stanza;

	buffer_init(&file, METADATA_MAX);
	if (language_read_head(walk, path, &file) != 0) {
		return;
	}
	stanzas = deb822_stanzas_over(buffer_span(&file));
	if (!deb822_stanzas_next(&stanzas, &stanza)) {
		return;
	}
	fields = deb822_fields_over(stanza);
	while (deb822_fields_next(&fields, &field)) {
		if (deb822_field_is(&field, "Name")) {
			name = field.value;
		} else if (deb822_field_is(&field, "Version")) {
			version = field.value;
		} else if (deb822_field_is(&field, "License-Expression") ||
			   (deb822_field_is(&field, "License") && license.len == 0 &&
			    !span_is(field.value, "UNKNOWN"))) {
			license = first_line(field.value);
		}
	}
	walk->packages++;
	language_emit(walk, "pypi", name, version, path, license);
}

static void take_python(struct language_walk *walk, const char *folder, const char *name, char type)
{
	struct span text = span_of(name);
	char path[TREE_PATH_SIZE];

	if (tree_join(folder, name, path) != 0) {
		return;
	}
	if (span_ends_with(text, ".dist-info")) {
		if (tree_join(path, "METADATA", path) == 0) {
			take_metadata(walk, path);
		}
	} else if (span_ends_with(text, ".egg-info") &&
		   (type != 'd' || tree_join(path, "PKG-INFO", path) == 0)) {
		take_metadata(walk, path);
	}
}

static void take_library(struct language_walk *walk, const char *library)
{
	language_each_below(walk, library, "python3", "dist-packages", take_python);
	language_each_below(walk, library, "python3", "site-packages", take_python);
}

/* An environment of its own in /opt/NAME, or in a folder in it that is commonly called so. */
static void take_environment(struct language_walk *walk, const char *folder, const char *name,
			     char type)
{
	static const char *const places[] = { "lib", "venv/lib", ".venv/lib", "env/lib" };
	char path[TREE_PATH_SIZE];
	char library[TREE_PATH_SIZE];

	if (type != 'd' || tree_join(folder, name, path) != 0) {
		return;
	}
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		if (tree_join(path, places[i], library) == 0) {
			take_library(walk, library);
		}
	}
}

void language_packages_python(struct language_walk *walk)
{
	take_library(walk, "/usr/lib");
	take_library(walk, "/usr/lib64");
	take_library(walk, "/usr/local/lib");
	language_each(walk, "/opt", take_environment);
}
