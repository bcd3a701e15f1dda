/* collector.c - one walk: a row to fill, its bytes to hand over. */
#include "agent/collector.h"

#include <stdlib.h>

#include "agent/health.h"
#include "base/error.h"
#include "schema/schema.h"
#include "sys/alloc.h"

const struct collector *collector_of(uint16_t table)
{
	for (size_t i = 0; collectors[i] != NULL; i++) {
		if (collectors[i]->table == table) {
			return collectors[i];
		}
	}
	return NULL;
}

int collector_run(const struct collector *collector, struct machine *machine,
		  void (*take)(void *context, struct span row), void *context)
{
	struct collection *c OWNED(alloc_free) = alloc_zeroed(1, sizeof *c);
	int error;

	c->machine = machine;
	c->table = schema_by_number(collector->table);
	c->take = take;
	c->context = context;
	tree_rest(machine->tree); /* what was reached before the walk nobody watches */
	tree_refusal_clear(machine->tree);
	error = collector->collect(c);
	health_note(machine->health, collector->table, error, c->off, c->rows);
	health_remark(machine->health, collector->table,
		      c->remark != NULL ? c->remark : tree_refusal(machine->tree));
	tree_rest(machine->tree);
	return error;
}

int collector_run_changes(const struct collector *collector, struct machine *machine,
			  void (*gone)(void *context, struct span row),
			  void (*take)(void *context, struct span row), void *context)
{
	struct collection *c OWNED(alloc_free) = NULL;
	int error;

	if (collector->collect_changes == NULL) {
		return ERR_UNSUPPORTED;
	}
	c = alloc_zeroed(1, sizeof *c);
	c->machine = machine;
	c->table = schema_by_number(collector->table);
	c->take = take;
	c->gone = gone;
	c->context = context;
	error = collector->collect_changes(c);
	if (error == 0) {
		health_note(machine->health, collector->table, 0, NULL, c->rows);
	}
	tree_rest(machine->tree);
	return error;
}

struct row *collection_row(struct collection *c)
{
	row_init(&c->row, c->table);
	return &c->row;
}

void collection_emit(struct collection *c)
{
	struct writer w = writer_over(c->bytes, sizeof c->bytes);

	if (row_encode(&c->row, &w) == 0) { /* rows are cut until they fit */
		c->rows++;
		c->take(c->context, writer_span(&w));
	}
}

void collection_gone(struct collection *c)
{
	struct writer w = writer_over(c->bytes, sizeof c->bytes);

	if (row_encode(&c->row, &w) == 0) {
		c->gone(c->context, writer_span(&w));
	}
}

void collection_off(struct collection *c, const char *reason)
{
	c->off = reason;
}

int collection_missing(int error)
{
	return error == ERR_IO || error == ERR_AGAIN ? error : 0;
}
