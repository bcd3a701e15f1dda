/* apk.c - see apk_db_fdb_read() of apk-tools for the letters. */
#include "formats/apk.h"

#include "base/text.h"
#include "formats/split.h"

struct apk_iterator apk_over(struct span file)
{
	return (struct apk_iterator){ .rest = reader_over(file) };
}

/* False where the line cannot be. */
static bool take_line(struct span line, struct apk_package *out)
{
	struct span value = span_after(line, 2);

	if (line.len < 2 || line.ptr[1] != ':') {
		return false;
	}
	switch (line.ptr[0]) {
	case 'P':
		out->name = value;
		break;
	case 'V':
		out->version = value;
		break;
	case 'A':
		out->architecture = value;
		break;
	case 'o':
		out->origin = value;
		break;
	case 'm':
		out->maintainer = value;
		break;
	case 'I':
		out->has_size = true;
		return text_to_u64(value, INT64_MAX, &out->size_bytes) == 0;
	default: /* files, dependencies, checksums */
		break;
	}
	return true;
}

bool apk_next(struct apk_iterator *it, struct apk_package *out)
{
	while (reader_left(&it->rest) > 0) {
		struct apk_package package = { 0 };
		bool is_good = true;
		size_t lines = 0;

		while (reader_left(&it->rest) > 0) {
			struct span line = reader_line(&it->rest);

			if (split_is_blank(line)) {
				break;
			}
			lines++;
			is_good = take_line(line, &package) && is_good;
		}
		if (lines == 0) {
			continue;
		}
		if (!is_good || package.name.len == 0 || package.version.len == 0) {
			it->malformed++;
			continue;
		}
		if (package.origin.len == 0) {
			package.origin = package.name;
		}
		*out = package;
		return true;
	}
	return false;
}
