/*
 * containers.c - what docker, podman, containerd and CRI-O keep of their containers in files, and
 * the control groups that run.
 *
 * Files are enough: no daemon is asked, so that none has to trust us. A container that has a
 * control group and no file that we know is told by its number alone.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/collectors/table.h"
#include "base/error.h"
#include "formats/json.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define DOCKER     "/var/lib/docker/containers"
#define PODMAN     "/var/lib/containers/storage/overlay-containers/containers.json"
#define CONTAINERD "/run/containerd/io.containerd.runtime.v2.task"

/* Of one container's file; of podman's and CRI-O's, where all stand in one; groups below one
 * another. */
#define FILE_MAX       (1u << 20)
#define ALL_MAX        (8u << 20)
#define GROUP_DEPTH    6
#define CONTAINERS_MAX 1024
#define TEXT_MAX       1024
#define ID_LEN         64

struct running {
	const char *runtime;
	char id[ID_LEN + 1];
	bool is_told;
};

struct container {
	const char *runtime;
	struct span id;
	struct span name;
	struct span image;
	struct span digest;
	struct span state;
	struct writer texts; /* what the above lie in */
	uint8_t bytes[8 * TEXT_MAX];
};

struct containers_walk {
	struct collection *c;
	struct running *running; /* by control group */
	size_t running_count;
	struct container container;
	char path[TREE_PATH_SIZE];
};

static struct container *begin(struct containers_walk *walk, const char *runtime)
{
	struct container *container = &walk->container;

	*container = (struct container){ .runtime = runtime };
	container->texts = writer_over(container->bytes, sizeof container->bytes);
	return container;
}

static void emit(struct containers_walk *walk)
{
	const struct container *container = &walk->container;
	struct row *row = collection_row(walk->c);

	if (container->id.len == 0) {
		return;
	}
	row_set_text(row, CONTAINERS_RUNTIME, span_of(container->runtime));
	row_set_text(row, CONTAINERS_ID, container->id);
	row_set_text_if_any(row, CONTAINERS_NAME, container->name);
	row_set_text_if_any(row, CONTAINERS_IMAGE, container->image);
	row_set_text_if_any(row, CONTAINERS_IMAGE_DIGEST, container->digest);
	row_set_text_if_any(row, CONTAINERS_STATE, container->state);
	collection_emit(walk->c);
}

/* The next value as it is meant, kept with the container; empty where it is no string. */
static struct span string_of(struct json *j, struct container *container)
{
	size_t mark = writer_used(&container->texts);
	struct span written;

	if (json_text(j, &written) && written.len <= TEXT_MAX) {
		json_write_string(written, &container->texts);
	}
	if (!writer_ok(&container->texts)) {
		writer_rewind(&container->texts, mark);
	}
	return span_after(writer_span(&container->texts), mark);
}

/* Marks a control group as told. */
static bool is_running(struct containers_walk *walk, struct span id)
{
	for (size_t i = 0; i < walk->running_count; i++) {
		if (span_is(id, walk->running[i].id)) {
			walk->running[i].is_told = true;
			return true;
		}
	}
	return false;
}

static bool is_true(struct json *j)
{
	enum json_kind kind = json_next(j).kind;

	json_skip(j, kind);
	return kind == JSON_TRUE;
}

/* {"Running": true, "Paused": false, "Restarting": false, ...} */
static struct span docker_state(struct json *j)
{
	bool is_up = false;
	const char *special = NULL;
	struct span name;

