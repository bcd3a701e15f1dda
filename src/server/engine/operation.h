/*
 * operation.h - one operation of the api, and how it reads its arguments; for the files of this
 * folder.
 */
#pragma once

#include "server/bus/arguments.h"
#include "server/engine/parts.h"

/* Who asks, with its NUL. */
#define OPERATION_ACTOR_SIZE 101

struct operation {
	const char *name;
	/* Writes a reply on 0; else the error and its reason become the reply. */
	int (*run)(struct engine *engine, const struct arguments *arguments, struct writer *reply,
		   struct why *why);
};

/* Each returns ERR_USAGE with a reason where the argument is missing or not good. */
MUST_USE int operation_text(const struct arguments *arguments, const char *name, char *out,
			    size_t size, struct why *why);

/* From 1 to max. */
MUST_USE int operation_number(const struct arguments *arguments, const char *name, uint64_t max,
			      uint64_t *out, struct why *why);
MUST_USE int operation_tenant(struct engine *engine, const struct arguments *arguments,
			      struct engine_tenant **out, struct why *why);

/* Its inventory with a transaction open; ERR_FULL where it cannot be written now. */
MUST_USE int operation_begin(struct engine_tenant *tenant, struct inventory **out, struct why *why);

/* Ends what was begun: makes it durable, then notes it in the audit log. error: of what was done.
 */
MUST_USE int operation_finish(struct engine_tenant *tenant, int error, const char *actor,
			      const char *action, const char *subject, struct why *why);

/* --- policy_operations.c --- */
extern const struct operation operation_policy_set, operation_policy_delete, operation_asset_tags;

/* --- feed_operations.c --- */
extern const struct operation operation_feed_update, operation_feed_import;

/* --- scope_operations.c --- */
extern const struct operation operation_scope_put, operation_scope_remove, operation_scope_prove,
	operation_asset_join;

/* --- acceptance_operations.c --- */
extern const struct operation operation_accept, operation_unaccept, operation_trend,
	operation_exposure_accept, operation_exposure_unaccept;
