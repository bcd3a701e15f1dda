/* scope_operations.c - authorised scopes and joins, as operators decide them. */
#include "server/engine/operation.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/text.h"
#include "formats/scope_name.h"
#include "server/engine/estate.h"
#include "sys/clock.h"
#include "wire/policy.h"

#define SUBJECT_SIZE 512
#define PERIOD_S_MAX (366 * 24 * 3600)
#define RATE_MAX     100000000

/* --- scopes --- */

static int take_name(const struct arguments *arguments, struct scope_name *out, struct why *why)
{
	char name[INVENTORY_SCOPE_SIZE];
	int error = operation_text(arguments, "name", name, sizeof name, why);

	if (error == 0 && scope_name_read(span_of(name), out) != 0) {
		return why_set(why, ERR_USAGE,
			       "a scope is a prefix such as 192.0.2.0/24 or 2001:db8::/64, an "
			       "address, or a DNS name");
	}
	if (error == 0 && out->refusal != NULL) {
		return why_set(why, ERR_USAGE, "%s is never scanned: %s", out->text, out->refusal);
	}
	return error;
}

/* Takes a number where it is there; max is included. */
static int take_number(const struct arguments *arguments, const char *name, uint64_t max,
		       uint64_t *out, struct why *why)
{
	uint64_t number;

	if (arguments_uint(arguments, name, &number) != 0) {
		return 0;
	}
	if (number > max) {
		return why_set(why, ERR_USAGE, "%s must be a number from 0 to %llu", name,
			       (unsigned long long)max);
	}
	*out = number;
	return 0;
}

static int take_numbers(const struct arguments *arguments, struct inventory_scope *scope,
			struct why *why)
{
	uint64_t is_on = scope->is_on;
	uint64_t period_s = scope->period_s;
	uint64_t from = scope->from_minute;
	uint64_t to = scope->to_minute;
	uint64_t rate = scope->rate;
	int error = take_number(arguments, "is_on", 1, &is_on, why);

	error = error != 0 ? error
			   : take_number(arguments, "period_s", PERIOD_S_MAX, &period_s, why);
	error = error != 0 ? error
			   : take_number(arguments, "from_minute", POLICY_MINUTES - 1, &from, why);
	error = error != 0 ? error
			   : take_number(arguments, "to_minute", POLICY_MINUTES - 1, &to, why);
	error = error != 0 ? error : take_number(arguments, "rate", RATE_MAX, &rate, why);
	if (error == 0) {
		scope->is_on = is_on != 0;
		scope->period_s = (uint32_t)period_s;
		scope->from_minute = (uint16_t)from;
		scope->to_minute = (uint16_t)to;
		scope->rate = (uint32_t)rate;
	}
	return error;
}

static int take_texts(struct inventory *inv, const struct arguments *arguments,
		      struct inventory_scope *scope, struct why *why)
{
	struct policy_scope ports;
	struct span given;
	int error = 0;

	if (arguments_text(arguments, "ports", &given) == 0) {
		error = operation_text(arguments, "ports", scope->ports, sizeof scope->ports, why);
		if (error == 0 && policy_ports_read(span_of(scope->ports), &ports) != 0) {
			return why_set(why, ERR_USAGE,
				       "ports are numbers and ranges, at most %d of them: "
				       "22,80,8000-8100",
				       POLICY_PORTS_MAX);
		}
	}
	if (error == 0 && arguments_text(arguments, "scanner", &given) == 0) {
		error = operation_text(arguments, "scanner", scope->scanner, sizeof scope->scanner,
				       why);
		if (error == 0 && scope->scanner[0] != '\0' &&
		    !inventory_sensor_is_scanner(inv, scope->scanner)) {
			return why_set(why, ERR_NOT_FOUND, "there is no scanner %s",
				       scope->scanner);
		}
	}
	return error;
}

static int make_token(char out[INVENTORY_TOKEN_SIZE], struct why *why)
{
	uint8_t random[16];

	if (getrandom(random, sizeof random, 0) != sizeof random) {
		return why_set(why, ERR_IO, "no random bytes can be had");
	}
	text_to_hex((struct span){ random, sizeof random }, out);
	return 0;
}

/* The scope of this name, or a new one. */
static int find_or_make(struct inventory *inv, const struct scope_name *name, const char *actor,
			struct inventory_scope *out, struct why *why)
{
	int error = inventory_scope_find(inv, name->text, out, why);

