/* accepting.c - reading what was sent, and taking back. */
#include "server/api/accepting.h"

#include "base/mem.h"
#include "base/text.h"
#include "server/api/requests.h"
#include "sys/clock.h"

bool accepting_reason(struct call *call, struct span reason)
{
	if (span_trim(reason).len == 0) {
		call_fail(call, 400, "`reason` is empty: say why the risk is accepted");
		return false;
	}
	return true;
}

bool accepting_until(struct call *call, struct span until, int64_t *out_ms)
{
	*out_ms = 0;
	if (until.ptr != NULL && clock_from_text(until, out_ms) != 0) {
		call_fail(call, 400,
			  "`until` must be a time such as 2026-12-31 or 2026-12-31T12:00:00Z");
		return false;
	}
	if (until.ptr != NULL && *out_ms <= clock_wall_ms()) {
		call_fail(call, 400, "`until` has passed already");
		return false;
	}
	return true;
}

bool accepting_asset(struct call *call, struct span asset, char out[ASSET_ID_SIZE])
{
	char name[CALL_TEXT_SIZE];
	struct span fit = span_first(asset, sizeof name - 1);
	struct view *view;

	out[0] = '\0';
	if (asset.ptr == NULL) {
		return true;
	}
	mem_copy(name, fit.ptr, fit.len);
	name[fit.len] = '\0';
	return asset_find(call, name, &view, out);
}

static void withdrawn(struct call *call, const struct reply *reply)
{
	(void)reply;
	call_answer_empty(call, 204, NULL, NULL);
}

void accepting_withdraw(struct call *call, const char *operation, const char *list)
{
	uint64_t no;

	if (text_to_u64(span_of(call->route.captures[0]), INT64_MAX, &no) != 0 || no == 0) {
		call_fail(call, 404, "there is no acceptance '%s'; GET %s lists them",
			  call->route.captures[0], list);
		return;
	}
	requests_ask(call, operation,
		     (const struct argument[]){ argument_text("tenant", call->tenant),
						argument_text("actor", call->who.name),
						argument_uint("no", no) },
		     3, withdrawn);
}
