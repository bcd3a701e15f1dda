/* operations.c - what the api may ask for: one function an operation, one row in the table. */
#include "server/engine/operations.h"

#include "base/error.h"
#include "base/mem.h"
#include "server/engine/operation.h"
#include "sys/alloc.h"
#include "sys/clock.h"

#include <stdio.h>
#include <stdlib.h>

/* Longest time to live of a token, and most uses. */
#define TOKEN_TTL_MS_MAX (366 * 24 * 3600 * INT64_C(1000))
#define TOKEN_USES_MAX   1000000

/* --- arguments --- */

int operation_text(const struct arguments *arguments, const char *name, char *out, size_t size,
		   struct why *why)
{
	struct span text;
	int error = arguments_text(arguments, name, &text);

	if (error != 0) {
		return why_set(why, ERR_USAGE, "the argument %s must be there and be text", name);
	}
	if (text.len >= size || span_find(text, 0) < text.len) {
		return why_set(why, ERR_USAGE, "the argument %s is too long", name);
	}
	mem_copy(out, text.ptr, text.len);
	out[text.len] = '\0';
	return 0;
}

int operation_number(const struct arguments *arguments, const char *name, uint64_t max,
		     uint64_t *out, struct why *why)
{
	uint64_t number;
	int error = arguments_uint(arguments, name, &number);

	if (error != 0 || number == 0 || number > max) {
		return why_set(why, ERR_USAGE, "the argument %s must be a number from 1 to %llu",
			       name, (unsigned long long)max);
	}
	*out = number;
	return 0;
}

int operation_tenant(struct engine *engine, const struct arguments *arguments,
		     struct engine_tenant **out, struct why *why)
{
	char name[TENANT_NAME_SIZE];
	int error = operation_text(arguments, "tenant", name, sizeof name, why);

	if (error != 0) {
		return error;
	}
	*out = engine_tenant_find(engine, span_of(name));
	return *out != NULL ? 0 : why_set(why, ERR_NOT_FOUND, "there is no tenant %s", name);
}

int operation_begin(struct engine_tenant *tenant, struct inventory **out, struct why *why)
{
	*out = engine_tenant_begin(tenant);
	return *out != NULL
		       ? 0
		       : why_set(why, ERR_FULL, "the tenant's inventory cannot be written now");
}

/* The inventory first, durably: what was done and is not in the log is told as a failure, and can
 * be done again. */
int operation_finish(struct engine_tenant *tenant, int error, const char *actor, const char *action,
		     const char *subject, struct why *why)
{
	if (error != 0) {
		engine_tenant_failed(tenant, why);
		return error;
	}
	(void)engine_commit(tenant->engine);
	if (tenant->is_failing) {
		return why_set(why, ERR_FULL, "the tenant's inventory cannot be written now");
	}
	return audit_add(tenant->engine->platform, clock_wall_ms(), actor, action, subject,
			 tenant->name, why);
}

/* What a deed and its audit entry have in common: both or neither. */
static int finish_deed(struct engine *engine, int error, const char *actor, const char *action,
		       const char *subject, const char *tenant, struct why *why)
{
	if (error == 0) {
		error = audit_add(engine->platform, clock_wall_ms(), actor, action, subject, tenant,
				  why);
	}
	if (error != 0) {
		platform_rollback(engine->platform);
		return error;
	}
	return platform_commit(engine->platform, why);
}

/* --- operations --- */

static int run_enrolment_token(struct engine *engine, const struct arguments *arguments,
			       struct writer *reply, struct why *why)
{
	struct engine_tenant *tenant;
	struct enrolment_terms terms = { .kind = "agent" };
	struct span kind;
	char actor[OPERATION_ACTOR_SIZE];
	char token[TOKEN_TEXT_SIZE];
	char subject[80];
	uint64_t uses = 0;
	uint64_t ttl_ms = 0;
	int64_t now_ms = clock_wall_ms();
	int error = operation_tenant(engine, arguments, &tenant, why);

