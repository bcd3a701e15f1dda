/* proc_pressure.c - "some avg10=94.32 avg60=44.61 avg300=12.83 total=2646336282" */
#include "formats/proc_pressure.h"

#include "base/error.h"
#include "base/reader.h"
#include "base/text.h"

#define WHOLE_MAX   100
#define DIGITS      2
#define LINE_BEGINS "some avg10="

int proc_pressure_parse(struct span file, uint32_t *out_some_10)
{
	struct reader r = reader_over(file);
	struct span value;
	struct span whole;
	uint64_t percent;
	uint64_t hundredths;

	if (!span_starts_with(file, LINE_BEGINS)) {
		return ERR_MALFORMED;
	}
	(void)reader_until(&r, '=');
	value = reader_until(&r, ' ');
	r = reader_over(value);
	whole = reader_until(&r, '.');
	value = reader_rest(&r);
	if (value.len != DIGITS || text_to_u64(whole, WHOLE_MAX, &percent) != 0 ||
	    text_to_u64(value, WHOLE_MAX - 1, &hundredths) != 0) {
		return ERR_MALFORMED;
	}
	*out_some_10 = (uint32_t)(percent * 100 + hundredths);
	return 0;
}
