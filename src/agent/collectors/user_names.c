/* user_names.c - the first account of a number. */
#include "agent/collectors/user_names.h"

#include "formats/passwd.h"

struct span user_names_of(struct span passwd, uint32_t uid, struct writer *w)
{
	struct passwd_iterator it = passwd_over(passwd);
	size_t mark = writer_used(w);
	struct passwd_entry entry;

	while (passwd_next(&it, &entry)) {
		if (entry.uid == uid) {
			return entry.name;
		}
	}
	writer_decimal(w, uid);
	return span_after(writer_span(w), mark);
}
