#include "formats/path_pattern.h"

#include <stdlib.h>

#include "base/reader.h"
#include "formats/fuzz.h"

/* PATTERN, a NUL, PATH. Covering goes on to all below: never may a longer path be left out. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_over((struct span){ data, size });
	struct span pattern = reader_until(&r, '\0');
	struct span path = reader_bytes(&r, reader_left(&r));

	for (size_t len = 0; len < path.len; len++) {
		struct span above = { path.ptr, len };

		if (path.ptr[len] == '/' && path_pattern_covers(pattern, above) &&
		    !path_pattern_covers(pattern, path)) {
			abort();
		}
	}
	(void)path_pattern_covers(pattern, path);
	return 0;
}
