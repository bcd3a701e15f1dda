/* group.c - groups and their members. */
#include "formats/group.h"

#include "base/text.h"
#include "formats/split.h"

enum { NAME, PASSWORD, GID, MEMBERS, FIELDS };

struct group_iterator group_over(struct span file)
{
	return (struct group_iterator){ .rest = reader_over(file) };
}

static bool parse(struct span line, struct group_entry *out)
{
	struct span fields[FIELDS];
	uint64_t gid;

	if (line.len > GROUP_LINE_MAX || !split_fields(line, ':', fields, FIELDS) ||
	    fields[NAME].len == 0 || text_to_u64(fields[GID], UINT32_MAX, &gid) != 0) {
		return false;
	}
	*out = (struct group_entry){
		.name = fields[NAME],
		.gid = (uint32_t)gid,
		.members = fields[MEMBERS],
	};
	return true;
}

bool group_next(struct group_iterator *it, struct group_entry *out)
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

bool group_members_next(struct reader *members, struct span *name)
{
	while (reader_left(members) > 0) {
		struct span member = span_trim(reader_until(members, ','));

		if (member.len > 0) {
			*name = member;
			return true;
		}
	}
	return false;
}
