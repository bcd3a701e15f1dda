/*
 * scope_proofs.c - scopes that are proved by what their owner publishes, and whether it still is.
 *
 * The feeds role looks, and is told no token; what it saw is judged here. A proof that was found is
 * looked for once a day. Where it is gone it is looked for more often, and lapses when it was
 * missed for a week: then nothing of the scope is scanned until somebody proves it again.
 */
#include "server/engine/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "server/bus/bus.h"
#include "server/engine/estate.h"
#include "server/engine/operation.h"
#include "sys/alloc.h"
#include "sys/clock.h"
#include "wire/cbor.h"

#define HOUR_MS      (3600 * INT64_C(1000))
#define DAY_MS       (24 * HOUR_MS)
#define CHECK_MS     DAY_MS        /* a proof that is there */
#define RECHECK_MS   (3 * HOUR_MS) /* one that is not */
#define LAPSE_MS     (7 * DAY_MS)
#define SPACING_MS   (10 * 60 * INT64_C(1000)) /* between two checks by itself, whatever comes */
#define LOOK_MS      (10 * 60 * INT64_C(1000))
#define SOON_MS      1000
#define UNDER_WAY_MS (2 * HOUR_MS) /* the feeds' queue included */

/* Of a tenant, so that nobody whose servers are slow keeps the others waiting. */
#define UNDER_WAY_MAX 4

/* Attempts that people ask for: so many at once, then one in so long. */
#define SCOPE_BURST      10
#define SCOPE_REFILL_MS  30000
#define TENANT_BURST     100
#define TENANT_REFILL_MS 10000

#define WATCHES_MAX  (2 * INVENTORY_SCOPES_MAX)
#define SUBJECT_SIZE 1024
#define SERVER       "server" /* who does what nobody asked for */

/* One look that the feeds role was asked for. */
struct scope_attempt {
	uint64_t number;
	struct engine_tenant *tenant;
	char scope[INVENTORY_SCOPE_SIZE];
	char token[INVENTORY_TOKEN_SIZE]; /* one registered anew has another */
	enum scope_proof_method method;
	char actor[OPERATION_ACTOR_SIZE];
	bool is_asked_for; /* by a person */
	int64_t deadline_ms;
	struct scope_attempt *next;
};

/* What is remembered of a scope's attempts, longer than the scope itself lives. */
struct scope_watch {
	char scope[INVENTORY_SCOPE_SIZE];
	int64_t allowance_ms; /* by clock_ms */
	int64_t used_ms;      /* as that */
	int64_t checked_ms;   /* by clock_wall_ms: the latest check by itself began */
};

/* --- how often --- */

static struct scope_watch *watch_of(struct engine_tenant *t, const char *scope)
{
	struct scope_watch *oldest;

	if (t->scope_watches == NULL) {
		t->scope_watches = alloc_zeroed(WATCHES_MAX, sizeof *t->scope_watches);
	}
	oldest = &t->scope_watches[0];
	for (size_t i = 0; i < WATCHES_MAX; i++) {
		struct scope_watch *w = &t->scope_watches[i];

		if (strcmp(w->scope, scope) == 0) {
			w->used_ms = clock_ms();
			return w;
		}
		oldest = w->used_ms < oldest->used_ms ? w : oldest;
	}
	*oldest = (struct scope_watch){ .used_ms = clock_ms() };
	snprintf(oldest->scope, sizeof oldest->scope, "%s", scope);
	return oldest;
}

/* Milliseconds until there is a turn; 0: it is taken. */
static int64_t take_turn(int64_t *allowance_ms, unsigned burst, int64_t refill_ms)
{
	int64_t now_ms = clock_ms();
	int64_t from_ms = now_ms - (int64_t)burst * refill_ms;

	if (*allowance_ms < from_ms || *allowance_ms > now_ms) {
		*allowance_ms = from_ms;
	}
	if (*allowance_ms + refill_ms > now_ms) {
		return *allowance_ms + refill_ms - now_ms;
	}
	*allowance_ms += refill_ms;
	return 0;
}

static int limit(struct engine_tenant *t, const char *scope, struct why *why)
{
	int64_t wait_ms =
		take_turn(&watch_of(t, scope)->allowance_ms, SCOPE_BURST, SCOPE_REFILL_MS);

	if (wait_ms == 0) {
		wait_ms = take_turn(&t->scope_allowance_ms, TENANT_BURST, TENANT_REFILL_MS);
	}
	return wait_ms == 0 ? 0
			    : why_set(why, ERR_CONFLICT,
				      "%.200s was checked very often just now; try again in %lld s",
				      scope, (long long)(wait_ms / 1000) + 1);
}

/* --- asking --- */

static size_t count_under_way(const struct engine_tenant *t)
{
	size_t count = 0;

	for (const struct scope_attempt *a = t->engine->scope_attempts; a != NULL; a = a->next) {
		count += a->tenant == t;
	}
	return count;
}

