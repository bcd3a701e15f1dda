/* proc_sockstat.c - "UDP: inuse 3 mem 2" */
#include "formats/proc_sockstat.h"

#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "formats/split.h"

int proc_sockstat_in_use(struct span file, const char *protocol, uint64_t *out)
{
	struct reader r = reader_over(file);

	while (reader_left(&r) > 0) {
		struct reader line = reader_over(reader_line(&r));
		struct span word;

		if (!span_is(reader_until(&line, ':'), protocol)) {
			continue;
		}
		if (!split_word(&line, &word) || !span_is(word, "inuse") ||
		    !split_word(&line, &word) || text_to_u64(word, UINT64_MAX, out) != 0) {
			return ERR_MALFORMED;
		}
		return 0;
	}
	return ERR_NOT_FOUND;
}
