/* moment.c - times of options. */
#include "cli/moment.h"

#include "base/error.h"
#include "base/span.h"

int moment_read(const char *option, const char *text, char out[CLOCK_TEXT_SIZE], struct why *why)
{
	int64_t moment_ms;
	int64_t ago_ms;

	if (clock_from_text(span_of(text), &moment_ms) == 0) {
		clock_to_text(moment_ms, out);
		return 0;
	}
	if (clock_duration_from_text(span_of(text), &ago_ms) == 0) {
		clock_to_text(clock_wall_ms() - ago_ms, out);
		return 0;
	}
	return why_set(why, ERR_USAGE,
		       "%s must be a time such as 2026-11-21T12:00:00Z or 2026-11-21, or how long "
		       "ago, such as 2h",
		       option);
}
