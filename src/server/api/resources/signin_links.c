/* signin_links.c - one-time codes for the console's address. */
#include <stdio.h>

#include "server/api/call.h"
#include "sys/clock.h"

static void post(struct call *call)
{
	struct emit *j = &call->json;
	char code[SESSION_TEXT_SIZE];
	char path[SESSION_TEXT_SIZE + 16];

	signin_code_new(call->api->signins, &call->who, clock_ms(), code);
	snprintf(path, sizeof path, "/#/signin/%s", code);
	emit_object(j);
	emit_key(j, "code");
	emit_text(j, code);
	emit_key(j, "path");
	emit_text(j, path);
	emit_key(j, "expires_at");
	emit_time(j, clock_wall_ms() + SIGNIN_CODE_LIFE_MS);
	emit_object_end(j);
	call_answer(call, 201);
}

const struct resource resource_signin_links = {
	.path = "/api/v1/signin-links",
	.summary = "A code that signs in to the console once",
	.operations = { { "POST", RESOURCE_SIGNED_IN, "", post } },
};
