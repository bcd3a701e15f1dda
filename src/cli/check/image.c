/*
 * image.c - which layers an image has, in their order, and each onto the tree.
 *
 *   docker:  manifest.json  [{ "Config": ..., "Layers": ["blobs/sha256/...", ...] }]
 *   OCI:     index.json     { "manifests": [{ "digest": "sha256:...", "platform": ... }] }
 *            blobs/sha256/  a manifest { "layers": [{ "digest": ... }] }, or another index
 */
#include "cli/check/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/check/image_archive.h"
#include "cli/check/unpack.h"
#include "sys/alloc.h"
#include "sys/file.h"

#define NAME_SIZE  512
#define INDEX_MAX  4 /* indexes in one another */
#define PIECE_SIZE 65536

struct layers {
	char *names[IMAGE_LAYERS_MAX];
	size_t count;
};

static void layers_done(struct layers *layers)
{
	for (size_t i = 0; i < layers->count; i++) {
		free(layers->names[i]);
	}
	layers->count = 0;
}

static int add_layer(struct layers *layers, const char *name, struct why *why)
{
	if (name == NULL) {
		return why_set(why, ERR_MALFORMED, "the image's manifest names a layer oddly");
	}
	if (layers->count == IMAGE_LAYERS_MAX) {
		return why_set(why, ERR_LIMIT, "the image has more than %d layers",
			       IMAGE_LAYERS_MAX);
	}
	layers->names[layers->count++] = alloc_text(name);
	return 0;
}

/* --- docker --- */

static int docker_layers(const json_t *manifest, struct layers *layers, struct why *why)
{
	const json_t *names = json_object_get(json_array_get(manifest, 0), "Layers");
	int error = 0;

	if (json_array_size(manifest) > 1) {
		return why_set(why, ERR_UNSUPPORTED,
			       "the archive holds %zu images: save one at a time",
			       json_array_size(manifest));
	}
	if (!json_is_array(names)) {
		return why_set(why, ERR_MALFORMED, "manifest.json in the archive has no Layers");
	}
	for (size_t i = 0; error == 0 && i < json_array_size(names); i++) {
		error = add_layer(layers, json_string_value(json_array_get(names, i)), why);
	}
	return error;
}

/* --- OCI --- */

/* "sha256:abc" lies in "blobs/sha256/abc". */
static bool blob_name(const json_t *descriptor, char out[NAME_SIZE])
{
	const char *digest = json_string_value(json_object_get(descriptor, "digest"));
	const char *colon = digest != NULL ? strchr(digest, ':') : NULL;

	return colon != NULL && snprintf(out, NAME_SIZE, "blobs/%.*s/%s", (int)(colon - digest),
					 digest, colon + 1) < NAME_SIZE;
}