	if (error != ERR_NOT_FOUND) {
		return error;
	}
	*out = (struct inventory_scope){ .at_ms = clock_wall_ms(), .is_on = true };
	snprintf(out->name, sizeof out->name, "%s", name->text);
	snprintf(out->kind, sizeof out->kind, "%s", name->kind == SCOPE_PREFIX ? "prefix" : "name");
	snprintf(out->by, sizeof out->by, "%s", actor);
	return make_token(out->token, why);
}

static int run_scope_put(struct engine *engine, const struct arguments *arguments,
			 struct writer *reply, struct why *why)
{
	struct engine_tenant *tenant;
	struct inventory *inv;
	struct inventory_scope scope;
	struct scope_name name;
	char actor[OPERATION_ACTOR_SIZE];
	int error = operation_tenant(engine, arguments, &tenant, why);

	error = error != 0 ? error : take_name(arguments, &name, why);
	error = error != 0 ? error : operation_text(arguments, "actor", actor, sizeof actor, why);
	error = error != 0 ? error : operation_begin(tenant, &inv, why);
	error = error != 0 ? error : find_or_make(inv, &name, actor, &scope, why);
	error = error != 0 ? error : take_numbers(arguments, &scope, why);
	error = error != 0 ? error : take_texts(inv, arguments, &scope, why);
	if (error != 0) {
		return error;
	}
	error = inventory_scope_put(inv, &scope, why);
	if (error == ERR_CONFLICT) {
		return error;
	}
	scope_announce(tenant);
	error = operation_finish(tenant, error, actor, "scope-put", scope.name, why);
	if (error == 0) {
		reply_write(reply,
			    (const struct argument[]){ argument_text("name", scope.name),
						       argument_text("token", scope.token) },
			    2);
	}
	return error;
}

static int run_scope_remove(struct engine *engine, const struct arguments *arguments,
			    struct writer *reply, struct why *why)
{
	struct engine_tenant *tenant;
	struct inventory *inv;
	struct scope_name name;
	char actor[OPERATION_ACTOR_SIZE];
	int error = operation_tenant(engine, arguments, &tenant, why);

	error = error != 0 ? error : take_name(arguments, &name, why);
	error = error != 0 ? error : operation_text(arguments, "actor", actor, sizeof actor, why);
	error = error != 0 ? error : operation_begin(tenant, &inv, why);
	if (error != 0) {
		return error;
	}
	error = inventory_scope_drop(inv, name.text, why);
	if (error == ERR_NOT_FOUND) {
		return error;
	}
	scope_announce(tenant);
	error = operation_finish(tenant, error, actor, "scope-remove", name.text, why);
	if (error == 0) {
		reply_write(reply, NULL, 0);
	}
	return error;
}

/* --- proofs --- */

/* An operator's word. It is signed by being in the audit log, whole: who was signed in, when, and
 * what they stated are part of a chain of hashes that nobody can alter unseen. */
static int prove_by_statement(struct engine_tenant *tenant, const struct arguments *arguments,
			      const char *actor, struct inventory_scope *scope, struct why *why)
{
	char subject[sizeof scope->name + sizeof scope->statement + 32];
	struct inventory *inv;
	int error = operation_text(arguments, "statement", scope->statement,
				   sizeof scope->statement, why);

	if (error == 0 && span_trim(span_of(scope->statement)).len == 0) {
		return why_set(why, ERR_USAGE,
			       "say by what right it may be scanned, and who allowed it");
	}
	error = error != 0 ? error : operation_begin(tenant, &inv, why);
	if (error != 0) {
		return error;
	}
	snprintf(scope->method, sizeof scope->method, "statement");
	snprintf(scope->proved_by, sizeof scope->proved_by, "%s", actor);
	scope->proved_ms = clock_wall_ms();
	scope->failing_ms = 0;
	scope->failure[0] = '\0';
	error = inventory_scope_put(inv, scope, why);
	scope_announce(tenant);
	snprintf(subject, sizeof subject, "%s by statement: %s", scope->name, scope->statement);
	return operation_finish(tenant, error, actor, "scope-prove", subject, why);
}

