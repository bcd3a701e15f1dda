/* sensors.c - who may report, and when it last did. */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "server/inventory/state.h"

/* A sensor that merely shows that it is alive is written this often. */
#define SEEN_INTERVAL_MS 60000

/* The sensor judges what a silence is (40 s of no answer); so many seconds are one, whatever it
 * thinks. And how exactly the moment is known at which it began. */
#define SILENT_S        10
#define SILENT_DRIFT_MS 15000

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

bool inventory_sensor_kind(struct inventory *inv, const char *id, struct span kind)
{
	struct sensor *sensor = state_sensor(inv, id);
	bool is_known = span_is(kind, "agent") || span_is(kind, "scanner");

	/* it is what it was enrolled as: an agent's key does not become a scanner's later */
	return sensor != NULL && is_known && span_is(kind, sensor->is.kind);
}

bool inventory_sensor_is_scanner(struct inventory *inv, const char *id)
{
	const struct sensor *sensor = state_sensor(inv, id);

	return sensor != NULL && span_is(span_of(sensor->is.kind), "scanner");
}

const char *inventory_asset_id(struct inventory *inv, uint32_t asset)
{
	const struct asset *is = state_asset(inv, asset);

	return is == NULL ? "" : is->id;
}

bool inventory_sensor_policy(struct inventory *inv, const char *id, struct span policy)
{
	struct sensor *sensor = state_sensor(inv, id);
	bool is_policed = policy.len == sizeof sensor->is.policy;

	if (sensor == NULL ||
	    (sensor->is.is_policed == is_policed &&
	     (!is_policed || memcmp(sensor->is.policy, policy.ptr, policy.len) == 0))) {
		return false;
	}
	sensor->is.is_policed = is_policed;
	mem_zero(sensor->is.policy, sizeof sensor->is.policy);
	if (is_policed) {
		mem_copy(sensor->is.policy, policy.ptr, policy.len);
	}
	state_note_sensor(inv, sensor);
	return true;
}

/* A heartbeat is not a write: when the silence began is kept, which does not change while it
 * lasts. */
bool inventory_sensor_silent(struct inventory *inv, const char *id, uint32_t silent_s,
			     uint16_t busy_table, int64_t now_ms)
{
	struct sensor *sensor = state_sensor(inv, id);
	bool is_silent = silent_s >= SILENT_S;
	int64_t since_ms = now_ms - (int64_t)silent_s * 1000;
	int64_t drift_ms;

	if (sensor == NULL || (!is_silent && sensor->is.silent_since_ms == 0)) {
		return false;
	}
	drift_ms = since_ms - sensor->is.silent_since_ms;
	if (is_silent && sensor->is.busy_table == busy_table && drift_ms > -SILENT_DRIFT_MS &&
	    drift_ms < SILENT_DRIFT_MS) {
		return false;
	}
	sensor->is.silent_since_ms = is_silent ? since_ms : 0;
	sensor->is.busy_table = is_silent ? busy_table : 0;
	state_note_sensor(inv, sensor);
	return true;
}

void inventory_sensor_duplicated(struct inventory *inv, const char *id, const char *places,
				 int64_t now_ms)
{
	struct sensor *sensor = state_sensor(inv, id);

	if (sensor == NULL || (places == NULL && sensor->is.duplicated_ms == 0)) {
		return;
	}
	sensor->is.duplicated_ms = places != NULL ? now_ms : 0;
	(void)replace_text(sensor->is.duplicates, sizeof sensor->is.duplicates,
			   places != NULL ? places : "");
	state_note_sensor(inv, sensor);
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
