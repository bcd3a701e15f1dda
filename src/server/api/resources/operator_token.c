/* operator_token.c - revoking an operator's token. */
#include "server/api/call.h"
#include "server/api/requests.h"
#include "server/api/signins.h"

static void revoked(struct call *call, const struct reply *reply)
{
	struct span name;
	struct span tenant;

	/* who signed in with it is signed out */
	if (arguments_text(&reply->result, "name", &name) == 0 &&
	    arguments_text(&reply->result, "tenant", &tenant) == 0) {
		signin_end_all(call->api->signins, name, tenant);
	}
	call_answer_empty(call, 204, NULL, NULL);
}

static void delete (struct call *call)
{
	const struct argument arguments[] = {
		argument_text("id", call->route.captures[0]),
		argument_text("actor", call->who.name),
	};

	requests_ask(call, "operator-token-revoke", arguments, COUNT_OF(arguments), revoked);
}

const struct resource resource_operator_token = {
	.path = "/api/v1/operator-tokens/{id}",
	.summary = "Revokes an operator's token",
	.operations = { { "DELETE", RESOURCE_PLATFORM, "", delete } },
};
