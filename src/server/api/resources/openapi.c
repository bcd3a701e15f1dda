/* openapi.c - the contract itself. */
#include "server/api/call.h"
#include "server/api/embedded.h"

static void get(struct call *call)
{
	embedded_answer(call, embedded_find(span_of("/openapi.yaml")));
}

const struct resource resource_openapi = {
	.path = "/openapi.yaml",
	.summary = "This API's description",
	.operations = { { "GET", RESOURCE_PUBLIC, "", get } },
};
