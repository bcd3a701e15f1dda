/*
 * state.h - what the api process holds, made once by api_run and lent to every call.
 */
#pragma once

#include "server/api/figures.h"
#include "server/api/throttle.h"
#include "server/role.h"
#include "sys/buffer.h"

struct api {
	const struct role_config *config;
	struct loop *loop;
	struct http_server *http;
	struct platform *platform; /* read-only */
	struct signins *signins;
	struct requests *requests; /* to the engine */
	struct workers *workers;   /* SQL */
	struct live *live;         /* each tenant's view, rates and streams */
	struct fleets *fleets;     /* each tenant's findings, counted */
	struct throttle throttle;
	struct buffer ca_pem; /* read before the sandbox */
	unsigned held_back;   /* failed sign-ins whose answer waits */
	struct figures figures;
};
