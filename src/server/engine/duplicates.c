/*
 * duplicates.c - one key in two places: sessions of one sensor that replace each other to and fro.
 *
 * One machine that comes back replaces its own dead session now and then, from where it was. Two
 * with one key do so every few seconds, from two addresses, or with two host names.
 */
#include "server/engine/parts.h"

#include "schema/schema.h"
#include "sys/alloc.h"
#include "sys/clock.h"

#include <stdio.h>
#include <string.h>

/* So many within so long. */
#define TURNS     4
#define WITHIN_MS 120000

/* Two that were not seen for so long are taken for mended. */
#define FORGIVE_MS (24 * 3600 * INT64_C(1000))

/* Sensors that are watched at a time; a newer one takes the place of an older. */
#define WATCHED 512

struct replacement {
	int64_t at_ms;
	char address[64];
	struct digest os; /* what the one that went had left of the table os */
};

struct watched {
	uint32_t asset;
	unsigned next;
	struct replacement turns[TURNS];
};

struct replacements {
	struct watched watched[WATCHED];
};

static struct watched *find(struct engine_tenant *t, uint32_t asset)
{
	struct watched *w;

	if (t->replacements == NULL) {
		t->replacements = alloc_zeroed(1, sizeof *t->replacements);
	}
	w = &t->replacements->watched[asset % WATCHED];
	if (w->asset != asset) {
		*w = (struct watched){ .asset = asset };
	}
	return w;
}

/* True where all turns are recent, and those that were replaced were not all in one place: one that
 * moves once leaves one place only. *out_other is another address than the session's own, or NULL
 * where only what the machines say of themselves differs. */
static bool is_to_and_fro(const struct watched *w, const struct engine_session *s, int64_t now_ms,
			  const char **out_other)
{
	bool is_different = false;

	*out_other = NULL;
	for (size_t i = 0; i < TURNS; i++) {
		const struct replacement *turn = &w->turns[i];

		if (turn->at_ms == 0 || now_ms - turn->at_ms > WITHIN_MS || now_ms < turn->at_ms) {
			return false;
		}
		is_different = is_different || !digest_equal(turn->os, w->turns[0].os) ||
			       strcmp(turn->address, w->turns[0].address) != 0;
		if (strcmp(turn->address, s->address) != 0) {
			*out_other = turn->address;
		}
	}
	return is_different;
}

static void flag(struct engine_session *s, const char *other)
{
	struct engine_tenant *t = s->tenant;
	struct inventory_sensor sensor;
	char subject[192];
	char places[160];
	struct why why;

	if (inventory_sensor_find(t->inventory, s->sensor_id, &sensor) != 0) {
		return;
	}
	if (other != NULL) {
		snprintf(places, sizeof places, "%s and %s", s->address, other);
	} else {
		snprintf(places, sizeof places, "two machines behind %s", s->address);
	}
	if (sensor.duplicated_ms == 0) {
		log_warn("one sensor's key is used in two places", log_text("tenant", t->name),
			 log_text("sensor", s->sensor_id), log_text("places", places));
		snprintf(subject, sizeof subject, "%s: %s", s->sensor_id, places);
		(void)!audit_add(t->engine->platform, clock_wall_ms(), "server",
				 "sensor-duplicated", subject, t->name, &why);
	}
	inventory_sensor_duplicated(t->inventory, s->sensor_id, places, clock_wall_ms());
}

void duplicate_replaced(struct engine_session *s, const char *address)
{
	struct engine_tenant *t = s->tenant;
	struct watched *w;
	struct replacement *turn;
	const char *other;
	int64_t now_ms = clock_ms();

	if (address[0] == '\0' || t->inventory == NULL) {
		return;
	}
	w = find(t, s->asset);
	turn = &w->turns[w->next++ % TURNS];
	*turn = (struct replacement){ .at_ms = now_ms,
				      .os = inventory_digest(t->inventory, s->asset, TABLE_OS) };
	snprintf(turn->address, sizeof turn->address, "%s", address);
	if (is_to_and_fro(w, s, now_ms, &other)) {
		flag(s, other);
	}
}

void duplicate_forgive(struct engine_session *s)
{
	struct inventory *inv = s->tenant->inventory;
	struct inventory_sensor sensor;

	if (inv != NULL && inventory_sensor_find(inv, s->sensor_id, &sensor) == 0 &&
	    sensor.duplicated_ms != 0 && clock_wall_ms() - sensor.duplicated_ms > FORGIVE_MS) {
		inventory_sensor_duplicated(inv, s->sensor_id, NULL, clock_wall_ms());
	}
}
