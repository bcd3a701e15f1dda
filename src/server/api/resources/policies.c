/* policies.c - the tenant's policies. */
#include "server/api/policies.h"

#include "server/api/call.h"

const struct resource resource_policies = {
	.path = "/api/v1/policies",
	.summary = "What sensors are asked to watch",
	.operations = { { "GET", RESOURCE_READ, "", policies_answer_all } },
};
