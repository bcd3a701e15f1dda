/* proc_modules.c - "name 16384 2 user1,user2, Live 0x0000000000000000 (OE)" */
#include "formats/proc_modules.h"

#include "base/text.h"
#include "formats/split.h"

struct proc_modules_iterator proc_modules_over(struct span file)
{
	return (struct proc_modules_iterator){ .rest = reader_over(file) };
}

static bool parse(struct span line, struct proc_module *out)
{
	struct reader r = reader_over(line);
	struct proc_module module = { 0 };
	struct span size;
	struct span skipped;

	if (!split_word(&r, &module.name) || !split_word(&r, &size) ||
	    !split_word(&r, &skipped) || /* references */
	    !split_word(&r, &skipped) || /* dependants */
	    !split_word(&r, &module.state) || !split_word(&r, &skipped) /* address */ ||
	    text_to_u64(size, INT64_MAX, &module.size_bytes) != 0) {
		return false;
	}
	if (split_word(&r, &module.taint)) {
		if (!span_starts_with(module.taint, "(") || !span_ends_with(module.taint, ")")) {
			return false;
		}
		module.taint = span_first(span_after(module.taint, 1), module.taint.len - 2);
	}
	*out = module;
	return true;
}

bool proc_modules_next(struct proc_modules_iterator *it, struct proc_module *out)
{
	while (reader_left(&it->rest) > 0) {
		struct span line = reader_line(&it->rest);

		if (parse(line, out)) {
			return true;
		}
		it->malformed += !split_is_blank(line);
	}
	return false;
}
