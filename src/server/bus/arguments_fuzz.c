/* arguments_fuzz.c - requests and replies that another role may send. */
#include "server/bus/arguments.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct arguments *map)
{
	struct argument pair;
	uint64_t number;
	size_t at = 0;
	size_t seen = 0;

	while (arguments_next(map, &at, &pair)) {
		seen++;
	}
	assert(seen == map->count);
	(void)!arguments_uint(map, "uses", &number);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span body = { data, size };
	struct span operation;
	struct arguments map;
	struct reply reply;

	if (request_read(body, &operation, &map) == 0) {
		walk(&map);
	}
	if (reply_read(body, &reply) == 0 && reply.status == 0) {
		walk(&reply.result);
	}
	return 0;
}
