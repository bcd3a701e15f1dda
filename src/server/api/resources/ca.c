/* ca.c - the platform's CA certificate, for whoever is about to trust it. */
#include "server/api/call.h"
#include "sys/buffer.h"

static void get(struct call *call)
{
	if (buffer_append(&call->out, buffer_span(&call->api->ca_pem)) != 0) {
		call_fail(call, 503, "the CA certificate cannot be sent now; try again");
		return;
	}
	http_answer(call->http, &(struct http_answer){
					.status = 200,
					.content_type = "application/x-pem-file",
					.headers = { { "Cache-Control", "no-store" } },
					.body = &call->out,
				});
}

const struct resource resource_ca = {
	.path = "/ca.pem",
	.summary = "The platform's CA certificate",
	.operations = { { "GET", RESOURCE_PUBLIC, "", get } },
};
