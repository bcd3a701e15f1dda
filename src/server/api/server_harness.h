/*
 * server_harness.h - the whole api in a test's process, over a data folder of its own, with an
 * engine that answers as it is told; not part of the server.
 */
#pragma once

#include "server/api/state.h"
#include "server/api/client_harness.h"
#include "server/inventory/fixture.h"
#include "server/tenants/tenants.h"

/* The asset that every test finds: two packages, one group, a host name. */
#define TEST_ASSET      "0000000000000001"
#define TEST_ASSET_NAME "web1"

struct server_harness {
	char folder[64];
	struct role_config config;
	struct api api;
	struct platform *platform; /* the writer's */
	struct fixture inventory;  /* tenant default's */
	uint32_t asset;
	uint64_t packages_seq;
	uint64_t logins;
	char platform_token[TOKEN_TEXT_SIZE];
	char tenant_token[TOKEN_TEXT_SIZE]; /* of tenant acme, which has nothing */
	struct bus_server *engine;
	struct bus_link *link;
	struct bus_link *api_link; /* as the engine sees it */
	int listen_fd;
	int bus_fd;
	struct client_harness client;
};

/* Setup and teardown of a cmocka test; *state is a struct server_harness. */
int server_harness_set_up(void **state);
int server_harness_tear_down(void **state);

/* One request with the platform's token, to its end. Returns the status. */
long server_harness_ask(struct server_harness *s, struct exchange *e, const char *method,
			const char *path, const char *body);

/* The same with a header of one's own instead of the token, or none where it is NULL. */
long server_harness_ask_as(struct server_harness *s, struct exchange *e, const char *header,
			   const char *method, const char *path, const char *body);

/* Commits a failed login of this user on the asset and tells the api; returns the event's number.
 */
uint64_t server_harness_add_login(struct server_harness *s, const char *user);

/* Commits a package on the asset and tells the api; returns the change's number. */
uint64_t server_harness_add_package(struct server_harness *s, const char *name);