static bool is_under_way(const struct engine_tenant *t, const char *scope)
{
	for (const struct scope_attempt *a = t->engine->scope_attempts; a != NULL; a = a->next) {
		if (a->tenant == t && strcmp(a->scope, scope) == 0) {
			return true;
		}
	}
	return false;
}

/* Takes one from those that are under way; NULL where there is none of this number. */
static struct scope_attempt *take_attempt(struct engine *engine, uint64_t number)
{
	struct scope_attempt **at = &engine->scope_attempts;
	struct scope_attempt *found;

	while (*at != NULL && (*at)->number != number) {
		at = &(*at)->next;
	}
	found = *at;
	if (found != NULL) {
		*at = found->next;
	}
	return found;
}

static void start(struct engine_tenant *t, const struct inventory_scope *scope,
		  enum scope_proof_method method, const char *actor, bool is_asked_for)
{
	struct engine *engine = t->engine;
	struct scope_attempt *a = alloc_zeroed(1, sizeof *a);
	uint8_t room[INVENTORY_SCOPE_SIZE + 128];
	struct writer w = writer_over(room, sizeof room);

	*a = (struct scope_attempt){ .number = ++engine->scope_attempt_no,
				     .tenant = t,
				     .method = method,
				     .is_asked_for = is_asked_for,
				     .deadline_ms = clock_ms() + UNDER_WAY_MS,
				     .next = engine->scope_attempts };
	snprintf(a->scope, sizeof a->scope, "%s", scope->name);
	snprintf(a->token, sizeof a->token, "%s", scope->token);
	snprintf(a->actor, sizeof a->actor, "%s", actor);
	engine->scope_attempts = a;
	request_write(&w, "scope-look",
		      (const struct argument[]){
			      argument_uint("attempt", a->number), argument_text("scope", a->scope),
			      argument_text("method", scope_proof_method_word(method)) },
		      3);
	engine_tell(engine, ENGINE_FEEDS, BUS_FEED_REQUEST, writer_span(&w));
}

int scope_proof_ask(struct engine_tenant *t, const struct inventory_scope *scope,
		    enum scope_proof_method method, const char *actor, struct why *why)
{
	struct scope_proof proof;
	struct scope_name name;
	int error;

	if (scope_name_read(span_of(scope->name), &name) != 0) {
		return why_set(why, ERR_CONFLICT, "%.200s is no scope any more", scope->name);
	}
	scope_proof_plan(&name, method, &proof);
	if (proof.count == 0) {
		return why_set(why, ERR_CONFLICT, "%.200s: %s", scope->name, proof.refusal);
	}
	if (t->engine->is_offline) {
		return why_set(why, ERR_CONFLICT,
			       "this server was started with --offline: it asks nobody outside; "
			       "prove it by a statement");
	}
	if (is_under_way(t, scope->name)) {
		return why_set(why, ERR_CONFLICT, "%.200s is being checked now", scope->name);
	}
	if (count_under_way(t) >= UNDER_WAY_MAX) {
		return why_set(
			why, ERR_CONFLICT,
			"%d other scopes are being checked now; try again when they are done",
			UNDER_WAY_MAX);
	}
	if (!engine_has_feeds(t->engine)) {
		return why_set(why, ERR_AGAIN,
			       "the feeds role, which would look, does not run now; try again");
	}
	error = limit(t, scope->name, why);
	if (error == 0) {
		start(t, scope, method, actor, true);
	}
	return error;
}

/* --- what becomes of it --- */

static bool is_proof_of(const struct inventory_scope *scope, enum scope_proof_method method)
{
	return scope->proved_ms != 0 && strcmp(scope->method, scope_proof_method_word(method)) == 0;
}

/* Bits of what happened to a scope. */
enum { NOTHING, PROVED, LAPSED };

static int take_success(struct inventory_scope *scope, const struct scope_attempt *a,
			int64_t now_ms)
{
	bool is_news = !is_proof_of(scope, a->method);

	scope->tried_ms = now_ms;
	scope->checked_ms = now_ms;
	scope->failing_ms = 0;
	scope->failure[0] = '\0';
	if (!is_news) {
		return NOTHING;
	}
	snprintf(scope->method, sizeof scope->method, "%s", scope_proof_method_word(a->method));
	snprintf(scope->proved_by, sizeof scope->proved_by, "%s", a->actor);
	scope->statement[0] = '\0';
	scope->proved_ms = now_ms;
	return PROVED;
}

