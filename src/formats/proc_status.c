/* proc_status.c - "Uid:\treal\teffective\tsaved\tfile system" */
#include "formats/proc_status.h"

#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"
#include "formats/split.h"

int proc_status_user(struct span file, uint32_t *out_uid)
{
	struct reader r = reader_over(file);
	uint64_t uid;

	while (reader_left(&r) > 0) {
		struct reader line = reader_over(reader_line(&r));
		struct span word;

		if (!span_is(reader_until(&line, ':'), "Uid")) {
			continue;
		}
		/* more must follow, or the number may have been cut */
		if (!split_word(&line, &word) || !split_word(&line, &word) ||
		    text_to_u64(word, UINT32_MAX, &uid) != 0 || reader_left(&line) == 0) {
			return ERR_MALFORMED;
		}
		*out_uid = (uint32_t)uid;
		return 0;
	}
	return ERR_MALFORMED;
}
