#include "formats/cpe_name.h"

#include "base/reader.h"
#include "formats/fuzz.h"

/* A name in the first line, a version in the second: an attribute takes in itself, in its one
 * spelling too, and that spelling is read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader r = reader_over((struct span){ data, size });
	uint8_t room[2 * CPE_NAME_MAX + 16];
	struct writer w = writer_over(room, sizeof room);
	struct cpe_name name;
	struct cpe_name again;
	struct span line = reader_line(&r);

	if (cpe_name_read(line, &name) != 0) {
		return 0;
	}
	writer_text(&w, "cpe:2.3");
	for (size_t i = 0; i < CPE_ATTRIBUTES; i++) {
		struct span attribute = name.attributes[i];

		(void)cpe_takes_in(attribute, reader_rest(&r));
		if (!cpe_has_wildcards(attribute) && !cpe_takes_in(attribute, attribute)) {
			__builtin_trap();
		}
		writer_u8(&w, ':');
		cpe_write_quoted(attribute, &w);
	}
	if (!writer_ok(&w)) {
		__builtin_trap(); /* quoting at most doubles */
	}
	if (cpe_name_read(writer_span(&w), &again) == 0) {
		for (size_t i = 0; i < CPE_ATTRIBUTES; i++) {
			if (!cpe_has_wildcards(name.attributes[i]) &&
			    !cpe_takes_in(name.attributes[i], again.attributes[i])) {
				__builtin_trap();
			}
		}
	}
	writer_rewind(&w, 0);
	(void)cpe_write_product(&name, &w);
	return 0;
}
