/* router_fuzz.c - request targets, through splitting, routing and parameters. */
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "server/api/router.h"
#include "server/api/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "tenant", "limit", "after", "search", "at" };
	char value[1024];
	struct route route;
	struct url url;

	if (url_parse((struct span){ data, size }, &url) != 0) {
		return 0;
	}
	if (router_find(resources, url.path, "GET", &route) == 0) {
		for (size_t i = 0; i < RESOURCE_CAPTURES_MAX; i++) {
			assert(strlen(route.captures[i]) < ROUTE_CAPTURE_SIZE);
			assert(text_is_utf8(span_of(route.captures[i])));
		}
	}
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (url_param(url.query, names[i], value, sizeof value) == 0) {
			assert(text_is_utf8(span_of(value)));
		}
	}
	return 0;
}
