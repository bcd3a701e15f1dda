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
		bool has_real;

		if (!span_is(reader_until(&line, ':'), "Uid")) {
			continue;
		}
		/* the real one first; more must follow the effective one, or it may have been cut
		 */
		has_real = split_word(&line, &word);
		if (!has_real || !split_word(&line, &word) ||
		    text_to_u64(word, UINT32_MAX, &uid) != 0 || reader_left(&line) == 0) {
			return ERR_MALFORMED;
		}
		*out_uid = (uint32_t)uid;
		return 0;
	}
	return ERR_MALFORMED;
}
