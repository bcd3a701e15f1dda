/*
 * updates_apt.c - /var/lib/apt/lists: HOST_dists_SUITE_InRelease says what an archive is,
 * HOST_dists_SUITE_COMPONENT_binary-ARCH_Packages what it has.
 *
 * Lists are streamed: of a hundred megabytes, only what is offered of installed packages is kept.
 */
#include "agent/collectors/updates_apt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/collectors/path_list.h"
#include "base/error.h"
#include "formats/apt_packages.h"
#include "formats/apt_policy.h"
#include "formats/lz4_frame.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "sys/file.h"

#define LISTS           "/var/lib/apt/lists"
#define RELEASE_HEAD    8192 /* of a Release file: what is behind are sums */
#define PREFERENCES_MAX (1u << 20)
#define PIECE_BYTES     65536
#define STANZA_MAX      (4u << 20)

/* A Packages or Release file. */
struct list_file {
	char *name;
	uint64_t stamp;
};

struct apt_walk {
	struct tree_folder *folder;
	struct offers *offers;
	struct list_file files[OFFERS_LISTS_MAX];
	size_t count;
	struct buffer preferences;
	const char *off;
};

static uint64_t mix(uint64_t hash, struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		hash = (hash ^ bytes.ptr[i]) * UINT64_C(1099511628211); /* FNV-1a */
	}
	return hash;
}

static bool is_list(struct span name)
{
	return memmem(name.ptr, name.len, "_Packages", 9) != NULL;
}

static bool is_release(struct span name)
{
	return span_ends_with(name, "_InRelease") || span_ends_with(name, "_Release");
}

/* stamp: another number where the file is another one. */
static void find_lists(struct apt_walk *walk)
{
	const char *name;
	char type;

	while (walk->count < OFFERS_LISTS_MAX && tree_folder_next(walk->folder, &name, &type)) {
		struct span text = span_of(name);
		struct stat status;
		uint64_t stamp;

		if (type != 'f' || (!is_list(text) && !is_release(text)) ||
		    tree_folder_status(walk->folder, name, &status) != 0) {
			continue;
		}
		stamp = mix(1, text);
		stamp = mix(stamp,
			    (struct span){ (const uint8_t *)&status.st_ino, sizeof status.st_ino });
		stamp = mix(stamp, (struct span){ (const uint8_t *)&status.st_ctim,
						  sizeof status.st_ctim });
		walk->files[walk->count++] = (struct list_file){ alloc_text(name), stamp };
	}
}

/* A file that does not fit is left out. */
static void add_preferences(struct tree *tree, const char *path, struct buffer *out)
{
	struct buffer file OWNED(buffer_done);

	buffer_init(&file, PREFERENCES_MAX);
	if (tree_read(tree, path, &file) != 0 || buffer_append(&file, span_of("\n\n")) != 0 ||
	    buffer_append(out, buffer_span(&file)) != 0) {
		return;
	}
}

/* Names as apt takes them: no ending, or .pref. */
static bool is_preferences_name(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	const char *dot = strchr(name, '.');

	return dot == NULL || strcmp(dot, ".pref") == 0;
}

static int read_preferences(struct tree *tree, struct buffer *out)
{
	struct path_list list = { .count = 0 };
	int error = path_list_glob(tree, "/etc/apt/preferences.d/*", &list);

	if (error != 0) {
		return error;
	}
	add_preferences(tree, "/etc/apt/preferences", out);
	for (size_t i = 0; i < list.count; i++) {
		if (is_preferences_name(list.paths[i])) {
			add_preferences(tree, list.paths[i], out);
		}
	}
	path_list_done(&list);
	return 0;
}

/* A list's bytes, piece by piece. */
struct list_reader {
	int fd;
	struct lz4_frame *frame; /* NULL: not compressed */
	uint8_t piece[PIECE_BYTES];
};

static int read_some(int fd, uint8_t *to, size_t len, size_t *out_len)
{
	ssize_t got;

	do {
		got = read(fd, to, len);
	} while (got < 0 && errno == EINTR);
	*out_len = got > 0 ? (size_t)got : 0;
	return got < 0 ? ERR_IO : 0;
}

