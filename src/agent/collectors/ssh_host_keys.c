/*
 * ssh_host_keys.c - the public halves of the keys that sshd shows, by the names it gives them.
 *
 * A scan that meets one of them at an address knows whose machine that is.
 */
#include "agent/collectors/table.h"
#include "base/error.h"
#include "formats/authorized_keys.h"
#include "schema/schema.h"

#define FOLDER  "/etc/ssh"
#define KEY_MAX (64u << 10)

static bool is_host_key(struct span name)
{
	return span_starts_with(name, "ssh_host_") && span_ends_with(name, "_key.pub");
}

/* The format is that of authorized_keys without options: type, base64, comment. */
static int collect_file(struct collection *c, const char *name)
{
	struct buffer file OWNED(buffer_done);
	struct authorized_keys_iterator it;
	struct authorized_key key;
	char path[TREE_PATH_SIZE];
	struct row *row;
	int error;

	buffer_init(&file, KEY_MAX);
	error = tree_join(FOLDER, name, path);
	error = error == 0 ? tree_read(c->machine->tree, path, &file) : error;
	if (error != 0) {
		return collection_missing(error);
	}
	it = authorized_keys_over(buffer_span(&file));
	if (!authorized_keys_next(&it, &key)) {
		return 0;
	}
	row = collection_row(c);
	row_set_text(row, SSH_HOST_KEYS_PATH, span_of(path));
	row_set_text(row, SSH_HOST_KEYS_TYPE, key.type);
	row_set_integer(row, SSH_HOST_KEYS_BITS, key.bits);
	row_set_text(row, SSH_HOST_KEYS_FINGERPRINT, span_of(key.fingerprint));
	collection_emit(c);
	return 0;
}

static int ssh_host_keys_collect(struct collection *c)
{
	struct tree_folder *folder;
	const char *name;
	char type;
	int error = tree_folder_open(c->machine->tree, FOLDER, &folder);

	if (error != 0) {
		return collection_missing(error);
	}
	while (error == 0 && tree_folder_next(folder, &name, &type)) {
		if (is_host_key(span_of(name))) {
			error = collect_file(c, name);
		}
	}
	tree_folder_close(&folder);
	return error;
}

const struct collector collector_ssh_host_keys = {
	.name = "ssh_host_keys",
	.summary = "/etc/ssh/ssh_host_*_key.pub",
	.table = TABLE_SSH_HOST_KEYS,
	.collect = ssh_host_keys_collect,
};
