/* proc_cpuinfo.c - "key : value" lines. */
#include "formats/proc_cpuinfo.h"

#include "base/error.h"

static bool find(struct span file, const char *key, struct span *out)
{
	struct reader r = reader_over(file);

	while (reader_left(&r) > 0) {
		struct span line = reader_line(&r);
		size_t colon = span_find(line, ':');
		struct span value = span_trim(span_after(line, colon + 1));

		if (value.len > 0 && span_is(span_trim(span_first(line, colon)), key)) {
			*out = value;
			return true;
		}
	}
	return false;
}

int proc_cpuinfo_model(struct span file, struct span *out)
{
	/* the better one first; the last three are of POWER, MIPS and RISC-V */
	static const char *const keys[] = { "model name", "Model",     "Hardware",
					    "cpu",        "cpu model", "uarch" };

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		if (find(file, keys[i], out)) {
			return 0;
		}
	}
	return ERR_NOT_FOUND;
}
