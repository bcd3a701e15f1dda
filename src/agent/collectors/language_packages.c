/*
 * language_packages.c - npm, gem and cargo, and the walk that they share with Python and Go.
 *
 * Only where packages are installed for all users: a project's own folder is its owner's matter.
 */
#include "agent/collectors/language_packages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/collectors/table.h"
#include "base/error.h"
#include "formats/json.h"
#include "formats/passwd.h"
#include "formats/split.h"
#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define PACKAGE_JSON_MAX (256u << 10)
#define CRATES_MAX       (1u << 20)
#define PASSWD_MAX       (4u << 20)
#define NPM_DEPTH_MAX    8
#define HEAD_STEP        4096
#define TEXT_MAX         512

void language_emit(struct language_walk *walk, const char *ecosystem, struct span name,
		   struct span version, const char *path, struct span license)
{
	struct row *row = collection_row(walk->c);

	if (name.len == 0 || version.len == 0) {
		return;
	}
	row_set_text(row, LANGUAGE_PACKAGES_ECOSYSTEM, span_of(ecosystem));
	row_set_text(row, LANGUAGE_PACKAGES_NAME, name);
	row_set_text(row, LANGUAGE_PACKAGES_VERSION, version);
	row_set_text(row, LANGUAGE_PACKAGES_PATH, span_of(path));
	row_set_text_if_any(row, LANGUAGE_PACKAGES_LICENSE, license);
	collection_emit(walk->c);
}

int language_read_head(const struct language_walk *walk, const char *path, struct buffer *out)
{
	OWNED(file_close) int fd = -1;
	int error = tree_open(walk->c->machine->tree, path, &fd);

	while (error == 0) {
		uint8_t *at = buffer_reserve(out, HEAD_STEP);
		ssize_t len = at != NULL ? read(fd, at, HEAD_STEP) : 0;

		if (len < 0 && errno == EINTR) {
			continue;
		}
		if (len <= 0) {
			return len < 0 ? ERR_IO : 0;
		}
		buffer_grow(out, (size_t)len);
	}
	return error;
}

void language_each(struct language_walk *walk, const char *folder, language_taker *take)
{
	struct tree_folder *opened OWNED(tree_folder_close) = NULL;
	const char *name;
	char type;

	if (tree_folder_open(walk->c->machine->tree, folder, &opened) != 0) {
		return;
	}
	while (walk->packages < LANGUAGE_PACKAGES_MAX && tree_folder_next(opened, &name, &type)) {
		take(walk, folder, name, type);
	}
}

void language_each_below(struct language_walk *walk, const char *parent, const char *prefix,
			 const char *sub, language_taker *take)
{
	struct tree_folder *opened OWNED(tree_folder_close) = NULL;
	char folder[TREE_PATH_SIZE];
	const char *name;
	char type;

	if (tree_folder_open(walk->c->machine->tree, parent, &opened) != 0) {
		return;
	}
	while (tree_folder_next(opened, &name, &type)) {
		if (type == 'd' && span_starts_with(span_of(name), prefix) &&
		    tree_join(parent, name, folder) == 0 && tree_join(folder, sub, folder) == 0) {
			language_each(walk, folder, take);
		}
	}
}

/* What a member says, resolved, in text; empty where it is no string. */
static struct span string_of(struct json *j, uint8_t text[TEXT_MAX])
{
	struct writer w = writer_over(text, TEXT_MAX);
	struct span written;

	if (json_text(j, &written)) {
		json_write_string(written, &w);
	}
	return writer_ok(&w) ? writer_span(&w) : span_of(NULL);
}

/* "MIT", or as packages of old have it {"type": "MIT", "url": ...}. */
static struct span license_of(struct json *j, uint8_t text[TEXT_MAX])
{
	struct json ahead = *j;
	struct span license = span_of(NULL);
	struct span name;