static int read_whole(void *context, uint8_t *to, size_t len)
{
	const struct list_reader *list = context;
	size_t got;

	while (len > 0) {
		int error = read_some(list->fd, to, len, &got);

		if (error != 0 || got == 0) {
			return error != 0 ? error : ERR_MALFORMED;
		}
		to += got;
		len -= got;
	}
	return 0;
}

static int next_piece(struct list_reader *list, struct span *out)
{
	size_t len;
	int error;

	if (list->frame != NULL) {
		return lz4_frame_next(list->frame, out);
	}
	error = read_some(list->fd, list->piece, sizeof list->piece, &len);
	if (error == 0) {
		*out = (struct span){ list->piece, len };
	}
	return error;
}

static void take_package(struct apt_walk *walk, const struct apt_release *release,
			 const struct apt_package *package)
{
	struct apt_priority priority;
	struct span architecture;
	struct span version;

	if (!offers_is_name_wanted(walk->offers, package->name) ||
	    !apt_package_version(package, &version, &architecture)) {
		return;
	}
	priority = apt_policy_priority(buffer_span(&walk->preferences), release, package->name,
				       version);
	offers_add(walk->offers, package->name, architecture, version, priority.value,
		   priority.is_pinned);
}

/* Takes what is whole of held. */
static void take_stanzas(struct apt_walk *walk, const struct apt_release *release,
			 struct buffer *held)
{
	struct apt_packages_iterator it = apt_packages_over(buffer_span(held));
	struct apt_package package;

	while (apt_packages_next(&it, &package)) {
		take_package(walk, release, &package);
	}
	buffer_consume(held, buffer_span(held).len - apt_packages_left(&it));
}

static int take_list(struct apt_walk *walk, const struct apt_release *release,
		     struct list_reader *list)
{
	struct buffer held OWNED(buffer_done);
	struct span piece = { NULL, 0 };
	int error = 0;

	buffer_init(&held, STANZA_MAX);
	while (error == 0) {
		error = next_piece(list, &piece);
		if (error != 0 || piece.len == 0) {
			break;
		}
		error = buffer_append(&held, piece);
		take_stanzas(walk, release, &held);
	}
	if (error == 0) {
		error = buffer_append(&held, span_of("\n\n"));
		take_stanzas(walk, release, &held);
	}
	return error;
}

/* The Release file with the most in common: "HOST_dists_SUITE_" of "HOST_dists_SUITE_main_...".
 * NULL where there is none. */
static const struct list_file *release_of(const struct apt_walk *walk, struct span list,
					  struct span *out_prefix)
{
	const struct list_file *best = NULL;

	*out_prefix = (struct span){ NULL, 0 };
	for (size_t i = 0; i < walk->count; i++) {
		struct span prefix = span_of(walk->files[i].name);

		if (!is_release(prefix)) {
			continue;
		}
		prefix.len -= span_ends_with(prefix, "InRelease") ? 9 : 7;
		if (prefix.len > out_prefix->len &&
		    span_equal(span_first(list, prefix.len), prefix)) {
			*out_prefix = prefix;
			best = &walk->files[i];
		}
	}
	return best;
}

/* Of a list and of what says what its archive is. */
static uint64_t stamp_of(const struct apt_walk *walk, const struct list_file *list)
{
	struct span prefix;
	const struct list_file *release = release_of(walk, span_of(list->name), &prefix);

	return release == NULL ? list->stamp
			       : mix(list->stamp, (struct span){ (const uint8_t *)&release->stamp,
								 sizeof release->stamp });
}

/* head: what the release borrows from. */
static void read_release(const struct apt_walk *walk, struct span list, uint8_t *head,
			 struct apt_release *out)
{
	OWNED(file_close) int fd = -1;
	struct span prefix;
	const struct list_file *file = release_of(walk, list, &prefix);
	struct span rest = span_after(list, prefix.len);
	size_t len = 0;

	*out = (struct apt_release){ .is_not_automatic = false };
	if (file != NULL && tree_folder_file(walk->folder, file->name, &fd) == 0 &&
	    read_some(fd, head, RELEASE_HEAD, &len) == 0) {
		apt_release_parse((struct span){ head, len }, out);
	}
	out->host = span_first(list, span_find(list, '_'));
	out->component = span_first(rest, span_find(rest, '_'));
}