	error = error != 0 ? error : operation_text(arguments, "actor", actor, sizeof actor, why);
	error = error != 0 ? error
			   : operation_number(arguments, "uses", TOKEN_USES_MAX, &uses, why);
	error = error != 0 ? error
			   : operation_number(arguments, "ttl_ms", TOKEN_TTL_MS_MAX, &ttl_ms, why);
	if (error == 0 && arguments_text(arguments, "kind", &kind) == 0) {
		error = operation_text(arguments, "kind", terms.kind, sizeof terms.kind, why);
	}
	error = error != 0 ? error : platform_begin(engine->platform, why);
	if (error != 0) {
		return error;
	}
	snprintf(terms.tenant, sizeof terms.tenant, "%s", tenant->name);
	error = enrolment_token_new(engine->platform, &terms, (uint32_t)uses,
				    now_ms + (int64_t)ttl_ms, now_ms, token, why);
	snprintf(subject, sizeof subject, "%s, %llu uses, %llu ms", terms.kind,
		 (unsigned long long)uses, (unsigned long long)ttl_ms);
	error = finish_deed(engine, error, actor, "enrolment-token", subject, tenant->name, why);
	if (error == 0) {
		reply_write(reply,
			    (const struct argument[]){
				    argument_text("token", token),
				    argument_uint("expires_ms", (uint64_t)now_ms + ttl_ms) },
			    2);
	}
	return error;
}

static int run_operator_token(struct engine *engine, const struct arguments *arguments,
			      struct writer *reply, struct why *why)
{
	char tenant[TENANT_NAME_SIZE];
	char actor[OPERATION_ACTOR_SIZE];
	char name[OPERATION_ACTOR_SIZE];
	char token[TOKEN_TEXT_SIZE];
	int error = operation_text(arguments, "tenant", tenant, sizeof tenant, why);

	error = error != 0 ? error : operation_text(arguments, "name", name, sizeof name, why);
	error = error != 0 ? error : operation_text(arguments, "actor", actor, sizeof actor, why);
	error = error != 0 ? error : platform_begin(engine->platform, why);
	if (error != 0) {
		return error;
	}
	error = operator_token_new(engine->platform, tenant, name, clock_wall_ms(), token, why);
	error = finish_deed(engine, error, actor, "operator-token", name, tenant, why);
	if (error == 0) {
		reply_write(reply, (const struct argument[]){ argument_text("token", token) }, 1);
	}
	return error;
}

static int run_operator_token_revoke(struct engine *engine, const struct arguments *arguments,
				     struct writer *reply, struct why *why)
{
	char id[OPERATOR_TOKEN_ID_SIZE];
	char actor[OPERATION_ACTOR_SIZE];
	struct operator_token token = { .id = "" };
	int error = operation_text(arguments, "id", id, sizeof id, why);

	error = error != 0 ? error : operation_text(arguments, "actor", actor, sizeof actor, why);
	error = error != 0 ? error : platform_begin(engine->platform, why);
	if (error != 0) {
		return error;
	}
	error = operator_token_revoke(engine->platform, id, &token, why);
	error = finish_deed(engine, error, actor, "operator-token-revoke", token.who.name,
			    token.who.tenant, why);
	if (error == 0) {
		reply_write(reply,
			    (const struct argument[]){ argument_text("name", token.who.name),
						       argument_text("tenant", token.who.tenant) },
			    2);
	}
	return error;
}

static int run_tenant_add(struct engine *engine, const struct arguments *arguments,
			  struct writer *reply, struct why *why)
{
	char name[TENANT_NAME_SIZE];
	char actor[OPERATION_ACTOR_SIZE];
	int64_t now_ms = clock_wall_ms();
	int error = operation_text(arguments, "name", name, sizeof name, why);

	error = error != 0 ? error : operation_text(arguments, "actor", actor, sizeof actor, why);
	error = error != 0 ? error : platform_begin(engine->platform, why);
	if (error != 0) {
		return error;
	}
	error = tenant_add(engine->platform, name, now_ms, why);
	error = finish_deed(engine, error, actor, "tenant-add", name, name, why);
	if (error != 0) {
		return error;
	}
	error = engine_tenant_open(engine, name, why);
	if (error == 0) {
		reply_write(
			reply,
			(const struct argument[]){ argument_uint("created_ms", (uint64_t)now_ms) },
			1);
	}
	return error;
}

