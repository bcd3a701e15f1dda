/*
 * collector.h - what a collector is: one table of this machine, and how it is read.
 *
 * Collectors keep no state: each walk reads the table anew and emits every row, in any order, a row
 * twice where that is easier. Every file and folder that is read through machine->tree also wakes
 * the table when it changes; watch adds what is not a file.
 */
#pragma once

#include "agent/machine.h"
#include "agent/signals.h"
#include "base/attr.h"
#include "wire/row.h"

/* One walk over a table. */
struct collection {
	struct machine *machine;
	const struct table *table;
	struct row row; /* being filled */
	void (*take)(void *context, struct span row);
	void (*gone)(void *context, struct span row); /* of what has changed; else NULL */
	void *context;
	const char *off;    /* why nothing can be read here; NULL where something can */
	const char *remark; /* for the sensor's health; NULL: only what the tree left out */
	size_t rows;
	uint8_t bytes[ROW_BYTES_MAX];
};

struct collector {
	const char *name; /* of its table in schema/ */
	const char *summary;
	uint16_t table; /* TABLE_* */

	/* Registers signals that are not files. NULL where files are all. */
	void (*watch)(struct signals *signals);

	/* Emits every row. What is not there gives no rows and 0; a negative error says that the
	 * table could not be read, and what was told of it before stays. */
	int (*collect)(struct collection *c);

	/* What has changed since it was collected last: collection_gone for rows that are not there
	 * any more, then collection_emit; c->rows is all there are. ERR_UNSUPPORTED where that is
	 * not known; NULL where it never is. */
	int (*collect_changes)(struct collection *c);
};

/* Ordered as they run; ended by NULL. */
extern const struct collector *const collectors[];

/* NULL where there is none. */
const struct collector *collector_of(uint16_t table);

/* Walks a table: take gets each row's canonical bytes. */
MUST_USE int collector_run(const struct collector *collector, struct machine *machine,
			   void (*take)(void *context, struct span row), void *context);

/* The same with what has changed. Nothing that is read is watched anew. ERR_UNSUPPORTED. */
MUST_USE int collector_run_changes(const struct collector *collector, struct machine *machine,
				   void (*gone)(void *context, struct span row),
				   void (*take)(void *context, struct span row), void *context);

/* The row to fill: all its columns are null. */
struct row *collection_row(struct collection *c);

/* Hands the row over. What its texts point to is not needed afterwards. */
void collection_emit(struct collection *c);

/* The same for a row that is not there any more. */
void collection_gone(struct collection *c);

/* This machine, or what this process may, does not let the table be read: a lasting reason,
 * borrowed for ever. The walk then ends without rows and without an error. */
void collection_off(struct collection *c, const char *reason);

/* What a collector makes of a file that could not be read: 0 where it is not there or not a file or
 * not ours to read, so that the walk goes on without it. */
int collection_missing(int error);
