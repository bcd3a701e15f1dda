/* proc_maps.c - "7f0f8a400000-7f0f8a426000 r-xp 00026000 fe:01 1234    /usr/lib/libc.so.6" */
#include "formats/proc_maps.h"

#include "formats/split.h"

#define PERMISSIONS_LEN 4

struct proc_maps_iterator proc_maps_over(struct span file)
{
	return (struct proc_maps_iterator){ .rest = reader_over(file) };
}

/* A path may hold blanks: it is all that stands behind the five words. */
static bool take_line(struct span line, struct proc_map *out)
{
	static const char deleted[] = " (deleted)";
	struct reader r = reader_over(line);
	struct span addresses;
	struct span permissions;
	struct span word;

	if (!split_word(&r, &addresses) || !split_word(&r, &permissions) ||
	    permissions.len != PERMISSIONS_LEN || span_find(addresses, '-') == addresses.len) {
		return false;
	}
	for (int i = 0; i < 3; i++) { /* offset, device, inode */
		if (!split_word(&r, &word)) {
			return false;
		}
	}
	while (reader_peek(&r) == ' ') {
		(void)reader_u8(&r);
	}
	*out = (struct proc_map){ .path = reader_rest(&r),
				  .is_executable = permissions.ptr[2] == 'x',
				  .is_deleted = false };
	if (span_ends_with(out->path, deleted)) {
		out->path = span_first(out->path, out->path.len - (sizeof deleted - 1));
		out->is_deleted = true;
	}
	return true;
}

bool proc_maps_next(struct proc_maps_iterator *it, struct proc_map *out)
{
	while (reader_left(&it->rest) > 0) {
		struct proc_map map;

		if (!take_line(reader_until(&it->rest, '\n'), &map)) {
			it->malformed++;
		} else if (span_starts_with(map.path, "/")) { /* not [heap], not anon_inode:... */
			*out = map;
			return true;
		}
	}
	return false;
}
