/* inventory.c - one walk a table, rows kept. */
#include "cli/check/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "agent/collector.h"
#include "base/error.h"
#include "sys/alloc.h"

/* Of one table; an image with more is none. */
#define ROWS_MAX 500000

struct taking {
	struct inventory_table *table;
	const struct table *schema;
};

static void take_row(void *context, struct span row)
{
	struct taking *t = context;
	struct inventory_table *table = t->table;
	struct span copy;

	if (table->count == ROWS_MAX) {
		return;
	}
	if ((table->count & (table->count - 1)) == 0) { /* at powers of two */
		size_t capacity = table->count == 0 ? 1 : 2 * table->count;

		table->rows = alloc_resize(table->rows, capacity, sizeof *table->rows);
		table->encoded = alloc_resize(table->encoded, capacity, sizeof *table->encoded);
	}
	copy = (struct span){ (const uint8_t *)alloc_span(row), row.len };
	if (row_decode(t->schema, copy, &table->rows[table->count]) == 0) {
		table->encoded[table->count++] = copy;
	} else {
		free((void *)(uintptr_t)copy.ptr);
	}
}

static int compare_encoded(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

/* The same package is told twice where a walk finds it twice. */
static void drop_doubles(struct inventory_table *table, const struct table *schema)
{
	size_t kept = 0;

	if (table->count > 0) {
		qsort(table->encoded, table->count, sizeof *table->encoded, compare_encoded);
	}
	for (size_t i = 0; i < table->count; i++) {
		struct span encoded = table->encoded[i];

		if ((kept > 0 && span_equal(table->encoded[kept - 1], encoded)) ||
		    row_decode(schema, encoded, &table->rows[kept]) != 0) {
			free((void *)(uintptr_t)encoded.ptr);
		} else {
			table->encoded[kept++] = encoded;
		}
	}
	table->count = kept;
}

/* A table whose collector is not there has no rows. */
static int read_table(struct machine *machine, uint16_t number, struct inventory_table *out,
		      struct why *why)
{
	const struct collector *collector = collector_of(number);
	struct taking taking = { out, schema_by_number(number) };
	int error;

	if (collector == NULL) {
		return 0;
	}
	error = collector_run(collector, machine, take_row, &taking);
	return error == 0 ? 0
			  : why_set(why, error, "the table %s cannot be read: %s", collector->name,
				    error_text(error));
}

int inventory_read(const char *root, struct inventory *out, struct why *why)
{
	struct inventory inventory = { 0 };
	struct machine machine;
	int error = machine_open(root, &machine, why);

	if (error != 0) {
		return error;
	}
	error = read_table(&machine, TABLE_OS, &inventory.os, why);
	if (error == 0) {
		error = read_table(&machine, TABLE_PACKAGES, &inventory.packages, why);
	}
	if (error == 0) {
		error = read_table(&machine, TABLE_LANGUAGE_PACKAGES, &inventory.languages, why);
	}
	if (error == 0) {
		error = read_table(&machine, TABLE_KERNEL, &inventory.kernels, why);
	}
	if (error == 0 && machine.is_live) {
		error = read_table(&machine, TABLE_PACKAGE_USE, &inventory.uses, why);
	}
	if (error == 0 && machine.is_live) {
		error = read_table(&machine, TABLE_LISTENERS, &inventory.listeners, why);
	}
	machine_close(&machine);
	if (error != 0) {
		inventory_done(&inventory);
		return error;
	}
	drop_doubles(&inventory.languages, schema_by_number(TABLE_LANGUAGE_PACKAGES));
	if (inventory.os.count > 0) {
		(void)release_of_os(&inventory.os.rows[0], &inventory.release);
	}
	*out = inventory;
	return 0;
}

static void table_done(struct inventory_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		free((void *)(uintptr_t)table->encoded[i].ptr);
	}
	free(table->rows);
	free(table->encoded);
	*table = (struct inventory_table){ 0 };
}

void inventory_done(struct inventory *inventory)
{
	table_done(&inventory->os);
	table_done(&inventory->packages);
	table_done(&inventory->languages);
	table_done(&inventory->kernels);
	table_done(&inventory->uses);
	table_done(&inventory->listeners);
}

