/* tenants.c - the tenants one can see, and new ones. */
#include <stdio.h>
#include <string.h>

#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/requests.h"

static void write_tenant(struct emit *j, const char *name, int64_t created_ms, uint64_t sensors)
{
	emit_object(j);
	emit_key(j, "name");
	emit_text(j, name);
	emit_key(j, "created_at");
	emit_time(j, created_ms);
	emit_key(j, "sensors");
	emit_integer(j, (int64_t)sensors);
	emit_object_end(j);
}

/* --- listing --- */

struct listing {
	struct call *call;
	const struct arguments *figures;
};

static bool list_one(void *context, const struct tenant *tenant)
{
	const struct listing *listing = context;
	const char *own = listing->call->who.tenant;
	char figure[TENANT_NAME_SIZE + 16];
	uint64_t sensors;

	if (own[0] != '\0' && strcmp(own, tenant->name) != 0) {
		return true;
	}
	snprintf(figure, sizeof figure, "sensors %s", tenant->name);
	if (arguments_uint(listing->figures, figure, &sensors) != 0) {
		sensors = 0;
	}
	write_tenant(&listing->call->json, tenant->name, tenant->created_ms, sensors);
	return true;
}

static void have_figures(struct call *call, const struct reply *reply)
{
	struct listing listing = { .call = call, .figures = &reply->result };

	emit_object(&call->json);
	emit_key(&call->json, "items");
	emit_array(&call->json);
	if (tenant_each(call->api->platform, list_one, &listing) != 0) {
		call_fail(call, 503, "the platform's file cannot be read now; try again");
		return;
	}
	emit_array_end(&call->json);
	emit_object_end(&call->json);
	call_answer(call, 200);
}

static void get(struct call *call)
{
	requests_ask(call, "figures", NULL, 0, have_figures);
}

/* --- adding --- */

static bool read_name(struct call *call, char out[TENANT_NAME_SIZE])
{
	struct body body;
	struct span name;
	bool is_good = body_read(call, "name", &body) &&
		       body_text(&body, "name", HTTP_BODY_MAX, true, &name);

	if (is_good && !tenant_name_is_valid(name)) {
		call_fail(
			call, 400,
			"a tenant's name is lower-case letters, digits and hyphens, begins with a "
			"letter and has at most 63 characters");
		is_good = false;
	}
	if (is_good) {
		snprintf(out, TENANT_NAME_SIZE, "%.*s", (int)name.len, (const char *)name.ptr);
	}
	body_done(&body);
	return is_good;
}

static void added(struct call *call, const struct reply *reply)
{
	char name[TENANT_NAME_SIZE];
	uint64_t created_ms;

	if (!read_name(call, name)) {
		return;
	}
	if (arguments_uint(&reply->result, "created_ms", &created_ms) != 0) {
		call_fail(call, 503,
			  "the engine's answer lacks something; are both of one version?");
		return;
	}
	write_tenant(&call->json, name, (int64_t)created_ms, 0);
	call_answer(call, 201);
}

static void post(struct call *call)
{
	char name[TENANT_NAME_SIZE];

	if (read_name(call, name)) {
		const struct argument arguments[] = {
			argument_text("name", name),
			argument_text("actor", call->who.name),
		};

		requests_ask(call, "tenant-add", arguments, COUNT_OF(arguments), added);
	}
}

const struct resource resource_tenants = {
	.path = "/api/v1/tenants",
	.summary = "Tenants",
	.operations = { { "GET", RESOURCE_SIGNED_IN, "", get },
			{ "POST", RESOURCE_PLATFORM, "", post } },
};
