/* thrift.c - savings of processor time, a budget of bytes, a look at the machine's load. */
#include "agent/thrift.h"

#include <string.h>

#include "agent/load.h"

#define DAY_MS 86400000

/* A walk that waited for a moment is not worth a word; nor is the end of each wait. */
#define WORTH_MS 1000
#define CALM_MS  300000

/* A permille of a core is a microsecond in each millisecond. */
static int64_t most_saved(const struct thrift *t)
{
	return t->cpu_permille * THRIFT_CPU_SAVED_MS;
}

void thrift_init(struct thrift *t, const struct policy *policy, int64_t now_ms)
{
	memset(t, 0, sizeof *t);
	budget_init(&t->bytes, DAY_MS, now_ms);
	thrift_apply_policy(t, policy);
	t->cpu_left_us = most_saved(t);
	t->cpu_at_ms = now_ms;
}

void thrift_apply_policy(struct thrift *t, const struct policy *policy)
{
	t->cpu_permille = policy->budget.cpu_permille != 0 ? policy->budget.cpu_permille
							   : THRIFT_CPU_PERMILLE;
	budget_set(&t->bytes, policy->budget.bytes_per_day);
}

/* No further into debt than can be saved: what events took is not held against tables for ever. */
static void spend(struct thrift *t, uint64_t used_us, int64_t now_ms)
{
	int64_t most = most_saved(t);
	int64_t saved = t->cpu_left_us + (now_ms - t->cpu_at_ms) * t->cpu_permille;

	saved = saved < most ? saved : most;
	saved -= used_us < 2 * (uint64_t)most ? (int64_t)used_us : 2 * most;
	t->cpu_left_us = saved > -most ? saved : -most;
	t->cpu_at_ms = now_ms;
}

void thrift_hold(struct thrift *t)
{
	t->is_told = true;
}

void thrift_note_cpu(struct thrift *t, uint64_t own_us, int64_t now_ms)
{
	if (t->is_told) {
		spend(t, own_us - t->own_us, now_ms);
	}
	t->own_us = own_us;
}

void thrift_note_other_cpu(struct thrift *t, uint64_t other_us, int64_t now_ms)
{
	if (t->is_told && t->other_us != 0 && other_us > t->other_us) {
		spend(t, other_us - t->other_us, now_ms);
	}
	t->other_us = other_us;
}

void thrift_note_sent(struct thrift *t, uint64_t bytes, int64_t now_ms)
{
	budget_spend(&t->bytes, bytes, now_ms);
}

/* What a table's walk takes to be left: never so much that it could not be saved. */
static int64_t wanted(const struct thrift *t, const struct thrift_table *table)
{
	int64_t most = most_saved(t) / 2;
	int64_t cost = table->cost_us * THRIFT_CPU_TIMES;

	return cost < most ? cost : most;
}

static int64_t cpu_walk_at(struct thrift *t, struct thrift_table *table, int64_t now_ms)
{
	int64_t missing;
	int64_t at_ms;

	spend(t, 0, now_ms);
	missing = wanted(t, table) - t->cpu_left_us;
	if (!t->is_told || missing <= 0) {
		table->waits_ms = 0;
		return now_ms;
	}
	table->waits_ms = table->waits_ms != 0 ? table->waits_ms : now_ms;
	if (now_ms - table->waits_ms > WORTH_MS) {
		t->cpu_waited_ms = now_ms;
	}
	at_ms = now_ms + missing / t->cpu_permille + 1;
	if (at_ms > table->waits_ms + THRIFT_WAIT_MAX_MS) {
		at_ms = table->waits_ms + THRIFT_WAIT_MAX_MS;
	}
	return at_ms > now_ms ? at_ms : now_ms;
}

int64_t thrift_walk_at(struct thrift *t, uint16_t table, int64_t now_ms)
{
	int64_t cpu_ms = cpu_walk_at(t, &t->tables[table % SCHEMA_TABLES_MAX], now_ms);
	int64_t bytes_ms = budget_free_at(&t->bytes, now_ms);

	if (bytes_ms > now_ms) {
		t->bytes_waited_ms = now_ms;
	}
	return cpu_ms > bytes_ms ? cpu_ms : bytes_ms;
}

/* A walk that cost much once may again. */
void thrift_note_walk(struct thrift *t, uint16_t number, int64_t cost_us)
{
	struct thrift_table *table = &t->tables[number % SCHEMA_TABLES_MAX];
	int64_t less = table->cost_us - table->cost_us / 4;

	table->cost_us = cost_us > less ? cost_us : less;
	table->waits_ms = 0;
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
		   is_cpu ? "the processor time is used up: tables are read later" : NULL);
	health_say(health, "bytes_budget", is_bytes ? HEALTH_LIMITED : HEALTH_OK,
		   is_bytes ? "the bytes of a day are used up: changes of tables are sent later"
			    : NULL);
}
