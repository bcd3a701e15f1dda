/* turns.c - see turns.h. */
#include "scan/sensor/turns.h"

static uint64_t period_of(const struct turn *turn)
{
	return turn->period_s != 0 ? turn->period_s : TURNS_PERIOD_S;
}

static unsigned open_minutes(const struct turn *turn)
{
	if (turn->from_minute == turn->to_minute) {
		return TURNS_MINUTES;
	}
	return (unsigned)(TURNS_MINUTES + turn->to_minute - turn->from_minute) % TURNS_MINUTES;
}

bool turn_is_open(const struct turn *turn, int64_t now_s)
{
	unsigned minute = (unsigned)(now_s / 60 % TURNS_MINUTES);
	unsigned since = (TURNS_MINUTES + minute - turn->from_minute) % TURNS_MINUTES;

	return since < open_minutes(turn);
}

static int64_t due_s(const struct turn *turn)
{
	return turn->started_s == 0 ? 0 : turn->started_s + (int64_t)period_of(turn);
}

bool turn_is_due(const struct turn *turn, int64_t now_s)
{
	/* a clock that was set back must not stop scanning */
	return turn->is_underway || now_s >= due_s(turn) || now_s < turn->started_s;
}

/* What was begun is late by when it had to be done; what is not begun, by when it has to begin. */
static int64_t lateness(const struct turn *turn)
{
	return due_s(turn);
}

size_t turns_pick(const struct turn *turns, size_t count, int64_t now_s, size_t current,
		  int64_t current_ms)
{
	size_t best = TURNS_NONE;

	for (size_t i = 0; i < count; i++) {
		if (turns[i].is_held || !turn_is_open(&turns[i], now_s) ||
		    !turn_is_due(&turns[i], now_s)) {
			continue;
		}
		if (i == current && current_ms < TURNS_SLICE_MS) {
			return i;
		}
		if (i != current &&
		    (best == TURNS_NONE || lateness(&turns[i]) < lateness(&turns[best]))) {
			best = i;
		}
	}
	if (best == TURNS_NONE && current < count && !turns[current].is_held &&
	    turn_is_open(&turns[current], now_s)) {
		return current; /* nobody else wants it */
	}
	return best;
}

uint64_t turn_rate(const struct turn *turn, uint64_t probes, size_t scopes)
{
	uint64_t most = turn->rate != 0 ? turn->rate : TURNS_RATE;
	uint64_t seconds = period_of(turn) * TURNS_FILL_TENTHS / 10 * open_minutes(turn) /
			   TURNS_MINUTES / (scopes > 0 ? scopes : 1);
	uint64_t even = seconds > 0 ? probes / seconds + 1 : most;

	if (turn->is_first || even > most) {
		return most;
	}
	return even < TURNS_RATE_MIN ? (most < TURNS_RATE_MIN ? most : TURNS_RATE_MIN) : even;
}
