/* acceptance_operations.c - risks that operators accept, and the api's counts of a day. */
#include "base/error.h"
#include "server/engine/estate.h"
#include "server/engine/operation.h"
#include "sys/clock.h"

#include <stdio.h>

#define ID_SIZE      64
#define REASON_SIZE  1001
#define SUBJECT_SIZE 512

/* "CVE-2024-3094 on 00..01: reason", cut to size. */
static void write_subject(const struct inventory_acceptance *a, const char *asset, uint64_t no,
			  char out[SUBJECT_SIZE])
{
	snprintf(out, SUBJECT_SIZE, "%llu: %s on %s: %.300s", (unsigned long long)no, a->id,
		 asset[0] != '\0' ? asset : "every asset", a->reason);
}

static int take_until(const struct arguments *arguments, int64_t now_ms, int64_t *out,
		      struct why *why)
{
	uint64_t until_ms = 0;

	(void)!arguments_uint(arguments, "until_ms", &until_ms);
	if (until_ms != 0 && (until_ms > INT64_MAX || (int64_t)until_ms <= now_ms)) {
		return why_set(why, ERR_USAGE, "the moment until which it is accepted has passed");
	}
	*out = (int64_t)until_ms;
	return 0;
}

static int take_asset(struct inventory *inv, const char *id, uint32_t *out, struct why *why)
{
	*out = 0;
	if (id[0] != '\0' && inventory_asset_find(inv, id, out) != 0) {
		return why_set(why, ERR_NOT_FOUND, "there is no asset %s", id);
	}
	return 0;
}

static int run_accept(struct engine *engine, const struct arguments *arguments,
		      struct writer *reply, struct why *why)
{
	struct engine_tenant *tenant;
	struct inventory *inv;
	char id[ID_SIZE];
	char asset[INVENTORY_ID_SIZE];
	char reason[REASON_SIZE];
	char actor[OPERATION_ACTOR_SIZE];
	char subject[SUBJECT_SIZE];
	struct inventory_acceptance a = { .at_ms = clock_wall_ms() };
	uint64_t no = 0;
	int error = operation_tenant(engine, arguments, &tenant, why);

	error = error != 0 ? error : operation_text(arguments, "id", id, sizeof id, why);
	error = error != 0 ? error : operation_text(arguments, "asset", asset, sizeof asset, why);
	error = error != 0 ? error
			   : operation_text(arguments, "reason", reason, sizeof reason, why);
	error = error != 0 ? error : operation_text(arguments, "actor", actor, sizeof actor, why);
	error = error != 0 ? error : take_until(arguments, a.at_ms, &a.until_ms, why);
	if (error == 0 && (id[0] == '\0' || reason[0] == '\0')) {
		return why_set(why, ERR_USAGE, "say which vulnerability, and why it is accepted");
	}
	error = error != 0 ? error : operation_begin(tenant, &inv, why);
	error = error != 0 ? error : take_asset(inv, asset, &a.asset, why);
	if (error != 0) {
		return error;
	}
	a.id = id;
	a.reason = reason;
	a.by = actor;
	error = inventory_accept(inv, &a, &no, why);
	if (error == ERR_CONFLICT) {
		return error;
	}
	write_subject(&a, asset, no, subject);
	error = operation_finish(tenant, error, actor, "accept", subject, why);
	if (error == 0) {
		reply_write(reply, (const struct argument[]){ argument_uint("no", no) }, 1);
	}
	return error;
}

/* Takes a number back, of either kind. */
static int withdraw(struct engine *engine, const struct arguments *arguments, const char *action,
		    int (*take_back)(struct engine_tenant *tenant, struct inventory *inv,
				     uint64_t no, struct why *why),
		    struct writer *reply, struct why *why)
{
	struct engine_tenant *tenant;
	struct inventory *inv;
	char actor[OPERATION_ACTOR_SIZE];
	char subject[SUBJECT_SIZE];
	uint64_t no = 0;
	int error = operation_tenant(engine, arguments, &tenant, why);

	error = error != 0 ? error : operation_number(arguments, "no", INT64_MAX, &no, why);
	error = error != 0 ? error : operation_text(arguments, "actor", actor, sizeof actor, why);
	error = error != 0 ? error : operation_begin(tenant, &inv, why);
	if (error != 0) {
		return error;
	}
	error = take_back(tenant, inv, no, why);
	if (error == ERR_NOT_FOUND) {
		return error;
	}
	snprintf(subject, sizeof subject, "%llu", (unsigned long long)no);
	error = operation_finish(tenant, error, actor, action, subject, why);
	if (error == 0) {
		reply_write(reply, NULL, 0);
	}
	return error;
}

static int take_back_risk(struct engine_tenant *tenant, struct inventory *inv, uint64_t no,
			  struct why *why)
{
	(void)tenant;
	return inventory_unaccept(inv, no, clock_wall_ms(), why);
}

static int run_unaccept(struct engine *engine, const struct arguments *arguments,
			struct writer *reply, struct why *why)
{
	return withdraw(engine, arguments, "acceptance-withdraw", take_back_risk, reply, why);
}