static bool is_text(const json_t *value, const char *text)
{
	return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* Of several platforms this machine's counts; attestations are no images. */
static const json_t *choose(const json_t *manifests)
{
	struct utsname uts;
	const char *machine;
	const json_t *chosen = NULL;

	uname(&uts);
	machine = strcmp(uts.machine, "x86_64") == 0    ? "amd64"
		  : strcmp(uts.machine, "aarch64") == 0 ? "arm64"
							: uts.machine;
	for (size_t i = 0; i < json_array_size(manifests); i++) {
		const json_t *one = json_array_get(manifests, i);
		const json_t *platform = json_object_get(one, "platform");

		if (is_text(json_object_get(platform, "os"), "unknown")) {
			continue;
		}
		if (is_text(json_object_get(platform, "architecture"), machine)) {
			return one;
		}
		chosen = chosen != NULL ? chosen : one;
	}
	return chosen;
}

static int oci_layers_of(const json_t *manifest, struct layers *layers, struct why *why)
{
	const json_t *list = json_object_get(manifest, "layers");
	char name[NAME_SIZE];
	int error = 0;

	if (!json_is_array(list)) {
		return why_set(why, ERR_MALFORMED, "the image's manifest has no layers");
	}
	for (size_t i = 0; error == 0 && i < json_array_size(list); i++) {
		bool is_named = blob_name(json_array_get(list, i), name);

		error = add_layer(layers, is_named ? name : NULL, why);
	}
	return error;
}

static int oci_layers(const struct image_archive *archive, struct layers *layers, struct why *why)
{
	json_t *document = image_archive_json(archive, "index.json", why);
	char name[NAME_SIZE];
	int error;

	for (unsigned i = 0;
	     i < INDEX_MAX && document != NULL && json_object_get(document, "manifests") != NULL;
	     i++) {
		const json_t *one = choose(json_object_get(document, "manifests"));
		bool is_named = one != NULL && blob_name(one, name);

		json_decref(document);
		if (!is_named) {
			return why_set(why, ERR_MALFORMED, "the archive's index names no image");
		}
		document = image_archive_json(archive, name, why);
	}
	if (document == NULL) {
		return ERR_MALFORMED;
	}
	error = oci_layers_of(document, layers, why);
	json_decref(document);
	return error;
}

static int layers_of(const struct image_archive *archive, struct layers *layers, struct why *why)
{
	json_t *manifest;
	int error;

	if (image_archive_find(archive, "manifest.json") != NULL) {
		manifest = image_archive_json(archive, "manifest.json", why);
		error = manifest != NULL ? docker_layers(manifest, layers, why) : ERR_MALFORMED;
		json_decref(manifest);
		return error;
	}
	if (image_archive_find(archive, "index.json") != NULL) {
		return oci_layers(archive, layers, why);
	}
	return why_set(why, ERR_UNSUPPORTED,
		       "it is no image: neither manifest.json nor index.json is in it; 'docker "
		       "save', 'podman save' and 'skopeo copy ... oci-archive:FILE' write one");
}

/* --- unpacking --- */

/* Behind the end of the tar: what is left has to be whole too, and its checksum right. */
static int drain(struct stream *stream)
{
	uint8_t piece[4096];
	size_t len = 0;
	int error;

	do {
		error = stream_read(stream, piece, sizeof piece, &len);
	} while (error == 0 && len > 0);
	return error;
}

/* Whiteouts in a first walk, as they concern only the layers below. */
static int unpack_layer(const struct image_archive *archive, const struct image_member *member,
			uint64_t *budget, struct unpack *u, struct why *why)
{
	static int (*const walks[])(struct unpack *, struct tar_source) = { unpack_whiteouts,
									    unpack_files };
	struct stream *stream = alloc_zeroed(1, sizeof *stream);
	int error = 0;

	for (size_t i = 0; error == 0 && i < COUNT_OF(walks); i++) {
		error = stream_open(stream, archive->fd, member->offset, member->size, budget, why);
		if (error == 0) {
			error = walks[i](u, (struct tar_source){ stream_read, stream });
			error = error == 0 ? drain(stream) : error;
			if (error != 0) {
				(void)why_set(why, error, "the layer %.100s: %s", member->name,
					      error_text(error));
			}
		}
		stream_close(stream);
	}
	free(stream);
	return error;
}

static int unpack_all(struct image_archive *archive, const struct layers *layers,
		      struct scratch *scratch, struct why *why)
{
	struct unpack *u = alloc_zeroed(1, sizeof *u);
	int error = 0;

	unpack_init(u, scratch);
	for (size_t i = 0; error == 0 && i < layers->count; i++) {
		const struct image_member *member = image_archive_find(archive, layers->names[i]);

		error = member != NULL ? unpack_layer(archive, member, &archive->budget, u, why)
				       : why_set(why, ERR_NOT_FOUND,
						 "the layer %.200s is not in the archive",
						 layers->names[i]);
	}
	unpack_done(u);
	free(u);
	return error;
}

/* An archive that is gzipped as a whole is inflated first: its parts are read by their place. */
static int inflate_whole(int fd, uint64_t size, const struct scratch *scratch, int *out_fd,
			 struct why *why)
{
	struct stream *stream = alloc_zeroed(1, sizeof *stream);
	uint64_t budget = IMAGE_INFLATED_MAX;
	uint8_t piece[PIECE_SIZE];
	size_t len = 0;
	int to = -1;
	int error = stream_open(stream, fd, 0, size, &budget, why);
	bool is_gzip = error == 0 && stream->is_gzip;

	if (is_gzip) {
		to = openat(scratch->folder_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		error = to >= 0 ? 0
				: why_set(why, ERR_IO, "%s: %s", scratch->path, strerror(errno));
	}
	while (is_gzip && error == 0) {
		error = stream_read(stream, piece, sizeof piece, &len);
		if (error != 0 || len == 0) {
			break;
		}
		error = write(to, piece, len) == (ssize_t)len ? 0 : ERR_FULL;
	}
	stream_close(stream);
	free(stream);
	if (error != 0 && is_gzip) {
		file_close(&to);
		return why_set(why, error, "the archive cannot be inflated: %s", error_text(error));
	}
	*out_fd = is_gzip ? to : -1;
	return error;
}

int image_unpack(const char *path, struct scratch *scratch, struct why *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct image_archive archive;
	struct layers layers = { .count = 0 };
	struct stat status;
	int inflated_fd = -1;
	int error;

	if (fd < 0 || fstat(fd, &status) != 0) {
		file_close(&fd);
		return why_set(why, ERR_NOT_FOUND, "cannot read %.300s: %s", path, strerror(errno));
	}
	if (!S_ISREG(status.st_mode)) {
		file_close(&fd);
		return why_set(why, ERR_UNSUPPORTED, "%.300s is not a file", path);
	}
	error = inflate_whole(fd, (uint64_t)status.st_size, scratch, &inflated_fd, why);
	if (error != 0 || inflated_fd >= 0) {
		file_close(&fd);
	}
	if (error == 0) {
		error = image_archive_open(inflated_fd >= 0 ? inflated_fd : fd, &archive, why);
	}
	if (error != 0) {
		return error;
	}
	error = layers_of(&archive, &layers, why);
	if (error == 0) {
		error = unpack_all(&archive, &layers, scratch, why);
	}
	layers_done(&layers);
	image_archive_close(&archive);
	return error;
}