/* Asks for a look at what is published. That it was asked for is noted before it is done. */
static int prove_by_look(struct engine_tenant *tenant, struct span method, const char *actor,
			 const struct inventory_scope *scope, struct why *why)
{
	enum scope_proof_method how;
	char subject[SUBJECT_SIZE];
	int error = scope_proof_method_read(method, &how);

	if (error != 0) {
		return why_set(why, ERR_USAGE, "a scope is proved by dns, https or statement");
	}
	snprintf(subject, sizeof subject, "%s by %s", scope->name, scope_proof_method_word(how));
	error = scope_proof_ask(tenant, scope, how, actor, why);
	return error != 0 ? error
			  : audit_add(tenant->engine->platform, clock_wall_ms(), actor,
				      "scope-check", subject, tenant->name, why);
}

static int run_scope_prove(struct engine *engine, const struct arguments *arguments,
			   struct writer *reply, struct why *why)
{
	struct engine_tenant *tenant;
	struct inventory_scope scope;
	struct inventory *inv;
	struct scope_name name;
	struct span method = span_of("statement");
	char actor[OPERATION_ACTOR_SIZE];
	int64_t now_ms = clock_wall_ms();
	int error = operation_tenant(engine, arguments, &tenant, why);

	(void)!arguments_text(arguments, "method", &method);
	error = error != 0 ? error : take_name(arguments, &name, why);
	error = error != 0 ? error : operation_text(arguments, "actor", actor, sizeof actor, why);
	error = error != 0 ? error : operation_begin(tenant, &inv, why);
	error = error != 0 ? error : inventory_scope_find(inv, name.text, &scope, why);
	if (error == 0) {
		error = span_is(method, "statement")
				? prove_by_statement(tenant, arguments, actor, &scope, why)
				: prove_by_look(tenant, method, actor, &scope, why);
	}
	if (error == 0) {
		reply_write(reply,
			    (const struct argument[]){
				    argument_text("name", scope.name),
				    argument_uint("requested_ms", (uint64_t)now_ms) },
			    2);
	}
	return error;
}

/* --- joins --- */

static int take_decision(const struct arguments *arguments, struct inventory_join_decision *out,
			 struct why *why)
{
	uint64_t is_join = 0;
	int error = operation_text(arguments, "address", out->address, sizeof out->address, why);

	error = error != 0 ? error
			   : operation_text(arguments, "scope", out->scope, sizeof out->scope, why);
	error = error != 0
			? error
			: operation_text(arguments, "reason", out->reason, sizeof out->reason, why);
	error = error != 0 ? error
			   : operation_text(arguments, "actor", out->by, sizeof out->by, why);
	if (error == 0 && (arguments_uint(arguments, "is_join", &is_join) != 0 || is_join > 1)) {
		return why_set(why, ERR_USAGE, "the argument is_join must be 0 or 1");
	}
	if (error == 0 && address_reach(span_of(out->address)) == ADDRESS_NONE) {
		return why_set(why, ERR_USAGE, "'%s' is no address", out->address);
	}
	out->is_join = is_join != 0;
	out->at_ms = clock_wall_ms();
	return error;
}

static int run_asset_join(struct engine *engine, const struct arguments *arguments,
			  struct writer *reply, struct why *why)
{
	struct engine_tenant *tenant;
	struct inventory *inv;
	struct inventory_join_decision decision = { .scope = "" };
	char id[INVENTORY_ID_SIZE];
	char subject[SUBJECT_SIZE];
	int error = operation_tenant(engine, arguments, &tenant, why);

	error = error != 0 ? error : operation_text(arguments, "id", id, sizeof id, why);
	error = error != 0 ? error : take_decision(arguments, &decision, why);
	error = error != 0 ? error : operation_begin(tenant, &inv, why);
	if (error == 0 && inventory_asset_find(inv, id, &decision.asset) != 0) {
		error = why_set(why, ERR_NOT_FOUND, "there is no asset %s", id);
	}
	if (error != 0) {
		return error;
	}
	error = inventory_decide_join(inv, &decision, why);
	estate_reconsider(tenant->estate);
	snprintf(subject, sizeof subject, "%s at %s of %.120s: %.200s", id, decision.address,
		 decision.scope, decision.reason);
	error = operation_finish(tenant, error, decision.by,
				 decision.is_join ? "asset-join" : "asset-split", subject, why);
	if (error == 0) {
		reply_write(reply, NULL, 0);
	}
	return error;
}

const struct operation operation_scope_put = { "scope-put", run_scope_put };
const struct operation operation_scope_remove = { "scope-remove", run_scope_remove };
const struct operation operation_scope_prove = { "scope-prove", run_scope_prove };
const struct operation operation_asset_join = { "asset-join", run_asset_join };
