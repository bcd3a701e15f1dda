/*
 * exposure_acceptances.c - exposures that operators accepted: each holds until its time has come,
 * what it is about is gone, or something else is found there.
 */
#include "server/engine/estate_parts.h"

#include <stdlib.h>

#include "base/error.h"
#include "sys/alloc.h"

static void add(struct estate *e, const struct inventory_exposure_acceptance *a, uint64_t no,
		const char *identity)
{
	e->accepted = alloc_resize(e->accepted, e->accepted_count + 1, sizeof *e->accepted);
	e->accepted[e->accepted_count++] = (struct exposure_acceptance){
		.no = no,
		.asset = a->asset,
		.key = exposed_key(a->rule, a->subject),
		.identity = rowhash_of(0, span_of(identity)),
		.until_ms = a->until_ms,
	};
	if (a->until_ms != 0 && (e->next_until_ms == 0 || a->until_ms < e->next_until_ms)) {
		e->next_until_ms = a->until_ms;
	}
}

static int take(void *context, const struct inventory_exposure_acceptance *a)
{
	add(context, a, a->no, a->identity);
	return 0;
}

int acceptances_load(struct estate *e, struct why *why)
{
	if (e->are_accepted_known) {
		return 0;
	}
	e->are_accepted_known = true;
	return inventory_each_exposure_acceptance(e->inv, take, e, why);
}

static int end(struct estate *e, size_t at, const char *cause, struct why *why)
{
	int error = inventory_end_exposure_acceptance(e->inv, e->accepted[at].no, e->now_ms, cause,
						      why);

	if (error == 0) {
		e->accepted[at] = e->accepted[--e->accepted_count];
	}
	return error;
}

int acceptance_of(struct estate *e, uint32_t asset, const struct rowhash *key,
		  const struct rowhash *identity, uint64_t *out_no, struct why *why)
{
	int error = 0;

	*out_no = 0;
	for (size_t i = e->accepted_count; error == 0 && i > 0; i--) {
		const struct exposure_acceptance *a = &e->accepted[i - 1];

		if (a->asset != asset || !rowhash_equal(&a->key, key)) {
			continue;
		}
		if (a->until_ms != 0 && a->until_ms <= e->now_ms) {
			error = end(e, i - 1, "until", why);
		} else if (!rowhash_equal(&a->identity, identity)) {
			error = end(e, i - 1, "changed", why);
		} else {
			*out_no = a->no;
		}
	}
	return error;
}

static bool is_among(const struct rowhash *key, const struct rowhash *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (rowhash_equal(&keys[i], key)) {
			return true;
		}
	}
	return false;
}

int acceptances_end_gone(struct estate *e, uint32_t asset, const struct rowhash *keys, size_t count,
			 struct why *why)
{
	int error = 0;

	for (size_t i = e->accepted_count; error == 0 && i > 0; i--) {
		if (e->accepted[i - 1].asset == asset &&
		    !is_among(&e->accepted[i - 1].key, keys, count)) {
			error = end(e, i - 1, "gone", why);
		}
	}
	return error;
}

void acceptances_run_out(struct estate *e)
{
	e->next_until_ms = 0;
	for (size_t i = 0; i < e->accepted_count; i++) {
		const struct exposure_acceptance *a = &e->accepted[i];

		if (a->until_ms != 0 && a->until_ms <= e->now_ms) {
			numbers32_push(&e->exposed_assets, a->asset);
		} else if (a->until_ms != 0 &&
			   (e->next_until_ms == 0 || a->until_ms < e->next_until_ms)) {
			e->next_until_ms = a->until_ms;
		}
	}
}

/* --- operators --- */

int estate_accept(struct estate *e, const struct inventory_exposure_acceptance *a, int64_t now_ms,
		  uint64_t *out_no, struct why *why)
{
	const struct rowhash key = exposed_key(a->rule, a->subject);
	struct inventory_exposure_acceptance whole = *a;
	char identity[EXPOSED_IDENTITY_SIZE];
	uint64_t held = 0;
	int error;

	e->now_ms = now_ms;
	error = exposed_identity(e, a->asset, &key, identity, why);
	if (error == 0) {
		const struct rowhash is = rowhash_of(0, span_of(identity));

		error = acceptance_of(e, a->asset, &key, &is, &held, why);
	}
	if (error == 0 && held != 0) {
		return why_set(why, ERR_CONFLICT, "it is accepted already, as number %llu",
			       (unsigned long long)held);
	}
	whole.identity = identity;
	error = error != 0 ? error : inventory_accept_exposure(e->inv, &whole, out_no, why);
	if (error == 0) {
		add(e, a, *out_no, identity);
		numbers32_push(&e->exposed_assets, a->asset);
	}
	return error;
}

int estate_unaccept(struct estate *e, uint64_t no, int64_t now_ms, struct why *why)
{
	int error = acceptances_load(e, why);

	e->now_ms = now_ms;
	for (size_t i = 0; error == 0 && i < e->accepted_count; i++) {
		if (e->accepted[i].no == no) {
			numbers32_push(&e->exposed_assets, e->accepted[i].asset);
			return end(e, i, "withdrawn", why);
		}
	}
	return error != 0 ? error
			  : why_set(why, ERR_NOT_FOUND, "no exposure is accepted as number %llu",
				    (unsigned long long)no);
}
