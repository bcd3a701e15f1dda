/* uevent.c - texts that each end in a NUL. */
#include "formats/uevent.h"

#include "base/error.h"

int uevent_parse(struct span datagram, struct uevent *out)
{
	struct reader r = reader_over(datagram);
	struct span header = reader_until(&r, 0);
	size_t at = span_find(header, '@');
	struct uevent event = {
		.action = span_first(header, at),
		.path = span_after(header, at + 1),
	};
	struct reader pairs;
	struct span key;
	struct span value;

	if (span_is(header, "libudev")) {
		return ERR_UNSUPPORTED;
	}
	if (event.action.len == 0 || event.path.len == 0 || event.path.ptr[0] != '/') {
		return ERR_MALFORMED;
	}
	event.pairs = reader_rest(&r);
	pairs = reader_over(event.pairs);
	while (uevent_pairs_next(&pairs, &key, &value)) {
		if (span_is(key, "SUBSYSTEM")) {
			event.subsystem = value;
		}
	}
	*out = event;
	return 0;
}

bool uevent_pairs_next(struct reader *pairs, struct span *key, struct span *value)
{
	while (reader_left(pairs) > 0) {
		struct span text = reader_until(pairs, 0);
		size_t equals = span_find(text, '=');

		if (equals > 0 && equals < text.len) {
			*key = span_first(text, equals);
			*value = span_after(text, equals + 1);
			return true;
		}
	}
	return false;
}
