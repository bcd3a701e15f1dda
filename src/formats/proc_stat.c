/* proc_stat.c - "pid (name) state parent ... start ..." */
#include "formats/proc_stat.h"

#include "base/error.h"
#include "base/text.h"
#include "formats/split.h"

#define NAME_MAX_BYTES 256 /* longer than any kernel writes, escapes included */

/* Fields behind the name, counted from 0 (field 3 of the manual is the first). */
enum { FIELD_STATE = 0, FIELD_PARENT = 1, FIELD_FLAGS = 6, FIELD_START = 19 };

/* The index of the last closing bracket; the length where there is none. */
static size_t last_bracket(struct span file)
{
	for (size_t i = file.len; i > 0; i--) {
		if (file.ptr[i - 1] == ')') {
			return i - 1;
		}
	}
	return file.len;
}

static bool take_fields(struct span fields, struct proc_stat *out)
{
	struct reader r = reader_over(span_trim(fields));
	struct span word;
	uint64_t number;

	for (int field = 0; split_word(&r, &word); field++) {
		if (field == FIELD_STATE) {
			if (word.len != 1) {
				return false;
			}
			out->state = word.ptr[0];
		} else if (field == FIELD_PARENT) {
			if (text_to_u64(word, UINT32_MAX, &number) != 0) {
				return false;
			}
			out->parent = (uint32_t)number;
		} else if (field == FIELD_FLAGS) {
			if (text_to_u64(word, UINT32_MAX, &number) != 0) {
				return false;
			}
			out->flags = (uint32_t)number;
		} else if (field == FIELD_START) {
			/* more must follow, or the number may have been cut */
			return text_to_u64(word, UINT64_MAX, &out->start_ticks) == 0 &&
			       reader_left(&r) > 0;
		}
	}
	return false;
}

int proc_stat_parse(struct span file, struct proc_stat *out)
{
	struct reader r = reader_over(file);
	struct proc_stat stat = { 0 };
	size_t bracket = last_bracket(file);
	uint64_t pid;

	if (text_to_u64(reader_until(&r, ' '), UINT32_MAX, &pid) != 0 || reader_u8(&r) != '(' ||
	    bracket == file.len) {
		return ERR_MALFORMED;
	}
	stat.pid = (uint32_t)pid;
	/* what is left, without the bracket and all behind it; a bracket before the name fails */
	if (reader_left(&r) < file.len - bracket) {
		return ERR_MALFORMED;
	}
	stat.name = reader_bytes(&r, reader_left(&r) - (file.len - bracket));
	if (stat.name.len > NAME_MAX_BYTES || !take_fields(span_after(file, bracket + 1), &stat)) {
		return ERR_MALFORMED;
	}
	*out = stat;
	return 0;
}
