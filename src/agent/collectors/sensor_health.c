/* sensor_health.c - what the other collectors could read, and what not, and how events fare. */
#include "agent/collectors/table.h"
#include "agent/health.h"
#include "schema/schema.h"

static const char *state_name(enum health_state state)
{
	switch (state) {
	case HEALTH_FAILING:
		return "failing";
	case HEALTH_OFF:
		return "off";
	case HEALTH_LIMITED:
		return "limited";
	case HEALTH_OK:
	case HEALTH_UNKNOWN:
	default:
		return "ok";
	}
}

static void emit(struct collection *c, const struct collector *collector)
{
	const char *reason;
	size_t rows;
	enum health_state state = health_of(c->machine->health, collector->table, &reason, &rows);
	struct row *row;

	if (state == HEALTH_UNKNOWN) {
		return; /* not read yet: its end will signal */
	}
	row = collection_row(c);
	row_set_text(row, SENSOR_HEALTH_COLLECTOR, span_of(collector->name));
	row_set_text(row, SENSOR_HEALTH_STATE, span_of(state_name(state)));
	row_set_text_if_any(row, SENSOR_HEALTH_ERROR, span_of(reason));
	row_set_integer(row, SENSOR_HEALTH_ROWS, (int64_t)rows);
	collection_emit(c);
}

static void emit_notes(struct collection *c)
{
	enum health_state state;
	const char *reason;
	const char *name;

	for (size_t i = 0; (name = health_note_at(c->machine->health, i, &state, &reason)) != NULL;
	     i++) {
		struct row *row = collection_row(c);

		row_set_text(row, SENSOR_HEALTH_COLLECTOR, span_of(name));
		row_set_text(row, SENSOR_HEALTH_STATE, span_of(state_name(state)));
		row_set_text_if_any(row, SENSOR_HEALTH_ERROR, span_of(reason));
		collection_emit(c);
	}
}

/* Of itself there is nothing to tell that its rows would not. */
static int sensor_health_collect(struct collection *c)
{
	for (size_t i = 0; c->machine->health != NULL && collectors[i] != NULL; i++) {
		if (collectors[i]->table != TABLE_SENSOR_HEALTH) {
			emit(c, collectors[i]);
		}
	}
	if (c->machine->health != NULL) {
		emit_notes(c);
	}
	return 0;
}

const struct collector collector_sensor_health = {
	.name = "sensor_health",
	.summary = "how the other collectors fare",
	.table = TABLE_SENSOR_HEALTH,
	.collect = sensor_health_collect,
};