	if (!json_enter(j, JSON_OBJECT)) {
		return span_of(NULL);
	}
	while (json_member(j, &name)) {
		if (span_is(name, "Running")) {
			is_up = is_true(j);
		} else if (span_is(name, "Paused")) {
			special = is_true(j) ? "paused" : special;
		} else if (span_is(name, "Restarting")) {
			special = is_true(j) ? "restarting" : special;
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
	return span_of(special != NULL ? special : is_up ? "running" : "stopped");
}

static struct span docker_image(struct json *j, struct container *container)
{
	struct span image = span_of(NULL);
	struct span name;

	if (!json_enter(j, JSON_OBJECT)) {
		return image;
	}
	while (json_member(j, &name)) {
		if (span_is(name, "Image")) {
			image = string_of(j, container);
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
	return image;
}

static void take_docker(struct containers_walk *walk, struct span file)
{
	struct container *container = begin(walk, "docker");
	struct json j = json_over(file);
	struct span member;

	if (!json_enter(&j, JSON_OBJECT)) {
		return;
	}
	while (json_member(&j, &member)) {
		if (span_is(member, "ID")) {
			container->id = string_of(&j, container);
		} else if (span_is(member, "Name")) {
			container->name = string_of(&j, container);
		} else if (span_is(member, "Image")) {
			container->digest = string_of(&j, container);
		} else if (span_is(member, "Config")) {
			container->image = docker_image(&j, container);
		} else if (span_is(member, "State")) {
			container->state = docker_state(&j);
		} else {
			json_skip(&j, json_next(&j).kind);
		}
	}
	if (span_starts_with(container->name, "/")) {
		container->name = span_after(container->name, 1);
	}
	if (json_ok(&j)) {
		(void)is_running(walk, container->id);
		emit(walk);
	}
}

/* The names in an array: the first. */
static struct span first_string(struct json *j, struct container *container)
{
	struct span first = span_of(NULL);
	struct json_token token;

	if (!json_enter(j, JSON_ARRAY)) {
		return first;
	}
	for (token = json_next(j); token.kind != JSON_ARRAY_END && token.kind != JSON_END;
	     token = json_next(j)) {
		if (token.kind == JSON_STRING && first.len == 0 && token.text.len <= TEXT_MAX) {
			size_t mark = writer_used(&container->texts);

			json_write_string(token.text, &container->texts);
			first = span_after(writer_span(&container->texts), mark);
		}
		json_skip(j, token.kind);
	}
	return first;
}

/* A container's metadata is JSON in a string: {"image-name": "docker.io/library/nginx:1.27", ...}
 */
static struct span image_in_metadata(struct span metadata, struct container *container)
{
	struct json j = json_over(metadata);
	struct span image = span_of(NULL);
	struct span name;

	if (!json_enter(&j, JSON_OBJECT)) {
		return image;
	}
	while (json_member(&j, &name)) {
		if (span_is(name, "image-name")) {
			image = string_of(&j, container);
		} else {
			json_skip(&j, json_next(&j).kind);
		}
	}
	return image;
}

/* The image's number, which is the digest of its configuration. */
static struct span with_algorithm(struct span hex, struct container *container)
{
	size_t mark = writer_used(&container->texts);

	if (hex.len == ID_LEN) {
		writer_text(&container->texts, "sha256:");
	}
	writer_bytes(&container->texts, hex);
	return writer_ok(&container->texts) ? span_after(writer_span(&container->texts), mark)
					    : span_of(NULL);
}

/* A member of the array of podman's storage, behind its "{". CRI-O keeps its containers there too.
 */
static void take_stored(struct containers_walk *walk, struct json *j)
{
	struct container *container = begin(walk, "podman");
	struct span metadata = span_of(NULL);
	struct span member;

	while (json_member(j, &member)) {
		if (span_is(member, "id")) {
			container->id = string_of(j, container);
		} else if (span_is(member, "names")) {
			container->name = first_string(j, container);
		} else if (span_is(member, "image")) {
			container->digest = with_algorithm(string_of(j, container), container);
		} else if (span_is(member, "metadata")) {
			metadata = string_of(j, container);
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
	container->image = image_in_metadata(metadata, container);
	container->state = !walk->c->machine->is_live        ? span_of(NULL)
			   : is_running(walk, container->id) ? span_of("running")
							     : span_of("stopped");
	if (span_starts_with(container->name, "k8s_")) {
		container->runtime = "crio";
	}
	if (json_ok(j)) {
		emit(walk);
	}
}

static void take_storage(struct containers_walk *walk, struct span file)
{
	struct json j = json_over(file);
	struct json_token token;
	size_t count = 0;

	if (!json_enter(&j, JSON_ARRAY)) {
		return;
	}
	for (token = json_next(&j); token.kind != JSON_END && count < CONTAINERS_MAX;
	     token = json_next(&j)) {
		if (token.kind == JSON_OBJECT) {
			take_stored(walk, &j);
			count++;
		} else {
			json_skip(&j, token.kind);
		}
	}
}

/* config.json of the OCI runtime specification: what Kubernetes says stands in its annotations. */
static void take_annotations(struct json *j, struct container *container)
{
	struct span name;

	if (!json_enter(j, JSON_OBJECT)) {
		return;
	}
	while (json_member(j, &name)) {
		if (span_is(name, "io.kubernetes.cri.container-name") ||
		    span_is(name, "nerdctl\\/name") || span_is(name, "nerdctl/name")) {
			container->name = string_of(j, container);
		} else if (span_is(name, "io.kubernetes.cri.image-name")) {
			container->image = string_of(j, container);
		} else {
			json_skip(j, json_next(j).kind);
		}
	}
}

static void take_task(struct containers_walk *walk, const char *id, struct span file)
{
	struct container *container = begin(walk, "containerd");
	struct json j = json_over(file);
	struct span member;

	container->id = span_of(id);
	container->state = span_of("running");
	if (json_enter(&j, JSON_OBJECT)) {
		while (json_member(&j, &member)) {
			if (span_is(member, "annotations")) {
				take_annotations(&j, container);
			} else {
				json_skip(&j, json_next(&j).kind);
			}
		}
	}
	(void)is_running(walk, container->id);
	emit(walk);
}

typedef void container_taker(struct containers_walk *walk, const char *folder, const char *name);

static int each_folder(struct containers_walk *walk, const char *folder, container_taker *take)
{
	struct tree_folder *opened OWNED(tree_folder_close) = NULL;
	int error = tree_folder_open(walk->c->machine->tree, folder, &opened);
	const char *name;
	char type;

	if (error != 0) {
		return collection_missing(error);
	}
	for (size_t i = 0; i < CONTAINERS_MAX && tree_folder_next(opened, &name, &type);) {
		if (type == 'd') {
			take(walk, folder, name);
			i++;
		}
	}
	return 0;
}

/* Reads FOLDER/NAME/FILE; false where there is none. */
static bool read_below(struct containers_walk *walk, const char *folder, const char *name,
		       const char *file, struct buffer *out)
{
	return tree_join(folder, name, walk->path) == 0 &&
	       tree_join(walk->path, file, walk->path) == 0 &&
	       tree_read(walk->c->machine->tree, walk->path, out) == 0;
}

static void visit_docker(struct containers_walk *walk, const char *folder, const char *name)
{
	struct buffer file OWNED(buffer_done);

	buffer_init(&file, FILE_MAX);
	if (read_below(walk, folder, name, "config.v2.json", &file)) {
		take_docker(walk, buffer_span(&file));
	}
}

static void visit_task(struct containers_walk *walk, const char *folder, const char *name)
{
	struct buffer file OWNED(buffer_done);

	buffer_init(&file, FILE_MAX);
	/* docker's tasks, in the namespace moby, are told by docker's own files */
	if (read_below(walk, folder, name, "config.json", &file)) {
		take_task(walk, name, buffer_span(&file));
	}
}

static void visit_namespace(struct containers_walk *walk, const char *folder, const char *name)
{
	char path[TREE_PATH_SIZE];

	if (strcmp(name, "moby") != 0 && tree_join(folder, name, path) == 0 &&
	    each_folder(walk, path, visit_task) != 0) {
		return; /* gone meanwhile */
	}
}

static int take_podman(struct containers_walk *walk)
{
	struct buffer file OWNED(buffer_done);
	int error;

	buffer_init(&file, ALL_MAX);
	error = tree_read(walk->c->machine->tree, PODMAN, &file);
	if (error != 0) {
		return collection_missing(error);
	}
	take_storage(walk, buffer_span(&file));
	return 0;
}

/* "docker-ID.scope", "libpod-ID.scope", "cri-containerd-ID.scope", "crio-ID.scope". */
static void note_group(struct containers_walk *walk, const char *name)
{
	static const struct {
		const char *prefix;
		const char *runtime;
	} kinds[] = { { "docker-", "docker" },
		      { "libpod-", "podman" },
		      { "cri-containerd-", "containerd" },
		      { "crio-", "crio" } };
	struct span text = span_of(name);

	for (size_t i = 0; i < COUNT_OF(kinds) && walk->running_count < CONTAINERS_MAX; i++) {
		struct span id = span_after(text, strlen(kinds[i].prefix));

		if (span_starts_with(text, kinds[i].prefix) &&
		    id.len == ID_LEN + sizeof ".scope" - 1 && span_ends_with(id, ".scope")) {
			struct running *running = &walk->running[walk->running_count++];

			*running = (struct running){ .runtime = kinds[i].runtime };
			memcpy(running->id, id.ptr, ID_LEN);
		}
	}
}

/* Slices nest; a container's own group is a scope, which is not entered. */
static void find_groups(struct containers_walk *walk, const char *folder, unsigned depth)
{
	struct tree_folder *opened OWNED(tree_folder_close) = NULL;
	char *path OWNED(alloc_free) = alloc_zeroed(1, TREE_PATH_SIZE);
	const char *name;
	char type;

	if (depth == GROUP_DEPTH ||
	    tree_folder_open(walk->c->machine->tree, folder, &opened) != 0) {
		return;
	}
	while (tree_folder_next(opened, &name, &type)) {
		if (type != 'd') {
			continue;
		}
		note_group(walk, name);
		if (span_ends_with(span_of(name), ".slice") && tree_join(folder, name, path) == 0) {
			find_groups(walk, path, depth + 1);
		}
	}
}

static void emit_unknown(struct containers_walk *walk)
{
	for (size_t i = 0; i < walk->running_count; i++) {
		if (!walk->running[i].is_told) {
			struct container *container = begin(walk, walk->running[i].runtime);

			container->id = span_of(walk->running[i].id);
			container->state = span_of("running");
			emit(walk);
		}
	}
}

static int containers_collect(struct collection *c)
{
	struct containers_walk *walk = alloc_zeroed(1, sizeof *walk);
	int error;

	walk->c = c;
	walk->running = alloc_zeroed(CONTAINERS_MAX, sizeof *walk->running);
	find_groups(walk, "/sys/fs/cgroup", 0);
	find_groups(walk, "/sys/fs/cgroup/systemd", 0); /* version 1 */
	error = each_folder(walk, DOCKER, visit_docker);
	if (error == 0) {
		error = take_podman(walk);
	}
	if (error == 0) {
		error = each_folder(walk, CONTAINERD, visit_namespace);
	}
	if (error == 0) {
		emit_unknown(walk);
	}
	free(walk->running);
	free(walk);
	return error;
}

const struct collector collector_containers = {
	.name = "containers",
	.summary = "containers of docker, podman, containerd and CRI-O",
	.table = TABLE_CONTAINERS,
	.collect = containers_collect,
};
