/* acceptances.c - risks that somebody accepted, and findings day by day: kept for the api, which
 * counts with them. */
#include "base/error.h"
#include "server/inventory/state.h"

int inventory_accept(struct inventory *inv, const struct inventory_acceptance *acceptance,
		     uint64_t *out_no, struct why *why)
{
	int64_t count = 0;
	int error = inventory_begin(inv, why);

	if (error != 0) {
		return error;
	}
	error = store_count_acceptances(inv->store, &count, why);
	if (error == 0 && count >= INVENTORY_ACCEPTANCES_MAX) {
		return why_set(why, ERR_CONFLICT,
			       "there are %d acceptances, which is the most: withdraw some first",
			       INVENTORY_ACCEPTANCES_MAX);
	}
	error = error != 0 ? error : store_put_acceptance(inv->store, acceptance, out_no, why);
	return error != 0 ? inventory_abandon(inv, error) : 0;
}

int inventory_unaccept(struct inventory *inv, uint64_t no, int64_t now_ms, struct why *why)
{
	int error = inventory_begin(inv, why);

	if (error != 0) {
		return error;
	}
	error = store_withdraw_acceptance(inv->store, no, now_ms, why);
	return error == 0 || error == ERR_NOT_FOUND ? error : inventory_abandon(inv, error);
}

static int count_one(void *context, const struct inventory_exposure_acceptance *a)
{
	size_t *count = context;

	(void)a;
	(*count)++;
	return 0;
}

int inventory_accept_exposure(struct inventory *inv, const struct inventory_exposure_acceptance *a,
			      uint64_t *out_no, struct why *why)
{
	size_t count = 0;
	int error = inventory_begin(inv, why);

	if (error != 0) {
		return error;
	}
	error = store_each_exposure_acceptance(inv->store, count_one, &count, why);
	if (error == 0 && count >= INVENTORY_ACCEPTANCES_MAX) {
		return why_set(why, ERR_CONFLICT,
			       "%d exposures are accepted, which is the most: withdraw some first",
			       INVENTORY_ACCEPTANCES_MAX);
	}
	error = error != 0 ? error : store_put_exposure_acceptance(inv->store, a, out_no, why);
	return error != 0 ? inventory_abandon(inv, error) : 0;
}

int inventory_end_exposure_acceptance(struct inventory *inv, uint64_t no, int64_t now_ms,
				      const char *cause, struct why *why)
{
	int error = inventory_begin(inv, why);

	if (error != 0) {
		return error;
	}
	error = store_end_exposure_acceptance(inv->store, no, now_ms, cause, why);
	return error == 0 || error == ERR_NOT_FOUND ? error : inventory_abandon(inv, error);
}

int inventory_each_exposure_acceptance(struct inventory *inv,
				       int (*each)(void *context,
						   const struct inventory_exposure_acceptance *a),
				       void *context, struct why *why)
{
	return store_each_exposure_acceptance(inv->store, each, context, why);
}

int inventory_set_trend(struct inventory *inv, const struct inventory_trend *trend, struct why *why)
{
	int error = inventory_begin(inv, why);

	if (error != 0) {
		return error;
	}
	error = store_put_trend(inv->store, trend, why);
	return error != 0 ? inventory_abandon(inv, error) : 0;
}
