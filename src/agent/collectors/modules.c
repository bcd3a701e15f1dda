/* modules.c - /proc/modules, and who signed their files. */
#include <ctype.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "agent/collectors/module_files.h"
#include "agent/collectors/table.h"
#include "formats/proc_modules.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define FILE_MAX    (4u << 20)
#define MODULES_MAX 8192
#define STATE_MAX   16
#define SIGNER_MAX  512

static void modules_watch(struct signals *signals)
{
	signals_on_uevent(signals, TABLE_MODULES, "module");
}

static int by_name(const void *a, const void *b)
{
	return span_compare(((const struct module_file *)a)->name,
			    ((const struct module_file *)b)->name);
}

/* Names sorted, to be found. */
static size_t take_names(struct span file, struct module_file *files)
{
	struct proc_modules_iterator it = proc_modules_over(file);
	struct proc_module module;
	size_t count = 0;

	while (count < MODULES_MAX && proc_modules_next(&it, &module)) {
		files[count++].name = module.name;
	}
	qsort(files, count, sizeof *files, by_name);
	return count;
}

static void set_signer(struct collection *c, struct row *row, struct writer *w,
		       const struct module_file *file)
{
	if (file != NULL) {
		module_files_write_signer(c->machine->tree, file, w);
		row_set_text_if_any(row, MODULES_SIGNER, writer_span(w));
	}
}

static void emit(struct collection *c, const struct proc_module *module,
		 const struct module_file *file)
{
	struct row *row = collection_row(c);
	uint8_t signer[SIGNER_MAX];
	struct writer w = writer_over(signer, sizeof signer);
	uint8_t state[STATE_MAX];
	size_t len = module->state.len < STATE_MAX ? module->state.len : STATE_MAX;

	for (size_t i = 0; i < len; i++) {
		state[i] = (uint8_t)tolower(module->state.ptr[i]);
	}
	row_set_text(row, MODULES_NAME, module->name);
	row_set_integer(row, MODULES_SIZE_BYTES, (int64_t)module->size_bytes);
	row_set_text(row, MODULES_STATE, (struct span){ state, len });
	row_set_text_if_any(row, MODULES_TAINT, module->taint);
	set_signer(c, row, &w, file);
	collection_emit(c);
}

static int emit_all(struct collection *c, struct span file, struct module_file *files)
{
	struct proc_modules_iterator it = proc_modules_over(file);
	size_t count = take_names(file, files);
	struct proc_module module;
	struct utsname name;
	int error = uname(&name) == 0
			    ? module_files_find(c->machine->tree, name.release, files, count)
			    : 0;

	while (error == 0 && proc_modules_next(&it, &module)) {
		const struct module_file key = { .name = module.name };

		emit(c, &module, bsearch(&key, files, count, sizeof *files, by_name));
	}
	module_files_done(files, count);
	return error;
}

static int modules_collect(struct collection *c)
{
	struct module_file *files OWNED(alloc_free) = NULL;
	struct buffer file OWNED(buffer_done);
	int error;

	buffer_init(&file, FILE_MAX);
	error = machine_read_kernel(c->machine, "/proc/modules", &file);
	if (error != 0) {
		return collection_missing(error); /* a kernel without modules has no such file */
	}
	files = alloc_zeroed(MODULES_MAX, sizeof *files);
	return emit_all(c, buffer_span(&file), files);
}

const struct collector collector_modules = {
	.name = "modules",
	.summary = "/proc/modules, and who signed their files",
	.table = TABLE_MODULES,
	.watch = modules_watch,
	.collect = modules_collect,
};
