/* health.c - one entry a table. */
#include "agent/health.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "schema/schema.h"
#include "sys/alloc.h"

struct entry {
	enum health_state state;
	const char *reason; /* of static lifetime */
	size_t rows;
};

struct health {
	struct entry entries[SCHEMA_TABLES_MAX];
	bool is_changed;
};

struct health *health_new(void)
{
	return alloc_zeroed(1, sizeof(struct health));
}

void health_free(struct health **health)
{
	free(*health);
	*health = NULL;
}

static bool is_same_reason(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

void health_note(struct health *health, uint16_t table, int error, const char *off, size_t rows)
{
	struct entry now = { .state = HEALTH_OK, .rows = rows };
	struct entry *entry;

	if (health == NULL || table >= SCHEMA_TABLES_MAX) {
		return;
	}
	if (error != 0) {
		now.state = HEALTH_FAILING;
		now.reason = error_text(error);
	} else if (off != NULL) {
		now.state = HEALTH_OFF;
		now.reason = off;
	}
	entry = &health->entries[table];
	if (entry->state != now.state || !is_same_reason(entry->reason, now.reason)) {
		*entry = now;
		health->is_changed = true;
	}
}

bool health_take_change(struct health *health)
{
	bool is_changed = health->is_changed;

	health->is_changed = false;
	return is_changed;
}

enum health_state health_of(const struct health *health, uint16_t table, const char **out_reason,
			    size_t *out_rows)
{
	const struct entry *entry = &health->entries[table];

	*out_reason = entry->reason;
	*out_rows = entry->rows;
	return entry->state;
}