/* --- exposures --- */

#define RULE_SIZE 64

struct exposure_wish {
	char asset[INVENTORY_ID_SIZE];
	char rule[RULE_SIZE];
	char subject[SUBJECT_SIZE];
	char reason[REASON_SIZE];
	char actor[OPERATION_ACTOR_SIZE];
};

static int read_exposure(const struct arguments *arguments, struct exposure_wish *w,
			 struct inventory_exposure_acceptance *a, struct why *why)
{
	int error = operation_text(arguments, "asset", w->asset, sizeof w->asset, why);

	error = error != 0 ? error
			   : operation_text(arguments, "rule", w->rule, sizeof w->rule, why);
	error = error != 0
			? error
			: operation_text(arguments, "subject", w->subject, sizeof w->subject, why);
	error = error != 0 ? error
			   : operation_text(arguments, "reason", w->reason, sizeof w->reason, why);
	error = error != 0 ? error
			   : operation_text(arguments, "actor", w->actor, sizeof w->actor, why);
	error = error != 0 ? error : take_until(arguments, a->at_ms, &a->until_ms, why);
	if (error == 0 && (w->asset[0] == '\0' || w->rule[0] == '\0' || w->reason[0] == '\0')) {
		return why_set(why, ERR_USAGE,
			       "say which asset's exposure by which rule, and why it is accepted");
	}
	a->rule = w->rule;
	a->subject = w->subject;
	a->reason = w->reason;
	a->by = w->actor;
	return error;
}

static int run_exposure_accept(struct engine *engine, const struct arguments *arguments,
			       struct writer *reply, struct why *why)
{
	struct inventory_exposure_acceptance a = { .at_ms = clock_wall_ms() };
	struct engine_tenant *tenant;
	struct inventory *inv;
	struct exposure_wish wish;
	char subject[SUBJECT_SIZE];
	uint64_t no = 0;
	int error = operation_tenant(engine, arguments, &tenant, why);

	error = error != 0 ? error : read_exposure(arguments, &wish, &a, why);
	error = error != 0 ? error : operation_begin(tenant, &inv, why);
	error = error != 0 ? error : take_asset(inv, wish.asset, &a.asset, why);
	if (error != 0) {
		return error;
	}
	error = estate_accept(tenant->estate, &a, a.at_ms, &no, why);
	if (error == ERR_CONFLICT || error == ERR_NOT_FOUND) {
		return error;
	}
	snprintf(subject, sizeof subject, "%llu: %s at %.120s of %s: %.200s",
		 (unsigned long long)no, wish.rule, wish.subject, wish.asset, wish.reason);
	error = operation_finish(tenant, error, wish.actor, "exposure-accept", subject, why);
	if (error == 0) {
		reply_write(reply, (const struct argument[]){ argument_uint("no", no) }, 1);
	}
	return error;
}

static int take_back_exposure(struct engine_tenant *tenant, struct inventory *inv, uint64_t no,
			      struct why *why)
{
	(void)inv;
	return estate_unaccept(tenant->estate, no, clock_wall_ms(), why);
}

static int run_exposure_unaccept(struct engine *engine, const struct arguments *arguments,
				 struct writer *reply, struct why *why)
{
	return withdraw(engine, arguments, "exposure-acceptance-withdraw", take_back_exposure,
			reply, why);
}

/* Nobody's deed: it is not in the audit log. */
static int run_trend(struct engine *engine, const struct arguments *arguments, struct writer *reply,
		     struct why *why)
{
	static const char *const names[INVENTORY_TREND_NUMBERS] = {
		"critical", "high",      "medium",  "low",    "none",
		"accepted", "exploited", "fixable", "assets", "risk",
	};
	struct inventory_trend trend = { 0 };
	struct engine_tenant *tenant;
	struct inventory *inv;
	uint64_t day = 0;
	int error = operation_tenant(engine, arguments, &tenant, why);

	error = error != 0 ? error : operation_number(arguments, "day", INT32_MAX, &day, why);
	for (size_t i = 0; error == 0 && i < INVENTORY_TREND_NUMBERS; i++) {
		error = arguments_uint(arguments, names[i], &trend.numbers[i]) == 0 ? 0 : ERR_USAGE;
	}
	error = error != 0 ? error : operation_begin(tenant, &inv, why);
	if (error != 0) {
		return error;
	}
	trend.day = (int64_t)day;
	error = inventory_set_trend(inv, &trend, why);
	if (error != 0) {
		engine_tenant_failed(tenant, why);
		return error;
	}
	reply_write(reply, NULL, 0);
	return 0;
}

const struct operation operation_accept = { "accept", run_accept };
const struct operation operation_unaccept = { "acceptance-withdraw", run_unaccept };
const struct operation operation_exposure_accept = { "exposure-accept", run_exposure_accept };
const struct operation operation_exposure_unaccept = { "exposure-acceptance-withdraw",
						       run_exposure_unaccept };
const struct operation operation_trend = { "trend", run_trend };
