/* lines_fuzz.c - what the process that talks to strangers says to the one that does not. */
#include <stdlib.h>

#include "formats/fuzz.h"
#include "base/reader.h"
#include "scan/sensor/details.h"
#include "scan/sensor/finder.h"
#include "scan/sensor/found.h"

static void try_rows(struct span bytes)
{
	static const struct rows_place place = { .scope = "192.0.2.0/24",
						 .transport = TRANSPORT_TCP,
						 .port = 22 };
	struct reader r = reader_over(bytes);
	uint16_t table;
	struct span row;

	while (rows_next(&r, &table, &row)) {
		(void)rows_is_of(&place, table, row);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = { data, size };
	struct finder_progress progress;
	struct details details;
	struct found *found = NULL;

	try_rows(bytes);
	if (details_read(bytes, &details) == 0) {
		try_rows(details.rows);
	}
	(void)(finder_progress_read(bytes, &progress) != 0);
	if (found_read(bytes, &found) == 0) {
		found_free(&found);
	}
	return 0;
}
