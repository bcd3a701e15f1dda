/*
 * sudo_rules.c - sudoers(5): /etc/sudoers and what it includes, a row a grant.
 *
 * Aliases are reported as they are written.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/collectors/path_list.h"
#include "agent/collectors/table.h"
#include "base/error.h"
#include "formats/sudoers.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define FILE_MAX  (1u << 20)
#define FILES_MAX 1024
#define DEPTH_MAX 16 /* sudo's own is 128 */
#define TEXT_MAX  (4 * ROW_TEXT_MAX)

struct sudo_walk {
	struct collection *c;
	size_t files;
	uint8_t text[TEXT_MAX];
};

static int read_file(struct sudo_walk *walk, const char *path, unsigned depth);

static void set_part(struct row *row, unsigned column, struct span part, struct writer *w)
{
	size_t mark = writer_used(w);

	sudoers_write(part, w);
	row_set_text_if_any(row, column, span_after(writer_span(w), mark));
}

static void emit(struct sudo_walk *walk, const char *path, const struct sudoers_entry *entry)
{
	struct sudoers_grants grants = sudoers_grants_over(entry->rest);
	struct sudoers_grant grant;

	while (sudoers_grants_next(&grants, &grant)) {
		struct writer w = writer_over(walk->text, sizeof walk->text);
		struct row *row = collection_row(walk->c);
		size_t mark;

		set_part(row, SUDO_RULES_USERS, entry->users, &w);
		set_part(row, SUDO_RULES_HOSTS, grant.hosts, &w);
		set_part(row, SUDO_RULES_RUNAS, grant.runas, &w);
		mark = writer_used(&w);
		sudoers_write_tags(&grant, &w);
		row_set_text_if_any(row, SUDO_RULES_TAGS, span_after(writer_span(&w), mark));
		set_part(row, SUDO_RULES_COMMANDS, grant.commands, &w);
		row_set_text(row, SUDO_RULES_PATH, span_of(path));
		collection_emit(walk->c);
	}
}

/* A relative path is one beside the file that includes it. */
static int resolve(const char *from, struct span to, char out[TREE_PATH_SIZE])
{
	char *path OWNED(alloc_free) = alloc_span(to);
	char *folder OWNED(alloc_free) = alloc_text(from);

	*strrchr(folder, '/') = '\0';
	return path[0] == '/' ? tree_join("", path + 1, out) : tree_join(folder, path, out);
}

/* sudo passes over names with a dot and those that end in "~". */
static bool is_name_taken(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	return strchr(name, '.') == NULL && !span_ends_with(span_of(name), "~");
}

static int read_folder(struct sudo_walk *walk, const char *folder, unsigned depth)
{
	char pattern[TREE_PATH_SIZE];
	struct path_list list;
	int error;

	if (tree_join(folder, "*", pattern) != 0) {
		return 0;
	}
	error = path_list_glob(walk->c->machine->tree, pattern, &list);
	if (error != 0) {
		return error;
	}
	for (size_t i = 0; error == 0 && i < list.count; i++) {
		if (is_name_taken(list.paths[i])) {
			error = read_file(walk, list.paths[i], depth);
		}
	}
	path_list_done(&list);
	return error;
}

static int take_entry(struct sudo_walk *walk, const struct sudoers_entry *entry, const char *path,
		      unsigned depth)
{
	char other[TREE_PATH_SIZE];

	switch (entry->kind) {
	case SUDOERS_RULE:
		emit(walk, path, entry);
		return 0;
	case SUDOERS_INCLUDE:
		return resolve(path, entry->rest, other) == 0 ? read_file(walk, other, depth + 1)
							      : 0;
	case SUDOERS_INCLUDE_FOLDER:
		return resolve(path, entry->rest, other) == 0 ? read_folder(walk, other, depth + 1)
							      : 0;
	default:
		return 0;
	}
}

/* Recursion ends at DEPTH_MAX. */
static int read_file(struct sudo_walk *walk, const char *path, unsigned depth)
{
	struct buffer file OWNED(buffer_done);
	struct sudoers_iterator it;
	struct sudoers_entry entry;
	int error;

	buffer_init(&file, FILE_MAX);
	if (depth > DEPTH_MAX || ++walk->files > FILES_MAX) {
		return 0;
	}
	error = tree_read(walk->c->machine->tree, path, &file);
	if (error != 0) {
		return collection_missing(error);
	}
	it = sudoers_over(buffer_span(&file));
	while (error == 0 && sudoers_next(&it, &entry)) {
		error = take_entry(walk, &entry, path, depth);
	}
	return error;
}

static int sudo_rules_collect(struct collection *c)
{
	struct sudo_walk *walk OWNED(alloc_free) = alloc_zeroed(1, sizeof *walk);

	walk->c = c;
	return read_file(walk, "/etc/sudoers", 0);
}

const struct collector collector_sudo_rules = {
	.name = "sudo_rules",
	.summary = "/etc/sudoers and what it includes",
	.table = TABLE_SUDO_RULES,
	.collect = sudo_rules_collect,
};