static int take_failure(struct inventory_scope *scope, const struct scope_attempt *a,
			const char *failure, int64_t now_ms)
{
	char day[CLOCK_TEXT_SIZE];

	scope->tried_ms = now_ms;
	if (!is_proof_of(scope, a->method)) {
		snprintf(scope->failure, sizeof scope->failure, "%s", failure);
		return NOTHING;
	}
	if (scope->failing_ms == 0 || scope->failing_ms > now_ms) {
		scope->failing_ms = now_ms;
	}
	if (now_ms - scope->failing_ms < LAPSE_MS) {
		clock_to_text(scope->failing_ms + LAPSE_MS, day);
		snprintf(scope->failure, sizeof scope->failure,
			 "The proof is not found any more; nothing is scanned from %.10s on where "
			 "that stays so. %.400s",
			 day, failure);
		return NOTHING;
	}
	clock_to_text(scope->failing_ms, day);
	snprintf(scope->failure, sizeof scope->failure,
		 "The proof has lapsed: it was not found since %.10s. %.420s", day, failure);
	scope->method[0] = '\0';
	scope->proved_by[0] = '\0';
	scope->proved_ms = 0;
	scope->failing_ms = 0;
	return LAPSED;
}

void scope_announce(struct engine_tenant *tenant)
{
	policy_changed(tenant);
	estate_reconsider(tenant->estate);
	scope_proofs_changed(tenant);
}

/* Writes the scope, and what happened to the audit log. */
static int keep(struct engine_tenant *t, struct inventory *inv, const struct inventory_scope *scope,
		const struct scope_attempt *a, int happened)
{
	char subject[SUBJECT_SIZE];
	struct why why;
	int error = inventory_scope_put(inv, scope, &why);

	if (happened == NOTHING) {
		if (error != 0) {
			engine_tenant_failed(t, &why);
		}
		(void)engine_commit(t->engine);
		return error;
	}
	scope_announce(t);
	snprintf(subject, sizeof subject, "%s by %s: %.500s", scope->name,
		 scope_proof_method_word(a->method),
		 happened == PROVED ? scope->token : scope->failure);
	return operation_finish(t, error, happened == PROVED ? a->actor : SERVER,
				happened == PROVED ? "scope-prove" : "scope-lapse", subject, &why);
}

static void tell_log(const struct engine_tenant *t, const struct inventory_scope *scope,
		     const struct scope_attempt *a, int happened)
{
	const struct log_field fields[] = { log_text("tenant", t->name),
					    log_text("scope", scope->name),
					    log_text("method", scope_proof_method_word(a->method)),
					    log_text("failure", scope->failure), LOG_END };

	if (happened == LAPSED) {
		log_line(LOG_WARN, "the proof of a scope has lapsed: it is scanned no more",
			 fields);
	} else {
		log_line(LOG_INFO,
			 happened == PROVED          ? "a scope was proved"
			 : scope->failure[0] == '\0' ? "the proof of a scope is still there"
						     : "a scope is not proved",
			 fields);
	}
}

/* failure: NULL where it is proved. */
static void settle(const struct scope_attempt *a, const char *failure)
{
	struct engine_tenant *t = a->tenant;
	int64_t now_ms = clock_wall_ms();
	struct inventory_scope scope;
	struct inventory *inv;
	struct why why;
	int happened;

	/* what was not committed yet is other people's */
	(void)engine_commit(t->engine);
	if (operation_begin(t, &inv, &why) != 0 ||
	    inventory_scope_find(inv, a->scope, &scope, &why) != 0 ||
	    strcmp(scope.token, a->token) != 0) {
		return; /* it was taken away meanwhile, or nothing can be written: later again */
	}
	if (!a->is_asked_for && !is_proof_of(&scope, a->method)) {
		return; /* it is proved otherwise meanwhile */
	}
	happened = failure == NULL ? take_success(&scope, a, now_ms)
				   : take_failure(&scope, a, failure, now_ms);
	if (keep(t, inv, &scope, a, happened) == 0) {
		tell_log(t, &scope, a, happened);
	} else {
		log_error("what became of a scope's proof cannot be kept",
			  log_text("tenant", t->name), log_text("scope", a->scope));
	}
}

void scope_proof_looked(struct engine *engine, struct span body)
{
	struct cbor_reader r = cbor_over(body);
	size_t count = cbor_array(&r);
	uint64_t number = cbor_uint(&r);
	struct span outcome = cbor_bytes(&r);
	char failure[SCOPE_FAILURE_SIZE];
	struct scope_attempt *a;
	struct scope_proof proof;
	struct scope_name name;

	if (count != 2 || cbor_done(&r) != 0) {
		log_error("feeds sent an outcome that is none",
			  log_number("bytes", (int64_t)body.len));
		return;
	}
	a = take_attempt(engine, number);
	if (a == NULL) {
		return; /* nobody waits for it any more */
	}
	if (scope_name_read(span_of(a->scope), &name) == 0) {
		scope_proof_plan(&name, a->method, &proof);
		settle(a, scope_proof_judge(&proof, a->token, outcome, failure) ? NULL : failure);
	}
	free(a);
}

