/* modules.c - /proc/modules. */
#include <ctype.h>

#include "agent/collectors/table.h"
#include "formats/proc_modules.h"
#include "schema/schema.h"

#define FILE_MAX  (4u << 20)
#define STATE_MAX 16

static void modules_watch(struct signals *signals)
{
	signals_on_uevent(signals, TABLE_MODULES, "module");
}

static int modules_collect(struct collection *c)
{
	struct buffer file OWNED(buffer_done);
	struct proc_modules_iterator it;
	struct proc_module module;
	int error;

	buffer_init(&file, FILE_MAX);
	error = machine_read_kernel(c->machine, "/proc/modules", &file);
	if (error != 0) {
		return collection_missing(error); /* a kernel without modules has no such file */
	}
	it = proc_modules_over(buffer_span(&file));
	while (proc_modules_next(&it, &module)) {
		struct row *row = collection_row(c);
		uint8_t state[STATE_MAX];
		size_t len = module.state.len < STATE_MAX ? module.state.len : STATE_MAX;

		for (size_t i = 0; i < len; i++) {
			state[i] = (uint8_t)tolower(module.state.ptr[i]);
		}
		row_set_text(row, MODULES_NAME, module.name);
		row_set_integer(row, MODULES_SIZE_BYTES, (int64_t)module.size_bytes);
		row_set_text(row, MODULES_STATE, (struct span){ state, len });
		row_set_text_if_any(row, MODULES_TAINT, module.taint);
		collection_emit(c);
	}
	return 0;
}

const struct collector collector_modules = {
	.name = "modules",
	.summary = "/proc/modules",
	.table = TABLE_MODULES,
	.watch = modules_watch,
	.collect = modules_collect,
};
