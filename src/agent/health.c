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
	char *remark;       /* owned; NULL: none */
	size_t rows;
};

struct note {
	const char *name;
	enum health_state state;
	char *reason;
};

struct health {
	struct entry entries[SCHEMA_TABLES_MAX];
	struct note notes[HEALTH_NOTES_MAX];
	size_t note_count;
	bool is_changed;
};

struct health *health_new(void)
{
	return alloc_zeroed(1, sizeof(struct health));
}

void health_free(struct health **health)
{
	for (size_t i = 0; *health != NULL && i < (*health)->note_count; i++) {
		free((*health)->notes[i].reason);
	}
	for (size_t i = 0; *health != NULL && i < SCHEMA_TABLES_MAX; i++) {
		free((*health)->entries[i].remark);
	}
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
		now.reason = off != NULL ? off : error_text(error);
	} else if (off != NULL) {
		now.state = HEALTH_OFF;
		now.reason = off;
	}
	entry = &health->entries[table];
	if (entry->state != now.state || !is_same_reason(entry->reason, now.reason)) {
		now.remark = entry->remark;
		*entry = now;
		health->is_changed = true;
	}
}

void health_remark(struct health *health, uint16_t table, const char *text)
{
	struct entry *entry;

	if (health == NULL || table >= SCHEMA_TABLES_MAX) {
		return;
	}
	entry = &health->entries[table];
	if (!is_same_reason(entry->remark, text)) {
		free(entry->remark);
		entry->remark = text != NULL ? alloc_text(text) : NULL;
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

	*out_reason = entry->reason == NULL ? entry->remark : entry->reason;
	*out_rows = entry->rows;
	return entry->state;
}

static struct note *note_of(struct health *health, const char *name)
{
	for (size_t i = 0; i < health->note_count; i++) {
		if (strcmp(health->notes[i].name, name) == 0) {
			return &health->notes[i];
		}
	}
	if (health->note_count == HEALTH_NOTES_MAX) {
		return NULL;
	}
	health->notes[health->note_count].name = name;
	return &health->notes[health->note_count++];
}

void health_say(struct health *health, const char *name, enum health_state state,
		const char *reason)
{
	struct note *note = health != NULL ? note_of(health, name) : NULL;

	if (note == NULL || (note->state == state && is_same_reason(note->reason, reason))) {
		return;
	}
	free(note->reason);
	note->state = state;
	note->reason = reason != NULL ? alloc_text(reason) : NULL;
	health->is_changed = true;
}

const char *health_note_at(const struct health *health, size_t index, enum health_state *out_state,
			   const char **out_reason)
{
	if (index >= health->note_count) {
		return NULL;
	}
	*out_state = health->notes[index].state;
	*out_reason = health->notes[index].reason;
	return health->notes[index].name;
}
