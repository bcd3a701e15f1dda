/* groups.c - group(5). */
#include <stdlib.h>

#include "agent/collectors/table.h"
#include "formats/group.h"
#include "schema/schema.h"

#define FILE_MAX (16u << 20)

static int by_bytes(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

/* Members sorted, so that their order in the file makes no change; at most what a row holds. */
static size_t sort_members(struct span members, struct span out[ROW_LIST_MAX])
{
	struct reader r = reader_over(members);
	size_t count = 0;

	while (count < ROW_LIST_MAX && group_members_next(&r, &out[count])) {
		count++;
	}
	if (count > 0) {
		qsort(out, count, sizeof *out, by_bytes);
	}
	return count;
}

static int groups_collect(struct collection *c)
{
	struct span members[ROW_LIST_MAX];
	struct buffer file OWNED(buffer_done);
	struct group_iterator it;
	struct group_entry entry;
	int error;

	buffer_init(&file, FILE_MAX);
	error = tree_read(c->machine->tree, "/etc/group", &file);
	if (error != 0) {
		return collection_missing(error);
	}
	it = group_over(buffer_span(&file));
	while (group_next(&it, &entry)) {
		struct row *row = collection_row(c);

		row_set_text(row, GROUPS_NAME, entry.name);
		row_set_integer(row, GROUPS_GID, entry.gid);
		row_set_list(row, GROUPS_MEMBERS, members, sort_members(entry.members, members));
		collection_emit(c);
	}
	return 0;
}

const struct collector collector_groups = {
	.name = "groups",
	.summary = "/etc/group",
	.table = TABLE_GROUPS,
	.collect = groups_collect,
};
