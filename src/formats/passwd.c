/* passwd.c - accounts. */
#include "formats/passwd.h"

#include "base/text.h"
#include "formats/split.h"

enum { NAME, PASSWORD, UID, GID, GECOS, HOME, SHELL, FIELDS };

struct passwd_iterator passwd_over(struct span file)
{
	return (struct passwd_iterator){ .rest = reader_over(file) };
}

static bool parse(struct span line, struct passwd_entry *out)
{
	struct span fields[FIELDS];
	uint64_t uid;
	uint64_t gid;

	if (line.len > PASSWD_LINE_MAX || !split_fields(line, ':', fields, FIELDS) ||
	    fields[NAME].len == 0 || text_to_u64(fields[UID], UINT32_MAX, &uid) != 0 ||
	    text_to_u64(fields[GID], UINT32_MAX, &gid) != 0) {
		return false;
	}
	*out = (struct passwd_entry){
		.name = fields[NAME],
		.uid = (uint32_t)uid,
		.gid = (uint32_t)gid,
		.full_name = span_first(fields[GECOS], span_find(fields[GECOS], ',')),
		.home = fields[HOME],
		.shell = fields[SHELL],
	};
	return true;
}

bool passwd_next(struct passwd_iterator *it, struct passwd_entry *out)
{
	struct span line;

	while (split_account_line(&it->rest, &it->nis, &line)) {
		if (parse(line, out)) {
			return true;
		}
		it->malformed++;
	}
	return false;
}
