/* users.c - passwd(5). The password field is never read out, shadow(5) never opened. */
#include "agent/collectors/table.h"
#include "formats/passwd.h"
#include "schema/schema.h"

#define FILE_MAX (16u << 20)

static int users_collect(struct collection *c)
{
	struct buffer file OWNED(buffer_done);
	struct passwd_iterator it;
	struct passwd_entry entry;
	int error;

	buffer_init(&file, FILE_MAX);
	error = tree_read(c->machine->tree, "/etc/passwd", &file);
	if (error != 0) {
		return collection_missing(error);
	}
	it = passwd_over(buffer_span(&file));
	while (passwd_next(&it, &entry)) {
		struct row *row = collection_row(c);

		row_set_text(row, USERS_NAME, entry.name);
		row_set_integer(row, USERS_UID, entry.uid);
		row_set_integer(row, USERS_GID, entry.gid);
		row_set_text_if_any(row, USERS_FULL_NAME, entry.full_name);
		row_set_text_if_any(row, USERS_HOME, entry.home);
		row_set_text_if_any(row, USERS_SHELL, entry.shell);
		collection_emit(c);
	}
	return 0;
}

const struct collector collector_users = {
	.name = "users",
	.summary = "/etc/passwd",
	.table = TABLE_USERS,
	.collect = users_collect,
};