/* --- by itself --- */

struct look {
	struct engine_tenant *tenant;
	int64_t now_ms;
	int64_t next_ms;
	struct inventory_scope due[INVENTORY_SCOPES_MAX];
	size_t due_count;
};

/* When it is to be checked; a clock that was set back makes it due at once. */
static int64_t due_ms(const struct inventory_scope *scope, const struct scope_watch *w,
		      int64_t now_ms)
{
	int64_t began_ms = w->checked_ms > now_ms ? 0 : w->checked_ms;
	int64_t due = scope->checked_ms > now_ms ? 0 : scope->checked_ms + CHECK_MS;

	if (scope->failing_ms != 0) {
		due = began_ms + RECHECK_MS;
	}
	return began_ms != 0 && due < began_ms + SPACING_MS ? began_ms + SPACING_MS : due;
}

static int look_at(void *context, const struct inventory_scope *scope)
{
	struct look *look = context;
	enum scope_proof_method method;
	int64_t due;

	if (scope->proved_ms == 0 ||
	    scope_proof_method_read(span_of(scope->method), &method) != 0 ||
	    is_under_way(look->tenant, scope->name)) {
		return 0;
	}
	due = due_ms(scope, watch_of(look->tenant, scope->name), look->now_ms);
	if (due > look->now_ms) {
		look->next_ms = due < look->next_ms ? due : look->next_ms;
	} else if (look->due_count < COUNT_OF(look->due)) {
		look->due[look->due_count++] = *scope;
	}
	return 0;
}

static void check(struct engine_tenant *t, const struct inventory_scope *scope, int64_t now_ms)
{
	struct scope_attempt offline = { .tenant = t };

	watch_of(t, scope->name)->checked_ms = now_ms;
	if (scope_proof_method_read(span_of(scope->method), &offline.method) != 0) {
		return;
	}
	if (!t->engine->is_offline) {
		start(t, scope, offline.method, SERVER, false);
		return;
	}
	snprintf(offline.scope, sizeof offline.scope, "%s", scope->name);
	snprintf(offline.token, sizeof offline.token, "%s", scope->token);
	settle(&offline, "This server was started with --offline, so that it cannot be checked: "
			 "prove it by a statement");
}

static void look_at_all(struct engine_tenant *t, int64_t now_ms)
{
	struct look *look = alloc_zeroed(1, sizeof *look);
	struct why why;

	look->tenant = t;
	look->now_ms = now_ms;
	look->next_ms = now_ms + LOOK_MS;
	if (inventory_each_scope(t->inventory, look_at, look, &why) != 0) {
		log_error("scopes cannot be read", log_text("tenant", t->name),
			  log_text("reason", why.text));
	}
	t->scopes_look_ms = look->next_ms;
	for (size_t i = 0; i < look->due_count; i++) {
		if (count_under_way(t) >= UNDER_WAY_MAX) {
			t->scopes_look_ms = now_ms + SOON_MS;
			break;
		}
		check(t, &look->due[i], now_ms);
	}
	free(look);
}

void scope_proofs_changed(struct engine_tenant *tenant)
{
	tenant->scopes_look_ms = 0;
}

static void expire(struct engine *engine)
{
	int64_t now_ms = clock_ms();
	struct scope_attempt *a = engine->scope_attempts;

	while (a != NULL) {
		struct scope_attempt *next = a->next;

		if (a->deadline_ms <= now_ms) {
			a = take_attempt(engine, a->number);
			if (a->is_asked_for) {
				settle(a, "The feeds role, which looks, gave no answer; try again");
			}
			free(a);
		}
		a = next;
	}
}

void scope_proofs_lost(struct engine *engine)
{
	for (struct scope_attempt *a = engine->scope_attempts; a != NULL; a = a->next) {
		a->deadline_ms = 0;
	}
}

void scope_proofs_tick(struct engine *engine)
{
	int64_t now_ms = clock_wall_ms();

	expire(engine);
	for (struct engine_tenant *t = engine->tenants; t != NULL; t = t->next) {
		bool is_due = t->scopes_look_ms <= now_ms ||
			      t->scopes_look_ms > now_ms + LOOK_MS; /* the clock was set back */

		if (is_due && t->inventory != NULL &&
		    (engine->is_offline || engine_has_feeds(engine))) {
			look_at_all(t, now_ms);
		}
	}
}

void scope_proofs_free(struct engine_tenant *t)
{
	struct scope_attempt **at = &t->engine->scope_attempts;

	while (*at != NULL) {
		struct scope_attempt *a = *at;

		if (a->tenant == t) {
			*at = a->next;
			free(a);
		} else {
			at = &a->next;
		}
	}
	free(t->scope_watches);
	t->scope_watches = NULL;
}
