/* health.c - does it serve? Says nothing else, because anyone may ask. */
#include "server/api/call.h"

static void get(struct call *call)
{
	emit_object(&call->json);
	emit_key(&call->json, "status");
	emit_text(&call->json, "ok");
	emit_key(&call->json, "version");
	emit_text(&call->json, BARTIZAN_VERSION);
	emit_object_end(&call->json);
	call_answer(call, 200);
}

const struct resource resource_health = {
	.path = "/healthz",
	.summary = "Does it serve?",
	.operations = { { "GET", RESOURCE_PUBLIC, "", get } },
};
