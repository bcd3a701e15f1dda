/*
 * engine.h - the role that owns what is known: every tenant's inventory and platform.db.
 *
 * What sensors send is answered in groups: whatever came since the last commit becomes durable with
 * one, and only then is acknowledged. The functions below take what came over a link of the bus,
 * or from a test, and hand answers to the link's send.
 */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"
#include "server/role.h"
#include "sys/why.h"

/* The role's entry point. */
int engine_run(const struct role_config *config);

struct engine;
struct engine_link;

/* Opens platform.db, the authority and every tenant's inventory. ERR_* where none can be opened. */
MUST_USE int engine_open(const char *data_folder, int64_t cert_life_s, struct engine **out,
			 struct why *why);

/* Nothing outside is asked: proofs of scopes by DNS and HTTPS are refused. */
void engine_set_offline(struct engine *engine);

/* Commits what is pending. Every link must be closed. */
void engine_close(struct engine **engine);

/* A link's send; what it returns is bus_send's. */
typedef int engine_send(void *context, uint8_t kind, uint64_t id, struct span body);

/* What may come over a link is fixed by where it was accepted. */
enum engine_peer { ENGINE_INGEST, ENGINE_API, ENGINE_FEEDS };

struct engine_link *engine_link_open(struct engine *engine, enum engine_peer peer,
				     engine_send *send, void *context);
void engine_link_message(struct engine_link *link, uint8_t kind, uint64_t id, struct span body);

/* Its sessions end with it. */
void engine_link_close(struct engine_link **link);

/* Ends a turn: enrols, commits, answers. True where work is left: call it again soon. */
bool engine_commit(struct engine *engine);

/* Now and then: retries tenants that could not be opened, lets go of wants that were not answered,
 * has what lags written where nothing else is to do. Returns the milliseconds until it wants to be
 * called again. */
int64_t engine_tick(struct engine *engine);