/* The registry first, durably, then the session: a sensor that comes back at once is refused. */
static int run_sensor_revoke(struct engine *engine, const struct arguments *arguments,
			     struct writer *reply, struct why *why)
{
	struct engine_tenant *tenant;
	struct engine_session *session;
	struct inventory *inv;
	char id[INVENTORY_ID_SIZE];
	char actor[OPERATION_ACTOR_SIZE];
	int error = operation_tenant(engine, arguments, &tenant, why);

	error = error != 0 ? error : operation_text(arguments, "id", id, sizeof id, why);
	error = error != 0 ? error : operation_text(arguments, "actor", actor, sizeof actor, why);
	if (error != 0) {
		return error;
	}
	inv = engine_tenant_begin(tenant);
	if (inv == NULL) {
		return why_set(why, ERR_FULL, "the tenant's inventory cannot be written now");
	}
	error = inventory_sensor_revoke(inv, id, why);
	if (error == ERR_NOT_FOUND) {
		return why_set(why, error, "there is no sensor %s", id);
	}
	if (error != 0) {
		engine_tenant_failed(tenant, why);
		return error;
	}
	session = session_of_sensor(tenant, id);
	if (session != NULL) {
		session_end(session, GOODBYE_REVOKED, 0,
			    "this sensor was revoked: enrol it again with a new key");
	}
	tenant->has_sensor_news = true;
	(void)engine_commit(engine);
	if (tenant->is_failing) {
		return why_set(why, ERR_FULL, "the tenant's inventory cannot be written now");
	}
	error = audit_add(engine->platform, clock_wall_ms(), actor, "sensor-revoke", id,
			  tenant->name, why);
	if (error == 0) {
		reply_write(reply, (const struct argument[]){ argument_text("id", id) }, 1);
	}
	return error;
}

static int run_tidy(struct engine *engine, const struct arguments *arguments, struct writer *reply,
		    struct why *why)
{
	struct engine_tenant *tenant;
	int error = operation_tenant(engine, arguments, &tenant, why);

	if (error != 0) {
		return error;
	}
	(void)engine_commit(engine);
	while (tenant->inventory != NULL && inventory_tidy(tenant->inventory)) {
		(void)engine_commit(engine); /* answers meanwhile, should there be any */
	}
	reply_write(reply, NULL, 0);
	return 0;
}

/* --- figures --- */

#define TENANT_FIGURES 12
#define NAME_SIZE      (TENANT_NAME_SIZE + 32)

struct figure_list {
	struct argument *figures;
	char (*names)[NAME_SIZE];
	size_t count;
};

static void add(struct figure_list *list, const char *name, const char *tenant, uint64_t value)
{
	char *text = list->names[list->count];

	snprintf(text, NAME_SIZE, tenant == NULL ? "%s" : "%s %s", name, tenant);
	list->figures[list->count++] = argument_uint(text, value);
}

static void add_engine(struct figure_list *list, const struct engine *engine)
{
	const struct engine_figures *f = &engine->figures;

	add(list, "sessions", NULL, f->sessions);
	add(list, "commits", NULL, f->commits);
	add(list, "commit_failures", NULL, f->commit_failures);
	add(list, "commit_ms_count", NULL, f->commits);
	add(list, "commit_ms_sum", NULL, f->commit_us / 1000);
	add(list, "batches", NULL, f->batches);
	add(list, "rows", NULL, f->rows);
	add(list, "wants", NULL, f->wants);
	add(list, "resyncs", NULL, f->resyncs);
	add(list, "refusals", NULL, f->refusals);
	add(list, "enrolments", NULL, f->enrolments);
	add(list, "kept_bytes", NULL, engine->kept_bytes);
	add(list, "policies", NULL, f->policies);
}

static void add_ingest(struct figure_list *list, const struct engine *engine)
{
	static const char *const names[INGEST_FIGURES] = {
		"ingest_connections", "ingest_handshakes", "ingest_frames",
		"ingest_bytes_in",    "ingest_bytes_out",  "ingest_refused",
	};

	for (size_t i = 0; i < INGEST_FIGURES; i++) {
		uint64_t sum = 0;

		for (struct engine_link *l = engine->links; l != NULL; l = l->next) {
			sum += l->ingest_figures[i];
		}
		add(list, names[i], NULL, sum);
	}
}

