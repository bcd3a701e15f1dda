/*
 * campaign_health.c - how the scanner's parts fare, as rows of sensor_health: looked at each
 * second, told when a state or its reason is another.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "scan/sensor/campaign_parts.h"
#include "sys/clock.h"
#include "wire/row.h"

/* A process that died is spoken of for so long. */
#define LOST_TOLD_MS (3600 * INT64_C(1000))

/* A part that works says something at least this often. */
#define FINDER_SILENT_MS (120 * INT64_C(1000))
#define ASKER_SILENT_MS  (300 * INT64_C(1000))

enum { OK, LIMITED, FAILING, OFF };

static void set(struct campaign *c, enum health_part part, uint8_t state, const char *reason)
{
	struct part_health *health = &c->health[part];

	if (health->is_known && health->state == state && strcmp(health->reason, reason) == 0) {
		return;
	}
	health->is_known = true;
	health->state = state;
	(void)snprintf(health->reason, sizeof health->reason, "%s", reason);
	c->hooks.changed(c->context, TABLE_SENSOR_HEALTH);
}

static void look_at_discovery(struct campaign *c)
{
	if (!c->is_finder_heard) {
		return;
	}
	set(c, HEALTH_DISCOVERY, c->is_finder_raw ? OK : LIMITED,
	    c->is_finder_raw ? ""
			     : "ordinary connections in place of raw packets (no CAP_NET_RAW): "
			       "hosts are seen by their open ports alone");
}

static void look_at_names(struct campaign *c)
{
	if (c->host_names == NULL) {
		set(c, HEALTH_NAMES, OFF, "turned off (--no-names)");
	} else if (c->naming.is_deaf) {
		set(c, HEALTH_NAMES, FAILING,
		    "no server of names answers; names stay as they were");
	} else {
		set(c, HEALTH_NAMES, OK, "");
	}
}

static bool is_late(const struct course *course, int64_t now_s)
{
	uint32_t period_s = course->wish.period_s != 0 ? course->wish.period_s : TURNS_PERIOD_S;

	return course->found->is_underway && course->found->runs > 0 &&
	       now_s > course->found->started_s + 2 * (int64_t)period_s;
}

/* The first scope that is not scanned as the policy wants it; how many more there are. */
static void look_at_scopes(struct campaign *c)
{
	int64_t now_s = clock_wall_ms() / 1000;
	char reason[COURSE_REASON_SIZE] = "";
	size_t count = 0;

	for (size_t i = 0; i < c->course_count; i++) {
		const struct course *course = c->courses[i];
		bool is_refused = course->phase == COURSE_REFUSED;

		if (!is_refused && !is_late(course, now_s) && course->found->left_out == 0) {
			continue;
		}
		if (count++ == 0) {
			(void)snprintf(reason, sizeof reason, "%.100s: %.140s", course->name,
				       is_refused ? course->reason
				       : course->found->left_out > 0
					       ? "more was found than fits"
					       : "it takes longer than twice its period: allow for "
						 "more packets a second, or fewer ports");
		}
	}
	if (count > 1) {
		size_t used = strlen(reason);

		(void)snprintf(reason + used, sizeof reason - used, "; and %zu more", count - 1);
	}
	set(c, HEALTH_SCOPES, count > 0 ? LIMITED : OK, reason);
}

static void look_at_processes(struct campaign *c, int64_t now_ms)
{
	const struct found_lost *lost = &c->found->lost;
	char reason[COURSE_REASON_SIZE];

	if (lost->count == 0 || now_ms - lost->at_ms >= LOST_TOLD_MS || now_ms < lost->at_ms) {
		set(c, HEALTH_PROCESSES, OK, "");
		return;
	}
	(void)snprintf(reason, sizeof reason,
		       "%s ended or hung, and all were started anew; so far %" PRIu32 " times",
		       lost->name, lost->count);
	set(c, HEALTH_PROCESSES, FAILING, reason);
}

static void look_for_silence(struct campaign *c)
{
	int64_t now_ms = clock_ms();
	bool is_asking = follow_up_counts(c->follow_up).under_way > 0;

	if (c->running == NULL) {
		c->finder_heard_ms = now_ms;
	}
	if (!is_asking) {
		c->asker_heard_ms = now_ms;
	}
	if (now_ms - c->finder_heard_ms > FINDER_SILENT_MS) {
		campaign_lost(c, "finder");
	} else if (now_ms - c->asker_heard_ms > ASKER_SILENT_MS) {
		campaign_lost(c, "asker");
	}
}

void health_look(struct campaign *c)
{
	look_at_discovery(c);
	set(c, HEALTH_IDENTIFICATION, c->lacks[0] != '\0' ? LIMITED : OK, c->lacks);
	look_at_names(c);
	look_at_scopes(c);
	look_at_processes(c, clock_wall_ms());
	look_for_silence(c);
}

void campaign_each_health(const struct campaign *c, void (*take)(void *context, struct span row),
			  void *context)
{
	static const char *const names[] = { [HEALTH_DISCOVERY] = "discovery",
					     [HEALTH_IDENTIFICATION] = "identification",
					     [HEALTH_NAMES] = "host_names",
					     [HEALTH_SCOPES] = "scopes",
					     [HEALTH_PROCESSES] = "processes" };
	static const char *const states[] = {
		[OK] = "ok", [LIMITED] = "limited", [FAILING] = "failing", [OFF] = "off"
	};

	for (unsigned i = 0; i < HEALTH_PARTS; i++) {
		const struct part_health *health = &c->health[i];
		uint8_t bytes[ROW_BYTES_MAX];
		struct writer w = writer_over(bytes, sizeof bytes);
		struct row row;

		if (!health->is_known) {
			continue;
		}
		row_init(&row, schema_by_number(TABLE_SENSOR_HEALTH));
		row_set_text(&row, SENSOR_HEALTH_COLLECTOR, span_of(names[i]));
		row_set_text(&row, SENSOR_HEALTH_STATE, span_of(states[health->state]));
		row_set_text_if_any(&row, SENSOR_HEALTH_ERROR, span_of(health->reason));
		if (row_encode(&row, &w) == 0) {
			take(context, writer_span(&w));
		}
	}
}
