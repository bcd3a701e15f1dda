/* thrift.c - two budgets and a look at the machine's load. */
#include "agent/thrift.h"

#include <string.h>

#include "agent/load.h"

#define MINUTE_MS 60000
#define DAY_MS    86400000

/* A walk that waited for a moment is not worth a word; nor is the end of each wait. */
#define WORTH_MS 1000
#define CALM_MS  300000

void thrift_init(struct thrift *t, const struct policy *policy, int64_t now_ms)
{
	memset(t, 0, sizeof *t);
	budget_init(&t->cpu, MINUTE_MS, now_ms);
	budget_init(&t->bytes, DAY_MS, now_ms);
	thrift_apply_policy(t, policy);
}

void thrift_apply_policy(struct thrift *t, const struct policy *policy)
{
	uint64_t permille = policy->budget.cpu_permille != 0 ? policy->budget.cpu_permille
							     : THRIFT_CPU_PERMILLE;

	budget_set(&t->cpu, permille * MINUTE_MS);
	budget_set(&t->bytes, policy->budget.bytes_per_day);
}

void thrift_hold(struct thrift *t)
{
	t->is_told = true;
}

void thrift_note_cpu(struct thrift *t, uint64_t own_us, int64_t now_ms)
{
	if (t->is_told) {
		budget_spend(&t->cpu, own_us - t->own_us, now_ms);
	}
	t->own_us = own_us;
}

void thrift_note_other_cpu(struct thrift *t, uint64_t other_us, int64_t now_ms)
{
	if (t->is_told && t->other_us != 0 && other_us > t->other_us) {
		budget_spend(&t->cpu, other_us - t->other_us, now_ms);
	}
	t->other_us = other_us;
}

void thrift_note_sent(struct thrift *t, uint64_t bytes, int64_t now_ms)
{
	budget_spend(&t->bytes, bytes, now_ms);
}

int64_t thrift_walk_at(struct thrift *t, int64_t now_ms)
{
	int64_t cpu_ms = t->is_told ? budget_free_at(&t->cpu, now_ms) : now_ms;
	int64_t bytes_ms = budget_free_at(&t->bytes, now_ms);

	if (cpu_ms > now_ms) {
		t->cpu_waits_ms = t->cpu_waits_ms != 0 ? t->cpu_waits_ms : now_ms;
		if (now_ms - t->cpu_waits_ms > WORTH_MS) {
			t->cpu_waited_ms = now_ms;
		}
		if (now_ms - t->cpu_waits_ms >= THRIFT_WAIT_MAX_MS) {
			t->cpu_waits_ms = now_ms; /* one more, whatever it costs */
			cpu_ms = now_ms;
		} else if (cpu_ms > t->cpu_waits_ms + THRIFT_WAIT_MAX_MS) {
			cpu_ms = t->cpu_waits_ms + THRIFT_WAIT_MAX_MS;
		}
	} else {
		t->cpu_waits_ms = 0;
	}
	if (bytes_ms > now_ms) {
		t->bytes_waited_ms = now_ms;
	}
	return cpu_ms > bytes_ms ? cpu_ms : bytes_ms;
}

bool thrift_is_busy(struct thrift *t, int64_t now_ms, bool *out_is_changed)
{
	bool was_busy = t->is_busy;

	if (t->load_looked_ms == 0 || now_ms - t->load_looked_ms >= THRIFT_LOAD_MS) {
		t->load_looked_ms = now_ms;
		t->is_busy = load_is_high();
	}
	*out_is_changed = t->is_busy != was_busy;
	return t->is_busy;
}

static bool is_recent(int64_t then_ms, int64_t now_ms)
{
	return then_ms != 0 && now_ms - then_ms < CALM_MS;
}

void thrift_tell(const struct thrift *t, struct health *health, int64_t now_ms)
{
	bool is_cpu = is_recent(t->cpu_waited_ms, now_ms);
	bool is_bytes = is_recent(t->bytes_waited_ms, now_ms);

	health_say(health, "cpu_budget", is_cpu ? HEALTH_LIMITED : HEALTH_OK,
		   is_cpu ? "the processor time of a minute is used up: tables are read later"
			  : NULL);
	health_say(health, "bytes_budget", is_bytes ? HEALTH_LIMITED : HEALTH_OK,
		   is_bytes ? "the bytes of a day are used up: changes of tables are sent later"
			    : NULL);
}