static void add_tenant(struct figure_list *list, struct engine_tenant *t)
{
	struct inventory_figures f = { 0 };

	if (t->inventory != NULL) {
		inventory_figures(t->inventory, &f);
	}
	add(list, "assets", t->name, f.assets);
	add(list, "sensors", t->name, f.sensors);
	add(list, "rows_distinct", t->name, f.rows_distinct);
	add(list, "rows_held", t->name, f.rows_held);
	add(list, "last_change_no", t->name, f.last_change_no);
	add(list, "disagreements", t->name, f.disagreements);
	add(list, "batches", t->name, f.batches);
	add(list, "memory_bytes", t->name, f.memory_bytes);
	add(list, "events", t->name, f.events);
	add(list, "events_kept", t->name, f.events_kept);
	add(list, "event_gaps", t->name, f.event_gaps);
	add(list, "unknown_events", t->name, f.unknown_events);
}

static int run_figures(struct engine *engine, const struct arguments *arguments,
		       struct writer *reply, struct why *why)
{
	struct figure_list list = { 0 };
	size_t capacity = 13 + INGEST_FIGURES;

	(void)arguments;
	(void)why;
	for (struct engine_tenant *t = engine->tenants; t != NULL; t = t->next) {
		capacity += TENANT_FIGURES;
	}
	list.figures = alloc_zeroed(capacity, sizeof *list.figures);
	list.names = alloc_zeroed(capacity, NAME_SIZE);
	add_engine(&list, engine);
	add_ingest(&list, engine);
	for (struct engine_tenant *t = engine->tenants; t != NULL; t = t->next) {
		add_tenant(&list, t);
	}
	reply_write(reply, list.figures, list.count);
	free(list.figures);
	free(list.names);
	return 0;
}

/* --- the table --- */

static const struct operation own[] = {
	{ "enrolment-token", run_enrolment_token },
	{ "operator-token", run_operator_token },
	{ "tenant-add", run_tenant_add },
	{ "sensor-revoke", run_sensor_revoke },
	{ "tidy", run_tidy },
	{ "figures", run_figures },
	{ "operator-token-revoke", run_operator_token_revoke },
};

static const struct operation *const operations[] = {
	&own[0],
	&own[1],
	&own[2],
	&own[3],
	&own[4],
	&own[5],
	&own[6],
	&operation_policy_set,
	&operation_policy_delete,
	&operation_asset_tags,
	&operation_feed_update,
	&operation_feed_import,
	&operation_accept,
	&operation_exposure_accept,
	&operation_exposure_unaccept,
	&operation_unaccept,
	&operation_trend,
	&operation_scope_put,
	&operation_scope_remove,
	&operation_scope_prove,
	&operation_asset_join,
};

static void write_failure(struct writer *reply, int error, const char *message)
{
	switch (error) {
	case ERR_USAGE:
	case ERR_MALFORMED:
	case ERR_LIMIT:
		reply_write_failure(reply, 400, "bad_request", message);
		break;
	case ERR_NOT_FOUND:
		reply_write_failure(reply, 404, "not_found", message);
		break;
	case ERR_EXISTS:
	case ERR_CONFLICT:
		reply_write_failure(reply, 409, "conflict", message);
		break;
	case ERR_FULL:
	case ERR_IO:
	case ERR_AGAIN:
		reply_write_failure(reply, 503, "unavailable", message);
		break;
	default:
		reply_write_failure(reply, 500, "internal", message);
	}
}

void operations_run(struct engine *engine, struct span request, struct writer *reply)
{
	struct arguments arguments;
	struct span name;
	struct why why = { "the request is not one that the engine knows" };
	int error = request_read(request, &name, &arguments);

	if (error == 0) {
		error = ERR_USAGE;
		for (size_t i = 0; i < COUNT_OF(operations); i++) {
			if (span_is(name, operations[i]->name)) {
				error = operations[i]->run(engine, &arguments, reply, &why);
			}
		}
	}
	if (error != 0) {
		writer_rewind(reply, 0);
		write_failure(reply, error, why.text);
	} else if (!writer_ok(reply)) {
		writer_rewind(reply, 0);
		write_failure(reply, ERR_IO, "the reply does not fit into a message");
	}
}