	if (json_next(&ahead).kind != JSON_OBJECT) {
		return string_of(j, text);
	}
	*j = ahead;
	while (json_member(j, &name)) {
		if (span_is(name, "type")) {
			license = string_of(j, text);
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
	return license;
}

static void take_package_json(struct language_walk *walk, const char *path)
{
	struct buffer file OWNED(buffer_done);
	uint8_t texts[3][TEXT_MAX];
	struct span name = { NULL, 0 };
	struct span version = { NULL, 0 };
	struct span license = { NULL, 0 };
	struct span member;
	struct json j;

	buffer_init(&file, PACKAGE_JSON_MAX);
	if (tree_read(walk->c->machine->tree, path, &file) != 0) {
		return;
	}
	j = json_over(buffer_span(&file));
	if (!json_enter(&j, JSON_OBJECT)) {
		return;
	}
	while (json_member(&j, &member)) {
		if (span_is(member, "name")) {
			name = string_of(&j, texts[0]);
		} else if (span_is(member, "version")) {
			version = string_of(&j, texts[1]);
		} else if (span_is(member, "license")) {
			license = license_of(&j, texts[2]);
		} else {
			json_skip(&j, json_next(&j).kind);
		}
	}
	if (json_ok(&j)) {
		walk->packages++;
		language_emit(walk, "npm", name, version, path, license);
	}
}

/* FOLDER/NAME/package.json, those of a scope (@NAME), and packages of a package's own. */
static void take_npm(struct language_walk *walk, const char *folder, const char *name, char type)
{
	char path[TREE_PATH_SIZE];
	char child[TREE_PATH_SIZE];
	size_t depth = 0;

	for (const char *at = folder; (at = strstr(at, "/node_modules")) != NULL; at++) {
		depth++;
	}
	if (type != 'd' || name[0] == '.' || depth > NPM_DEPTH_MAX ||
	    tree_join(folder, name, path) != 0) {
		return;
	}
	if (name[0] == '@') {
		language_each(walk, path, take_npm);
		return;
	}
	if (tree_join(path, "package.json", child) == 0) {
		take_package_json(walk, child);
	}
	if (tree_join(path, "node_modules", child) == 0) {
		language_each(walk, child, take_npm);
	}
}

/* "nokogiri-1.15.0-x86_64-linux": the version begins with the last "-" and digit whose part has a
 * dot. */
static size_t version_at(struct span name)
{
	size_t found = name.len;

	for (size_t i = 0; i + 1 < name.len; i++) {
		struct span part = span_after(name, i + 1);

		part = span_first(part, span_find(part, '-'));
		if (name.ptr[i] == '-' && part.len > 0 && part.ptr[0] >= '0' &&
		    part.ptr[0] <= '9' && (found == name.len || span_find(part, '.') < part.len)) {
			found = i;
		}
	}
	return found;
}

static void take_gem(struct language_walk *walk, const char *folder, const char *name, char type)
{
	struct span text = span_of(name);
	struct span version;
	char path[TREE_PATH_SIZE];
	size_t at;

	if (type == 'd' && strcmp(name, "default") == 0 && tree_join(folder, name, path) == 0) {
		language_each(walk, path, take_gem);
		return;
	}
	if (!span_ends_with(text, ".gemspec") || tree_join(folder, name, path) != 0) {
		return;
	}
	text = span_first(text, text.len - (sizeof ".gemspec" - 1));
	at = version_at(text);
	version = span_after(text, at + 1);
	walk->packages++;
	language_emit(walk, "rubygems", span_first(text, at),
		      span_first(version, span_find(version, '-')), path, span_of(NULL));
}

/* "ripgrep 14.1.0 (registry+https://...)" = ["rg"] */
static void take_crates(struct language_walk *walk, const char *path)
{
	struct buffer file OWNED(buffer_done);
	struct reader r;

	buffer_init(&file, CRATES_MAX);
	if (tree_read(walk->c->machine->tree, path, &file) != 0) {
		return;
	}
	r = reader_over(buffer_span(&file));
	while (reader_left(&r) > 0 && walk->packages < LANGUAGE_PACKAGES_MAX) {
		struct reader line = reader_over(span_trim(reader_line(&r)));
		struct reader quoted;
		struct span name;
		struct span version;

		if (reader_u8(&line) != '"') {
			continue;
		}
		quoted = reader_over(reader_until(&line, '"'));
		if (split_word(&quoted, &name) && split_word(&quoted, &version)) {
			walk->packages++;
			language_emit(walk, "cargo", name, version, path, span_of(NULL));
		}
	}
}

static bool is_home_of_earlier(struct span passwd, const struct passwd_entry *user)
{
	struct passwd_iterator it = passwd_over(passwd);
	struct passwd_entry entry;

	while (passwd_next(&it, &entry) && entry.name.ptr != user->name.ptr) {
		if (span_equal(entry.home, user->home)) {
			return true;
		}
	}
	return false;
}

static void take_home(struct language_walk *walk, struct span home)
{
	char folder[TREE_PATH_SIZE];
	char path[TREE_PATH_SIZE];

	if (home.len >= sizeof folder || !span_starts_with(home, "/") || home.len < 2) {
		return;
	}
	memcpy(folder, home.ptr, home.len);
	folder[home.len] = '\0';
	if (tree_join(folder, ".cargo/.crates.toml", path) == 0) {
		take_crates(walk, path);
	}
	if (tree_join(folder, "go/bin", path) == 0) {
		language_packages_go(walk, path);
	}
}

static int take_homes(struct language_walk *walk)
{
	struct buffer passwd OWNED(buffer_done);
	struct passwd_iterator it;
	struct passwd_entry user;
	int error;

	buffer_init(&passwd, PASSWD_MAX);
	error = tree_read(walk->c->machine->tree, "/etc/passwd", &passwd);
	if (error != 0) {
		return collection_missing(error);
	}
	it = passwd_over(buffer_span(&passwd));
	while (passwd_next(&it, &user)) {
		if (!is_home_of_earlier(buffer_span(&passwd), &user)) {
			take_home(walk, user.home);
		}
	}
	return 0;
}

static int language_packages_collect(struct collection *c)
{
	static const char *const gems[] = { "/var/lib/gems", "/usr/share/rubygems-integration",
					    "/usr/lib/ruby/gems", "/usr/local/lib/ruby/gems" };
	struct language_walk walk = { .c = c };

	language_packages_python(&walk);
	for (size_t i = 0; i < COUNT_OF(gems); i++) {
		language_each_below(&walk, gems[i], "", "specifications", take_gem);
	}
	language_each(&walk, "/usr/share/gems/specifications", take_gem);
	language_each(&walk, "/usr/lib/node_modules", take_npm);
	language_each(&walk, "/usr/local/lib/node_modules", take_npm);
	language_each(&walk, "/usr/share/nodejs", take_npm);
	language_packages_go(&walk, "/usr/local/bin");
	language_packages_go(&walk, "/usr/bin");
	return take_homes(&walk);
}

const struct collector collector_language_packages = {
	.name = "language_packages",
	.summary = "packages of npm, pip, gem, cargo and in programs of Go",
	.table = TABLE_LANGUAGE_PACKAGES,
	.collect = language_packages_collect,
};
