/*
 * policies.c - the policy that applies to a sensor, on its way there.
 *
 * It is looked at when a sensor was welcomed, and for every sensor that is there when a policy or
 * tags changed; it is sent where the sensor says that another one is in force. One that the sensor
 * does not take is not sent again before it says hello, or what applies is another.
 */
#include "server/engine/parts.h"

#include "base/error.h"
#include "base/mem.h"

/* Sessions that are looked at in one turn. */
#define SLICE 256

static bool is_zero(const uint8_t digest[MESSAGE_POLICY_DIGEST])
{
	static const uint8_t zero[MESSAGE_POLICY_DIGEST];

	return mem_compare(digest, zero, sizeof zero) == 0;
}

void policy_said(struct engine_session *s, struct span digest)
{
	if (digest.len != sizeof s->policy) {
		return;
	}
	mem_copy(s->policy, digest.ptr, digest.len);
	if (inventory_sensor_policy(s->tenant->inventory, s->sensor_id, digest)) {
		session_has_news(s);
	}
}

void policy_offer(struct engine_session *s)
{
	struct message m = { .kind = MESSAGE_POLICY };
	struct inventory_policy policy;
	struct why why;

	if (!s->is_policed || s->tenant->inventory == NULL) {
		return;
	}
	if (inventory_policy(s->tenant->inventory, s->asset, &policy, &why) != 0) {
		log_error("no policy for a sensor", log_text("tenant", s->tenant->name),
			  log_text("sensor", s->sensor_id), log_text("reason", why.text));
		return;
	}
	if (mem_compare(policy.digest, s->policy, sizeof s->policy) == 0 ||
	    mem_compare(policy.digest, s->policy_sent, sizeof s->policy) == 0 ||
	    (policy.is_empty && is_zero(s->policy) && is_zero(s->policy_sent))) {
		return;
	}
	mem_copy(s->policy_sent, policy.digest, sizeof s->policy_sent);
	m.policy.digest = (struct span){ policy.digest, sizeof policy.digest };
	m.policy.bytes = policy.bytes;
	session_send(s, &m);
	s->link->engine->figures.policies++;
}

void policy_changed(struct engine_tenant *tenant)
{
	tenant->policy_next = 0;
	tenant->is_policy_due = true;
}

bool policy_offer_some(struct engine_tenant *tenant)
{
	if (!tenant->is_policy_due) {
		return false;
	}
	for (unsigned looked = 0; looked < SLICE; tenant->policy_next++) {
		struct engine_session *s;

		if (tenant->policy_next >= tenant->by_asset_size) {
			tenant->is_policy_due = false;
			return false;
		}
		s = tenant->by_asset[tenant->policy_next];
		if (s != NULL && s->is_greeted && !s->is_ended) {
			policy_offer(s);
			looked++;
		}
	}
	return true;
}
