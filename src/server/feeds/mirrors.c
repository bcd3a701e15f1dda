/* mirrors.c - the list is short and read anew each time. */
#include "server/feeds/mirrors.h"

#include "base/error.h"
#include "base/reader.h"
#include "server/feeds/feed.h"

/* What is in front of the address; empty where there is no name. */
static struct span take_name(struct span *item)
{
	size_t equals = span_find(*item, '=');
	size_t colon = span_find(*item, ':');
	struct span name = { NULL, 0 };

	if (equals < colon) {
		name = span_first(*item, equals);
		*item = span_after(*item, equals + 1);
	}
	return name;
}

static bool is_address(struct span text)
{
	struct span host = span_after(text, span_find(text, '/') + 2);

	return (span_starts_with(text, "https://") || span_starts_with(text, "http://")) &&
	       host.len > 0 && host.ptr[0] != '/';
}

int mirrors_check(const char *list, struct why *why)
{
	struct reader r = reader_over(span_of(list));

	do {
		struct span address = reader_until(&r, ',');
		struct span name = take_name(&address);

		if (name.len > 0 && feed_named(name) == NULL) {
			return why_set(
				why, ERR_USAGE,
				"--feed-mirror: there is no feed '%.*s'; see bartizan feed list",
				(int)span_first(name, 60).len, (const char *)name.ptr);
		}
		if (!is_address(address)) {
			return why_set(
				why, ERR_USAGE,
				"--feed-mirror is an address such as https://mirror/feeds, or "
				"several with commas between, each for all feeds or for one: "
				"debian=https://mirror/debian");
		}
	} while (reader_left(&r) > 0);
	return 0;
}

/* Of one kind: with this name, or with none. */
static bool nth(const char *list, struct span wanted, size_t n, struct span *out)
{
	struct reader r = reader_over(span_of(list));

	while (reader_left(&r) > 0) {
		struct span address = reader_until(&r, ',');
		struct span name = take_name(&address);

		if (span_equal(name, wanted) && n-- == 0) {
			bool has_slash = address.len > 0 && address.ptr[address.len - 1] == '/';

			*out = span_first(address, address.len - has_slash);
			return true;
		}
	}
	return false;
}

bool mirrors_at(const char *list, struct span feed, size_t n, struct span *out)
{
	struct span first;
	bool is_named;

	if (list == NULL) {
		return false;
	}
	is_named = nth(list, feed, 0, &first);
	return nth(list, is_named ? feed : span_of(NULL), n, out);
}
