/* router.c - the table is short and its patterns are few: it is walked. */
#include "server/api/router.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/reader.h"
#include "server/api/url.h"

/* True where path fits the pattern; captures are the encoded segments in braces. */
static bool fits(const char *pattern, struct span path, struct span captures[RESOURCE_CAPTURES_MAX])
{
	struct span rest = span_of(pattern);
	struct span wanted;
	struct span given;
	unsigned count = 0;

	while (url_next_segment(&rest, &wanted)) {
		if (!url_next_segment(&path, &given)) {
			return false;
		}
		if (!span_starts_with(wanted, "{")) {
			if (!span_equal(wanted, given)) {
				return false;
			}
		} else if (given.len == 0 || count == RESOURCE_CAPTURES_MAX) {
			return false;
		} else {
			captures[count++] = given;
		}
	}
	return path.len == 0;
}

static const struct operation *find_operation(const struct resource *resource, const char *method)
{
	const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;

	for (size_t i = 0; i < RESOURCE_OPERATIONS_MAX; i++) {
		const struct operation *operation = &resource->operations[i];

		if (operation->method != NULL && strcmp(operation->method, wanted) == 0) {
			return operation;
		}
	}
	return NULL;
}

int router_find(const struct resource *const *table, struct span path, const char *method,
		struct route *out)
{
	for (size_t i = 0; table[i] != NULL; i++) {
		struct span captures[RESOURCE_CAPTURES_MAX] = { 0 };
		struct route route = { .resource = table[i] };

		if (!fits(table[i]->path, path, captures)) {
			continue;
		}
		for (size_t c = 0; c < RESOURCE_CAPTURES_MAX; c++) {
			int error = url_decode(captures[c], false, route.captures[c],
					       sizeof route.captures[c]);

			if (error != 0) {
				return error;
			}
		}
		route.operation = find_operation(table[i], method);
		*out = route;
		return route.operation != NULL ? 0 : ERR_UNSUPPORTED;
	}
	return ERR_NOT_FOUND;
}

void router_allowed(const struct resource *resource, char *out, size_t out_size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < RESOURCE_OPERATIONS_MAX && used < out_size; i++) {
		const char *method = resource->operations[i].method;

		if (method != NULL) {
			used += (size_t)snprintf(out + used, out_size - used, "%s%s%s",
						 used > 0 ? ", " : "", method,
						 strcmp(method, "GET") == 0 ? ", HEAD" : "");
		}
	}
}

bool router_takes(const struct operation *operation, struct span parameter)
{
	struct reader names = reader_over(span_of(operation->parameters));

	if (span_is(parameter, "tenant")) {
		return true;
	}
	while (reader_left(&names) > 0) {
		if (span_equal(reader_until(&names, ' '), parameter)) {
			return true;
		}
	}
	return false;
}
