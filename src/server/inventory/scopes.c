/* scopes.c - what may be scanned, and what operators decided about joins. */
#include <string.h>

#include "base/error.h"
#include "server/inventory/state.h"

struct search {
	const char *name;
	struct inventory_scope *out; /* or NULL */
	bool is_found;
	size_t count;
};

static int look(void *context, const struct inventory_scope *scope)
{
	struct search *s = context;

	s->count++;
	if (strcmp(scope->name, s->name) == 0) {
		s->is_found = true;
		if (s->out != NULL) {
			*s->out = *scope;
		}
	}
	return 0;
}

int inventory_scope_put(struct inventory *inv, const struct inventory_scope *scope, struct why *why)
{
	struct search s = { .name = scope->name };
	int error = inventory_begin(inv, why);

	if (error != 0) {
		return error;
	}
	error = store_each_scope(inv->store, look, &s, why);
	if (error == 0 && !s.is_found && s.count >= INVENTORY_SCOPES_MAX) {
		return why_set(why, ERR_CONFLICT, "there are %d scopes, which is the most",
			       INVENTORY_SCOPES_MAX);
	}
	error = error != 0 ? error : store_put_scope(inv->store, scope, why);
	return error != 0 ? inventory_abandon(inv, error) : 0;
}

int inventory_scope_drop(struct inventory *inv, const char *name, struct why *why)
{
	int error = inventory_begin(inv, why);

	if (error != 0) {
		return error;
	}
	error = store_drop_scope(inv->store, name, why);
	return error == 0 || error == ERR_NOT_FOUND ? error : inventory_abandon(inv, error);
}

int inventory_scope_find(struct inventory *inv, const char *name, struct inventory_scope *out,
			 struct why *why)
{
	struct search s = { .name = name, .out = out };
	int error = store_each_scope(inv->store, look, &s, why);

	if (error == 0 && !s.is_found) {
		return why_set(why, ERR_NOT_FOUND, "there is no scope %.200s", name);
	}
	return error;
}

int inventory_each_scope(struct inventory *inv,
			 int (*each)(void *context, const struct inventory_scope *scope),
			 void *context, struct why *why)
{
	return store_each_scope(inv->store, each, context, why);
}

int inventory_decide_join(struct inventory *inv, const struct inventory_join_decision *decision,
			  struct why *why)
{
	int error = inventory_begin(inv, why);

	if (error != 0) {
		return error;
	}
	error = store_put_join_decision(inv->store, decision, why);
	return error != 0 ? inventory_abandon(inv, error) : 0;
}

int inventory_each_join_decision(struct inventory *inv,
				 int (*each)(void *context,
					     const struct inventory_join_decision *decision),
				 void *context, struct why *why)
{
	return store_each_join_decision(inv->store, each, context, why);
}
