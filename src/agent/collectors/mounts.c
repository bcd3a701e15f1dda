/*
 * mounts.c - /proc/self/mountinfo, or the first process's where the tree is its.
 *
 * The own one is what wakes in either case: what is mounted elsewhere arrives by propagation.
 */
#include "agent/collectors/table.h"
#include "formats/mountinfo.h"
#include "schema/schema.h"

#define FILE_MAX  (8u << 20)
#define FIELD_MAX 4096

static void mounts_watch(struct signals *signals)
{
	signals_on_poll(signals, TABLE_MOUNTS, "/proc/self/mountinfo");
}

static bool is_same(const struct mountinfo_entry *a, const struct mountinfo_entry *b)
{
	return span_equal(a->target, b->target) && span_equal(a->source, b->source) &&
	       span_equal(a->type, b->type);
}

/* The same mounted over itself: the later one is what is seen. */
static bool is_covered(const struct mountinfo_entry *entry, struct mountinfo_iterator rest)
{
	struct mountinfo_entry later;

	while (mountinfo_next(&rest, &later)) {
		if (is_same(entry, &later)) {
			return true;
		}
	}
	return false;
}

static struct span unescaped(struct span raw, struct writer *w)
{
	size_t mark = writer_used(w);

	mountinfo_write(raw, w);
	return span_after(writer_span(w), mark);
}

static void emit(struct collection *c, const struct mountinfo_entry *entry)
{
	uint8_t text[4 * FIELD_MAX];
	struct writer w = writer_over(text, sizeof text);
	struct row *row = collection_row(c);
	size_t mark;

	row_set_text(row, MOUNTS_TARGET, unescaped(entry->target, &w));
	row_set_text(row, MOUNTS_SOURCE, unescaped(entry->source, &w));
	row_set_text(row, MOUNTS_TYPE, unescaped(entry->type, &w));
	mark = writer_used(&w);
	mountinfo_write_options(entry, &w);
	row_set_text(row, MOUNTS_OPTIONS, span_after(writer_span(&w), mark));
	row_set_boolean(row, MOUNTS_IS_READ_ONLY, mountinfo_is_read_only(entry));
	collection_emit(c);
}

static int mounts_collect(struct collection *c)
{
	struct buffer file OWNED(buffer_done);
	struct mountinfo_iterator it;
	struct mountinfo_entry entry;
	int error;

	buffer_init(&file, FILE_MAX);
	error = machine_read_kernel(c->machine,
				    tree_is_of_first_process(c->machine->tree)
					    ? "/proc/1/mountinfo"
					    : "/proc/self/mountinfo",
				    &file);
	if (error != 0) {
		return collection_missing(error);
	}
	it = mountinfo_over(buffer_span(&file));
	while (mountinfo_next(&it, &entry)) {
		if (!is_covered(&entry, it)) {
			emit(c, &entry);
		}
	}
	return 0;
}

const struct collector collector_mounts = {
	.name = "mounts",
	.summary = "/proc/self/mountinfo",
	.table = TABLE_MOUNTS,
	.watch = mounts_watch,
	.collect = mounts_collect,
};
