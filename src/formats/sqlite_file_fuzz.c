#include "formats/sqlite_file.h"

#include "base/reader.h"
#include "formats/fuzz.h"

#define ROWS_MAX 1000

static void walk(const struct sqlite_file *file, uint32_t root)
{
	struct sqlite_file_rows it = sqlite_file_rows_over(file, root);
	int64_t rowid;

	for (size_t rows = 0; rows < ROWS_MAX && sqlite_file_rows_next(&it, &rowid); rows++) {
		struct sqlite_file_value value;
		uint8_t buffer[16];

		for (size_t column = 0; sqlite_file_column(&it, column, &value) == 0; column++) {
			size_t len =
				value.size < sizeof buffer ? (size_t)value.size : sizeof buffer;

			/* its end first, so that reading goes backwards too */
			if (sqlite_file_read(&it, value.offset + value.size - len, buffer, len) ==
				    0 &&
			    sqlite_file_read(&it, value.offset, buffer, len) == 0) {
				fuzz_touch((struct span){ buffer, len });
			}
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* the database and, behind the pages that its header counts, the log */
	struct span whole = { data, size };
	struct reader r = reader_over(whole);
	size_t page_size;
	size_t pages;
	struct sqlite_file file;
	uint32_t root;

	(void)reader_bytes(&r, 16);
	page_size = reader_be16(&r);
	(void)reader_bytes(&r, 10);
	pages = reader_be32(&r);
	if (sqlite_file_over(span_first(whole, page_size * pages),
			     span_after(whole, page_size * pages), &file) != 0) {
		return 0;
	}
	walk(&file, 1);
	if (sqlite_file_table(&file, "Packages", &root) == 0) {
		walk(&file, root);
	}
	return 0;
}
