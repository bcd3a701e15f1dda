/* proc_loadavg.c - "0.20 0.18 0.12 1/80 11206" */
#include "formats/proc_loadavg.h"

#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "formats/split.h"

#define AVERAGES 3

int proc_loadavg_parse(struct span file, struct proc_loadavg *out)
{
	struct reader r = reader_over(span_trim(file));
	struct span word;
	uint64_t threads;
	uint64_t last_pid;

	for (int i = 0; i < AVERAGES; i++) {
		if (!split_word(&r, &word)) {
			return ERR_MALFORMED;
		}
	}
	(void)reader_until(&r, '/'); /* those that run */
	if (text_to_u64(reader_until(&r, ' '), UINT32_MAX, &threads) != 0 ||
	    text_to_u64(reader_rest(&r), UINT32_MAX, &last_pid) != 0) {
		return ERR_MALFORMED;
	}
	out->threads = (uint32_t)threads;
	out->last_pid = (uint32_t)last_pid;
	return 0;
}
