/*
 * sshd_config.c - what an administrator has told sshd: files, includes and Match blocks, the value
 * in force each.
 *
 * Within a context (the whole server, or the connections that a Match names) the first value of a
 * keyword wins, but for keywords that gather. What a file does not set is not reported: the default
 * is the program's.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/collectors/path_list.h"
#include "agent/collectors/table.h"
#include "base/error.h"
#include "formats/ascii.h"
#include "formats/sshd_config.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define FILE_MAX       (1u << 20)
#define FILES_MAX      1024
#define DEPTH_MAX      16 /* SERVCONF_MAX_DEPTH of OpenSSH */
#define SETTINGS_MAX   8192
#define KEYWORD_SIZE   64
#define VALUE_SIZE     ROW_TEXT_MAX
#define DEFAULT_FOLDER "/etc/ssh"

/* The first that is there is the one sshd reads. */
static const char *const files[] = { DEFAULT_FOLDER "/sshd_config", "/usr/etc/ssh/sshd_config" };

/* Keywords whose values add up, line by line. */
static const char *const gathering[] = {
	"acceptenv", "allowgroups", "allowusers",    "denygroups", "denyusers", "hostcertificate",
	"hostkey",   "logverbose",  "listenaddress", "port",       "setenv",    "subsystem",
};

/* Old names of keywords (servconf.c of OpenSSH). */
static const struct {
	const char *old;
	const char *now;
} renamed[] = {
	{ "challengeresponseauthentication", "kbdinteractiveauthentication" },
	{ "skeyauthentication", "kbdinteractiveauthentication" },
	{ "dsaauthentication", "pubkeyauthentication" },
	{ "hostdsakey", "hostkey" },
	{ "keepalive", "tcpkeepalive" },
	{ "pubkeyacceptedkeytypes", "pubkeyacceptedalgorithms" },
	{ "hostbasedacceptedkeytypes", "hostbasedacceptedalgorithms" },
};

struct setting {
	char *keyword;
	char *condition; /* "" for the whole server */
	char *value;
	char *path; /* of the first value */
};

struct sshd_walk {
	struct collection *c;
	struct setting *settings;
	size_t count;
	size_t files;
};

static int read_config(struct sshd_walk *walk, const char *path, const char *base, unsigned depth);

static bool gathers(const char *keyword)
{
	for (size_t i = 0; i < COUNT_OF(gathering); i++) {
		if (strcmp(keyword, gathering[i]) == 0) {
			return true;
		}
	}
	return false;
}

/* In lower case, by the name it has now. False where it is longer than any. */
static bool keyword_of(struct span written, char out[KEYWORD_SIZE])
{
	if (written.len >= KEYWORD_SIZE) {
		return false;
	}
	for (size_t i = 0; i < written.len; i++) {
		out[i] = (char)ascii_lower(written.ptr[i]);
	}
	out[written.len] = '\0';
	for (size_t i = 0; i < COUNT_OF(renamed); i++) {
		if (strcmp(out, renamed[i].old) == 0) {
			memcpy(out, renamed[i].now, strlen(renamed[i].now) + 1);
		}
	}
	return true;
}

static struct setting *find(const struct sshd_walk *walk, const char *keyword,
			    const char *condition)
{
	for (size_t i = 0; i < walk->count; i++) {
		if (strcmp(walk->settings[i].keyword, keyword) == 0 &&
		    strcmp(walk->settings[i].condition, condition) == 0) {
			return &walk->settings[i];
		}
	}
	return NULL;
}

static void append(struct setting *setting, const char *separator, const char *value)
{
	size_t size = strlen(setting->value) + strlen(separator) + strlen(value) + 1;
	struct writer w;

	if (size > VALUE_SIZE) {
		return;
	}
	setting->value = alloc_resize(setting->value, size, 1);
	w = writer_over((uint8_t *)setting->value, size);
	(void)writer_reserve(&w, strlen(setting->value));
	writer_text(&w, separator);
	writer_text(&w, value);
	writer_u8(&w, '\0');
}

static void add(struct sshd_walk *walk, const char *keyword, const char *condition,
		const char *value, const char *path)
{
	struct setting *earlier = find(walk, keyword, condition);

	if (earlier != NULL) {
		if (gathers(keyword)) {
			append(earlier, strcmp(keyword, "subsystem") == 0 ? ", " : " ", value);
		}
		return;
	}
	if (walk->count == SETTINGS_MAX) {
		return;
	}
	if (walk->count % 32 == 0) {
		walk->settings =
			alloc_resize(walk->settings, walk->count + 32, sizeof *walk->settings);
	}
	walk->settings[walk->count++] = (struct setting){ .keyword = alloc_text(keyword),
							  .condition = alloc_text(condition),
							  .value = alloc_text(value),
							  .path = alloc_text(path) };
}

