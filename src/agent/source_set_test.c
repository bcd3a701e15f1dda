/* source_set_test.c - which sources are opened, turned on, and what health says of the rest. */
#include "agent/source_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "sys/log.h"

/* What the sources below did: one letter each. */
struct seen {
	char done[64];
	bool is_better_refused;
	uint32_t asked; /* the events that the one opened last is to put */
};

static void note(struct seen *seen, char what)
{
	size_t len = strlen(seen->done);

	if (len + 1 < sizeof seen->done) {
		seen->done[len] = what;
		seen->done[len + 1] = '\0';
	}
}

/* host->sink stands for the test's own struct. */
static struct seen *seen_of(const struct source_host *host)
{
	return (struct seen *)(void *)host->sink;
}

static int open_better(const struct source_host *host, void **out_state, struct why *why)
{
	struct seen *seen = seen_of(host);

	if (seen->is_better_refused) {
		return why_set(why, ERR_UNSUPPORTED, "CAP_BPF is missing");
	}
	note(seen, 'B');
	seen->asked = host->events;
	*out_state = seen;
	return 0;
}

static int open_fallback(const struct source_host *host, void **out_state, struct why *why)
{
	(void)why;
	note(seen_of(host), 'F');
	seen_of(host)->asked = host->events;
	*out_state = seen_of(host);
	return 0;
}

static void enable(void *state, bool is_on)
{
	note(state, is_on ? '+' : '-');
}

static void close_it(void **state)
{
	note(*state, 'x');
	*state = NULL;
}

static const struct event_source better = { "better",    "",     0,       1u << EVENT_EXECUTIONS,
					    open_better, enable, close_it };
static const struct event_source fallback = {
	"fallback", "", 1, 1u << EVENT_EXECUTIONS, open_fallback, enable, close_it
};
static const struct event_source *const both[] = { &better, &fallback, NULL };
static const struct event_source wide = {
	"wide", "", 2, 1u << EVENT_EXECUTIONS | 1u << EVENT_LOGINS, open_fallback, enable, close_it
};
static const struct event_source *const overlapping[] = { &better, &wide, NULL };
static const struct event_source *const one[] = { &better, NULL };

static enum health_state state_of(const struct health *health, const char *name,
				  const char **out_reason)
{
	enum health_state state;
	const char *at;

	for (size_t i = 0; (at = health_note_at(health, i, &state, out_reason)) != NULL; i++) {
		if (strcmp(at, name) == 0) {
			return state;
		}
	}
	return HEALTH_UNKNOWN;
}

static struct source_set *open_set(const struct event_source *const *sources, struct seen *seen)
{
	const struct source_host host = { .sink = (struct event_sink *)(void *)seen };

	log_open("test", LOG_ERROR);
	return source_set_open(sources, &host);
}

static void the_better_way_leaves_the_fallback_alone(void **state)
{
	struct seen seen = { .done = "" };
	struct source_set *set = open_set(both, &seen);
	const char *reason;

	(void)state;
	assert_string_equal(seen.done, "B");
	assert_ptr_equal(source_set_of(set, EVENT_EXECUTIONS, &reason), &better);
	source_set_close(&set);
	assert_string_equal(seen.done, "Bx");
}

static void the_fallback_is_taken_where_the_better_way_is_refused(void **state)
{
	struct seen seen = { .is_better_refused = true };
	struct source_set *set = open_set(both, &seen);
	const char *reason;

	(void)state;
	assert_ptr_equal(source_set_of(set, EVENT_EXECUTIONS, &reason), &fallback);
	assert_null(reason);
	source_set_close(&set);
}

static void an_event_is_put_by_the_first_alone_where_sources_overlap_in_part(void **state)
{
	struct seen seen = { .done = "" };
	struct source_set *set = open_set(overlapping, &seen);
	struct health *health = health_new();
	struct policy policy;
	const char *reason;

	(void)state;
	assert_string_equal(seen.done, "BF");
	assert_int_equal(seen.asked, 1u << EVENT_LOGINS);
	assert_ptr_equal(source_set_of(set, EVENT_EXECUTIONS, &reason), &better);
	assert_ptr_equal(source_set_of(set, EVENT_LOGINS, &reason), &wide);
	policy_init(&policy);
	policy.events[EVENT_LOGINS].is_on = POLICY_OFF;
	source_set_apply(set, &policy, health);
	assert_string_equal(seen.done, "BF+"); /* nothing of the second one is wanted */
	health_free(&health);
	source_set_close(&set);
	seen.is_better_refused = true;
	set = open_set(overlapping, &seen);
	assert_int_equal(seen.asked, wide.events);
	source_set_close(&set);
}

static void sources_follow_the_policy_and_are_told_once(void **state)
{
	struct seen seen = { .done = "" };
	struct source_set *set = open_set(both, &seen);
	struct health *health = health_new();
	struct policy policy;
	const char *reason;

	(void)state;
	policy_init(&policy);
	source_set_apply(set, &policy, health);
	source_set_apply(set, &policy, health);
	assert_string_equal(seen.done, "B+");
	assert_int_equal(state_of(health, "executions", &reason), HEALTH_OK);
	policy.events[EVENT_EXECUTIONS].is_on = POLICY_OFF;
	source_set_apply(set, &policy, health);
	assert_string_equal(seen.done, "B+-");
	assert_int_equal(state_of(health, "executions", &reason), HEALTH_OFF);
	assert_string_equal(reason, "off by policy");
	health_free(&health);
	source_set_close(&set);
}

static void what_cannot_be_seen_is_told_with_its_reason(void **state)
{
	struct seen seen = { .is_better_refused = true };
	struct source_set *set = open_set(one, &seen);
	struct health *health = health_new();
	struct policy policy;
	const char *reason;

	(void)state;
	policy_init(&policy);
	source_set_apply(set, &policy, health);
	assert_int_equal(state_of(health, "executions", &reason), HEALTH_OFF);
	assert_string_equal(reason, "CAP_BPF is missing");
	assert_int_equal(state_of(health, "logins", &reason), HEALTH_OFF);
	assert_int_equal(state_of(health, "gaps", &reason), HEALTH_UNKNOWN);
	assert_true(health_take_change(health));
	source_set_apply(set, &policy, health);
	assert_false(health_take_change(health));
	health_free(&health);
	source_set_close(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_better_way_leaves_the_fallback_alone),
		cmocka_unit_test(the_fallback_is_taken_where_the_better_way_is_refused),
		cmocka_unit_test(an_event_is_put_by_the_first_alone_where_sources_overlap_in_part),
		cmocka_unit_test(sources_follow_the_policy_and_are_told_once),
		cmocka_unit_test(what_cannot_be_seen_is_told_with_its_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
