/*
 * health.h - how each collector's last walk went, and whatever else there is to say of the sensor
 * itself, for the table sensor_health.
 *
 * It changes only where a collector's state or its reason does: what merely counts would be told
 * every day.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum health_state { HEALTH_UNKNOWN, HEALTH_OK, HEALTH_FAILING, HEALTH_OFF, HEALTH_LIMITED };

/* Things that are no tables: kinds of events, the ring, budgets. */
#define HEALTH_NOTES_MAX 48

struct health;

struct health *health_new(void);
void health_free(struct health **health);

/* A walk of a table has ended. off: why it cannot be read, else NULL; borrowed for ever.
 * Nothing where health is NULL. */
void health_note(struct health *health, uint16_t table, int error, const char *off, size_t rows);

/* What a collector that is well has to add, such as a path that it leaves out; NULL: nothing. It
 * stands where the reason of one that is not well would. */
void health_remark(struct health *health, uint16_t table, const char *text);

/* True where something changed since the last call. */
bool health_take_change(struct health *health);

/* What was noted last. out_reason: NULL or a remark where it is ok; out_rows: of the walk that
 * brought the state. */
enum health_state health_of(const struct health *health, uint16_t table, const char **out_reason,
			    size_t *out_rows);

/* Something that is no table: name is borrowed for ever, the reason copied; NULL where it is ok.
 * Nothing where health is NULL. */
void health_say(struct health *health, const char *name, enum health_state state,
		const char *reason);

/* What was said, one after the other from 0; NULL at the end. */
const char *health_note_at(const struct health *health, size_t index, enum health_state *out_state,
			   const char **out_reason);
