/* schedule.c - quiet, patience, budget. */
#include "sensor/schedule.h"

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void schedule_signal(struct schedule *s, int64_t now_ms)
{
	if (!s->is_dirty) {
		s->is_dirty = true;
		s->first_signal_ms = now_ms;
	}
	s->last_signal_ms = now_ms;
}

int64_t schedule_due(const struct schedule *s)
{
	int64_t times = s->is_patient ? SCHEDULE_PATIENCE : 1;
	int64_t due_ms;

	if (!s->is_dirty) {
		return SCHEDULE_NEVER;
	}
	due_ms = later(sooner(s->last_signal_ms + times * SCHEDULE_QUIET_MS,
			      s->first_signal_ms + times * SCHEDULE_LATEST_MS),
		       s->not_before_ms);
	return s->period_ms > 0 && s->done_ms > 0 ? later(due_ms, s->done_ms + s->period_ms)
						  : due_ms;
}

void schedule_start(struct schedule *s)
{
	s->is_dirty = false;
}

void schedule_done(struct schedule *s, int64_t now_ms, int64_t cost_us)
{
	int64_t pause_ms = cost_us * SCHEDULE_COST_TIMES / 1000;

	s->done_ms = now_ms;
	s->not_before_ms =
		later(s->not_before_ms, now_ms + sooner(pause_ms, SCHEDULE_PAUSE_MAX_MS));
}

void schedule_pause(struct schedule *s, int64_t until_ms)
{
	s->not_before_ms = later(s->not_before_ms, until_ms);
}

void schedule_set_period(struct schedule *s, int64_t period_ms)
{
	s->period_ms = period_ms;
}

void schedule_set_patient(struct schedule *s, bool is_patient)
{
	s->is_patient = is_patient;
}

void schedule_go_on(struct schedule *s)
{
	s->done_ms = 0;
}
