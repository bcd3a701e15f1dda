/* sensors.c - who may report, and when it last did. */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "server/inventory/state.h"

/* A sensor that merely shows that it is alive is written this often. */
#define SEEN_INTERVAL_MS 60000

static void replace_certificate(struct inventory_sensor *old, const struct inventory_sensor *new)
{
	if (memcmp(old->key_hash, new->key_hash, sizeof old->key_hash) != 0) {
		mem_copy(old->previous_key_hash, old->key_hash, sizeof old->key_hash);
		mem_copy(old->key_hash, new->key_hash, sizeof old->key_hash);
	}
	old->certificate_not_after_ms = new->certificate_not_after_ms;
}

int inventory_enrol(struct inventory *inv, const struct inventory_sensor *new, struct why *why)
{
	struct rowhash key;
	struct sensor *sensor;
	int error;

	if (!state_id_key(new->id, &key)) {
		return why_set(why, ERR_USAGE, "an id has 16 lower-case hexadecimal digits");
	}
	sensor = state_sensor(inv, new->id);
	if (sensor != NULL && sensor->is.is_revoked) {
		return why_set(why, ERR_DENIED, "the sensor was revoked");
	}
	error = inventory_begin(inv, why);
	if (error != 0) {
		return error;
	}
	if (sensor == NULL) {
		sensor = state_add_sensor(inv, new);
	} else {
		undo_note_sensor(inv, sensor);
		replace_certificate(&sensor->is, new);
	}
	state_note_sensor(inv, sensor);
	return 0;
}

int inventory_sensor_find(struct inventory *inv, const char *id, struct inventory_sensor *out)
{
	const struct sensor *sensor = state_sensor(inv, id);

	if (sensor == NULL) {
		return ERR_NOT_FOUND;
	}
	*out = sensor->is;
	return 0;
}

/* Copies what fits; returns whether it changed. */
static bool replace_text(char *field, size_t size, const char *text)
{
	struct span fit = span_first(span_of(text), size - 1);

	if (span_equal(span_of(field), fit)) {
		return false;
	}
	mem_copy(field, fit.ptr, fit.len);
	field[fit.len] = '\0';
	return true;
}

void inventory_sensor_seen(struct inventory *inv, const char *id, const char *version,
			   const char *address, bool is_connected, int64_t now_ms)
{
	struct sensor *sensor = state_sensor(inv, id);
	struct inventory_sensor *is;
	bool is_changed;

	if (sensor == NULL) {
		return;
	}
	is = &sensor->is;
	is_changed = is->is_connected != is_connected;
	is_changed |= version != NULL && replace_text(is->version, sizeof is->version, version);
	is_changed |= address != NULL && replace_text(is->address, sizeof is->address, address);
	is->is_connected = is_connected;
	is->last_seen_ms = now_ms;
	if (is_changed || now_ms - sensor->stored_seen_ms >= SEEN_INTERVAL_MS ||
	    now_ms < sensor->stored_seen_ms) {
		state_note_sensor(inv, sensor);
	}
}

int inventory_sensor_revoke(struct inventory *inv, const char *id, struct why *why)
{
	struct sensor *sensor = state_sensor(inv, id);
	int error;

	if (sensor == NULL) {
		return why_set(why, ERR_NOT_FOUND, "there is no such sensor");
	}
	error = inventory_begin(inv, why);
	if (error != 0) {
		return error;
	}
	undo_note_sensor(inv, sensor);
	sensor->is.is_revoked = true;
	state_note_sensor(inv, sensor);
	return 0;
}

void inventory_sensors_disconnected(struct inventory *inv)
{
	for (uint32_t i = 0; i < inv->sensor_ids.count; i++) {
		if (inv->sensors[i].is.is_connected) {
			inv->sensors[i].is.is_connected = false;
			state_note_sensor(inv, &inv->sensors[i]);
		}
	}
}