/* A Match within the file that an Include within a Match names holds where both do. */
static char *joined_condition(const char *base, const char *own)
{
	size_t size = strlen(base) + strlen(own) + sizeof " and ";
	char *joined = alloc_zeroed(1, size);
	struct writer w = writer_over((uint8_t *)joined, size - 1);

	writer_text(&w, base);
	writer_text(&w, base[0] != '\0' ? " and " : "");
	writer_text(&w, own);
	return joined;
}

static int include(struct sshd_walk *walk, struct span arguments, const char *condition,
		   unsigned depth)
{
	struct reader r = reader_over(arguments);
	char word[TREE_PATH_SIZE];
	char pattern[TREE_PATH_SIZE];
	int error = 0;

	while (error == 0) {
		struct writer w = writer_over((uint8_t *)word, sizeof word - 1);
		struct path_list list;

		if (sshd_config_next_word(&r, &w) != 0) {
			break;
		}
		word[writer_used(&w)] = '\0';
		if ((word[0] == '/' ? tree_join("", word + 1, pattern)
				    : tree_join(DEFAULT_FOLDER, word, pattern)) != 0) {
			continue;
		}
		error = path_list_glob(walk->c->machine->tree, pattern, &list);
		if (error != 0) {
			break;
		}
		for (size_t i = 0; error == 0 && i < list.count; i++) {
			error = read_config(walk, list.paths[i], condition, depth + 1);
		}
		path_list_done(&list);
	}
	return error;
}

/* One line. *condition: of the Match that the line is in, on the heap. */
static int take_entry(struct sshd_walk *walk, const struct sshd_config_entry *entry,
		      const char *path, const char *base, char **condition, unsigned depth)
{
	char value[VALUE_SIZE];
	struct writer w = writer_over((uint8_t *)value, sizeof value - 1);
	char keyword[KEYWORD_SIZE];

	if (!keyword_of(entry->keyword, keyword)) {
		return 0;
	}
	if (strcmp(keyword, "include") == 0) {
		return include(walk, entry->arguments, *condition, depth);
	}
	if (strcmp(keyword, "forcecommand") == 0) { /* for a shell, which takes the quotes itself */
		writer_bytes(&w, span_first(entry->arguments, sizeof value - 1));
	} else if (sshd_config_write(entry->arguments, &w) != 0) {
		return 0; /* sshd refuses the whole file; what it runs with is what it read before
			   */
	}
	value[writer_used(&w)] = '\0';
	if (strcmp(keyword, "match") == 0) {
		alloc_free(condition);
		*condition = joined_condition(base, value);
	} else {
		add(walk, keyword, *condition, value, path);
	}
	return 0;
}

/* Recursion ends at DEPTH_MAX. base: the condition under which the file is included. */
static int read_config(struct sshd_walk *walk, const char *path, const char *base, unsigned depth)
{
	char *condition OWNED(alloc_free) = alloc_text(base);
	struct buffer file OWNED(buffer_done);
	struct sshd_config_iterator it;
	struct sshd_config_entry entry;
	int error;

	buffer_init(&file, FILE_MAX);
	if (depth > DEPTH_MAX || ++walk->files > FILES_MAX) {
		return 0;
	}
	error = tree_read(walk->c->machine->tree, path, &file);
	if (error != 0) {
		return collection_missing(error);
	}
	it = sshd_config_over(buffer_span(&file));
	while (error == 0 && sshd_config_next(&it, &entry)) {
		error = take_entry(walk, &entry, path, base, &condition, depth);
	}
	return error;
}

static void emit_all(struct sshd_walk *walk)
{
	for (size_t i = 0; i < walk->count; i++) {
		const struct setting *setting = &walk->settings[i];
		struct row *row = collection_row(walk->c);

		row_set_text(row, SSHD_CONFIG_KEYWORD, span_of(setting->keyword));
		row_set_text(row, SSHD_CONFIG_VALUE, span_of(setting->value));
		row_set_text(row, SSHD_CONFIG_CONDITION, span_of(setting->condition));
		row_set_text(row, SSHD_CONFIG_PATH, span_of(setting->path));
		collection_emit(walk->c);
	}
}

static void walk_done(struct sshd_walk *walk)
{
	for (size_t i = 0; i < walk->count; i++) {
		free(walk->settings[i].keyword);
		free(walk->settings[i].condition);
		free(walk->settings[i].value);
		free(walk->settings[i].path);
	}
	free(walk->settings);
}

static int sshd_config_collect(struct collection *c)
{
	struct sshd_walk walk = { .c = c };
	struct tree_entry status;
	int error = 0;

	for (size_t i = 0; i < COUNT_OF(files); i++) {
		if (tree_look(c->machine->tree, files[i], &status, NULL) == 0) {
			error = read_config(&walk, files[i], "", 0);
			break;
		}
	}
	if (error == 0) {
		emit_all(&walk);
	}
	walk_done(&walk);
	return error;
}

const struct collector collector_sshd_config = {
	.name = "sshd_config",
	.summary = "settings of sshd, with includes and Match blocks",
	.table = TABLE_SSHD_CONFIG,
	.collect = sshd_config_collect,
};
