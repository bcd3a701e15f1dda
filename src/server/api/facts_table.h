/*
 * facts_table.h - the SQL table `vulnerability_facts`: what the feeds know of each vulnerability.
 *
 * It is the mapped index, opened when a query first reads the table and not before: looking at all
 * of it takes longer than most queries.
 */
#pragma once

#include "server/feeds/knowledge.h"
#include "server/inventory/view.h"
#include "sys/buffer.h"

/* Lives as long as the view that it is lent to. */
struct facts_table {
	struct view_lent_table table;
	const char *path;
	struct knowledge *knowledge; /* NULL: not read yet, or no feed is in force */
	struct buffer room;          /* of the value that was asked for last */
};

/* path: of the index; borrowed. */
void facts_table_init(struct facts_table *facts, const char *path);
void facts_table_done(struct facts_table *facts);