static struct span text_of(const struct row *row, unsigned column)
{
	return row->values[column].kind == VALUE_TEXT ? row->values[column].text : span_of(NULL);
}

static struct span running_kernel(const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->kernels.count; i++) {
		const struct row *kernel = &inventory->kernels.rows[i];

		if (kernel->values[KERNEL_IS_RUNNING].number != 0) {
			return text_of(kernel, KERNEL_RELEASE);
		}
	}
	return span_of(NULL);
}

static enum exposure exposure_of_executable(const struct inventory *inventory,
					    struct span executable)
{
	enum exposure most = EXPOSURE_RUNNING;

	for (size_t i = 0; i < inventory->listeners.count; i++) {
		const struct row *listener = &inventory->listeners.rows[i];
		enum exposure its = exposure_of_address(text_of(listener, LISTENERS_ADDRESS));

		if (executable.len > 0 && its > most &&
		    span_equal(text_of(listener, LISTENERS_EXECUTABLE), executable)) {
			most = its;
		}
	}
	return most;
}

enum exposure inventory_exposure(const struct inventory *inventory, const struct row *package)
{
	struct span name = text_of(package, PACKAGES_NAME);
	enum exposure most = inventory->uses.count > 0 ? EXPOSURE_INSTALLED : EXPOSURE_UNKNOWN;

	if (package->table->number != TABLE_PACKAGES) {
		/* of Go the program it is built into: known only where that one listens */
		most = exposure_of_executable(inventory, text_of(package, LANGUAGE_PACKAGES_PATH));
		return most > EXPOSURE_RUNNING ? most : EXPOSURE_UNKNOWN;
	}
	for (size_t i = 0; i < inventory->uses.count; i++) {
		const struct row *use = &inventory->uses.rows[i];
		enum exposure its;

		if (!span_equal(text_of(use, PACKAGE_USE_PACKAGE), name)) {
			continue;
		}
		its = exposure_of_executable(inventory, text_of(use, PACKAGE_USE_EXECUTABLE));
		most = its > most ? its : most;
	}
	return exposure_of_package(package, running_kernel(inventory), most);
}

/* Whether a program is the package's, or has it built in. */
static bool does_run(const struct inventory *inventory, const struct row *package,
		     struct span executable)
{
	if (package->table->number != TABLE_PACKAGES) {
		return span_equal(text_of(package, LANGUAGE_PACKAGES_PATH), executable);
	}
	for (size_t i = 0; i < inventory->uses.count; i++) {
		const struct row *use = &inventory->uses.rows[i];

		if (span_equal(text_of(use, PACKAGE_USE_PACKAGE),
			       text_of(package, PACKAGES_NAME)) &&
		    span_equal(text_of(use, PACKAGE_USE_EXECUTABLE), executable)) {
			return true;
		}
	}
	return false;
}

struct span inventory_listeners(const struct inventory *inventory, const struct row *package,
				enum exposure exposure, uint8_t room[INVENTORY_LISTENERS_ROOM])
{
	struct listener_words words = listener_words_over(room, INVENTORY_LISTENERS_ROOM);

	for (size_t i = 0; i < inventory->listeners.count; i++) {
		const struct row *listener = &inventory->listeners.rows[i];
		struct span address = text_of(listener, LISTENERS_ADDRESS);
		struct span executable = text_of(listener, LISTENERS_EXECUTABLE);

		if (executable.len > 0 && exposure_of_address(address) == exposure &&
		    does_run(inventory, package, executable)) {
			listener_words_add(&words, text_of(listener, LISTENERS_PROTOCOL), address,
					   listener->values[LISTENERS_PORT].number);
		}
	}
	return listener_words_end(&words);
}

struct span inventory_system(const struct inventory *inventory)
{
	struct span name = span_of(NULL);

	if (inventory->os.count > 0) {
		name = text_of(&inventory->os.rows[0], OS_NAME);
		name = name.len > 0 ? name : text_of(&inventory->os.rows[0], OS_ID);
	}
	return name.len > 0 ? name : span_of("a system without os-release");
}