static int open_list(struct apt_walk *walk, const char *name, struct list_reader *list)
{
	const struct lz4_source source = { read_whole, list };
	int error;

	if (!span_ends_with(span_of(name), "_Packages") &&
	    !span_ends_with(span_of(name), "_Packages.lz4")) {
		walk->off = "apt keeps its lists compressed, by another way than lz4";
		return ERR_UNSUPPORTED;
	}
	error = tree_folder_file(walk->folder, name, &list->fd);
	if (error == 0 && span_ends_with(span_of(name), ".lz4")) {
		list->frame = alloc_zeroed(1, sizeof *list->frame);
		error = lz4_frame_open(list->frame, source);
	}
	return error;
}

/* A list that is damaged or gone says nothing: apt would say so when it is next run. */
static int read_list(struct apt_walk *walk, const struct list_file *file)
{
	uint8_t *head OWNED(alloc_free) = alloc_zeroed(1, RELEASE_HEAD);
	struct list_reader *list = alloc_zeroed(1, sizeof *list);
	struct apt_release release;
	int error;

	list->fd = -1;
	error = open_list(walk, file->name, list);
	if (error == 0) {
		read_release(walk, span_of(file->name), head, &release);
		error = offers_list(walk->offers, stamp_of(walk, file),
				    release.label.len > 0 ? release.label : release.origin,
				    apt_release_is_security(&release))
				? take_list(walk, &release, list)
				: 0;
	}
	file_close(&list->fd);
	free(list->frame);
	free(list);
	return error == ERR_IO ? error : 0;
}

/* Reads those that are not what they were; those that are gone make room first. */
static int read_lists(struct apt_walk *walk)
{
	bool is_known[OFFERS_LISTS_MAX] = { false };
	int error = 0;

	offers_begin_lists(walk->offers);
	for (size_t i = 0; i < walk->count; i++) {
		is_known[i] = !is_list(span_of(walk->files[i].name)) ||
			      offers_keep_list(walk->offers, stamp_of(walk, &walk->files[i]));
	}
	offers_end_lists(walk->offers);
	for (size_t i = 0; error == 0 && i < walk->count; i++) {
		error = is_known[i] ? 0 : read_list(walk, &walk->files[i]);
	}
	return error;
}

static bool has_list(const struct apt_walk *walk)
{
	for (size_t i = 0; i < walk->count; i++) {
		if (is_list(span_of(walk->files[i].name))) {
			return true;
		}
	}
	return false;
}

/* True where all must be read anew: other pins, or packages that nobody looked for before. */
static bool is_anew(const struct apt_walk *walk, bool has_new_packages)
{
	return !offers_has_lists(walk->offers) ||
	       !offers_has_preferences(walk->offers, buffer_span(&walk->preferences)) ||
	       (has_new_packages && offers_is_reread_due(walk->offers, clock_ms()));
}

int updates_read_apt(struct collection *c, struct offers *offers, bool has_new_packages,
		     void (*want)(void *context, struct offers *offers), void *context,
		     const char **out_off)
{
	struct apt_walk *walk OWNED(alloc_free) = NULL;
	struct tree_folder *folder OWNED(tree_folder_close) = NULL;
	int error = tree_folder_open(c->machine->tree, LISTS, &folder);

	*out_off = NULL;
	if (error != 0) {
		*out_off = error != ERR_IO ? "apt keeps no lists here" : NULL;
		return error == ERR_IO ? error : 0;
	}
	walk = alloc_zeroed(1, sizeof *walk);
	walk->offers = offers;
	walk->folder = folder;
	buffer_init(&walk->preferences, PREFERENCES_MAX);
	find_lists(walk);
	error = read_preferences(c->machine->tree, &walk->preferences);
	if (!has_list(walk)) {
		*out_off = "apt has no lists: apt-get update was not run";
	} else if (error == 0) {
		if (is_anew(walk, has_new_packages)) {
			offers_begin(offers, buffer_span(&walk->preferences));
			want(context, offers);
		}
		error = read_lists(walk);
		*out_off = walk->off;
	}
	if (error != 0 || *out_off != NULL) {
		offers_begin(offers, span_of(NULL)); /* anew the next time */
	}
	for (size_t i = 0; i < walk->count; i++) {
		free(walk->files[i].name);
	}
	buffer_done(&walk->preferences);
	return error;
}
