/* policy_json.c - jansson reads; each member is known, or refused by its name. */
#include "server/api/policy_json.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "schema/schema.h"

/* Ranges of what may be asked. A period of a day is as rare as makes sense: a table that is never
 * read is turned off. */
#define PERIOD_S_MAX   86400
#define PERMILLE_MAX   1000
#define BYTES_MAX      (INT64_C(1) << 50)
#define NUMBER_MAX     UINT32_MAX
#define DAYS_MAX       36500
#define EVENTS_MAX     (INT64_C(1) << 50)
#define RING_BYTES_MIN 65536

/* --- reading --- */

/* A member's value as a number within a range. where: "budget.cpu_permille". */
static int read_number(const json_t *value, const char *where, int64_t min, int64_t max,
		       uint64_t *out, struct why *why)
{
	if (!json_is_integer(value) || json_integer_value(value) < min ||
	    json_integer_value(value) > max) {
		return why_set(why, ERR_USAGE, "'%s' must be a whole number from %lld to %lld",
			       where, (long long)min, (long long)max);
	}
	*out = (uint64_t)json_integer_value(value);
	return 0;
}

static int read_switch(const json_t *value, const char *where, enum policy_switch *out,
		       struct why *why)
{
	if (!json_is_boolean(value)) {
		return why_set(why, ERR_USAGE, "'%s' must be true or false", where);
	}
	*out = json_is_true(value) ? POLICY_ON : POLICY_OFF;
	return 0;
}

static int need_object(const json_t *value, const char *where, struct why *why)
{
	return json_is_object(value) ? 0
				     : why_set(why, ERR_USAGE, "'%s' must be a JSON object", where);
}

static int unknown(const char *where, const char *name, const char *known, struct why *why)
{
	return why_set(why, ERR_USAGE, "'%s' has an unknown member '%.60s'; known are: %s", where,
		       name, known);
}

/* What a table or a kind of event may be told: whether, and how often. */
struct entry_spec {
	const char *where;  /* "collectors.packages" */
	const char *number; /* "period_s" */
	int64_t number_max;
	const char *known;
};

static int read_entry(json_t *value, const struct entry_spec *spec, enum policy_switch *is_on,
		      uint32_t *number, struct why *why)
{
	const char *name;
	json_t *member;
	char where[160];
	int error = need_object(value, spec->where, why);

	if (error != 0) {
		return error;
	}
	json_object_foreach(value, name, member)
	{
		uint64_t given = 0;

		snprintf(where, sizeof where, "%s.%s", spec->where, name);
		if (strcmp(name, "enabled") == 0) {
			error = read_switch(member, where, is_on, why);
		} else if (strcmp(name, spec->number) == 0) {
			error = read_number(member, where, 1, spec->number_max, &given, why);
			*number = (uint32_t)given;
		} else {
			error = unknown(spec->where, name, spec->known, why);
		}
		if (error != 0) {
			return error;
		}
	}
	return 0;
}

/* "a, b, c": those that a policy may name. */
static void list_names(const struct table *const *tables, char *out, size_t size)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; tables[i] != NULL && used < size; i++) {
		if (!tables[i]->is_derived && !tables[i]->is_of_scanner) {
			used += (size_t)snprintf(out + used, size - used, "%s%s",
						 used > 0 ? ", " : "", tables[i]->name);
		}
	}
}

static int unknown_name(const char *what, const char *name, const struct table *const *tables,
			struct why *why)
{
	char names[sizeof why->text];

	list_names(tables, names, sizeof names);
	return why_set(why, ERR_USAGE, "there is no %s '%.60s'; there are: %s", what, name, names);
}

static int read_collectors(json_t *object, struct policy *out, struct why *why)
{
	const char *name;
	json_t *value;
	int error = need_object(object, "collectors", why);

	if (error != 0) {
		return error;
	}
	json_object_foreach(object, name, value)
	{
		const struct table *table = schema_find(span_of(name));
		char where[80];
		const struct entry_spec spec = { where, "period_s", PERIOD_S_MAX,
						 "enabled, period_s" };

		if (table == NULL || table->is_derived || table->is_of_scanner) {
			return unknown_name("collector", name, schema_tables, why);
		}
		snprintf(where, sizeof where, "collectors.%s", name);
		error = read_entry(value, &spec, &out->collectors[table->number].is_on,
				   &out->collectors[table->number].period_s, why);
		if (error != 0) {
			return error;
		}
	}
	return 0;
}

static int read_events(json_t *object, struct policy *out, struct why *why)
{
	const char *name;
	json_t *value;
	int error = need_object(object, "events", why);

	if (error != 0) {
		return error;
	}
	json_object_foreach(object, name, value)
	{
		const struct table *kind = schema_event_find(span_of(name));
		char where[80];
		const struct entry_spec spec = { where, "per_minute_max", NUMBER_MAX,
						 "enabled, per_minute_max" };

		/* losses are always told of */
		if (kind == NULL || kind->number == EVENT_GAPS || kind->is_derived) {
			return unknown_name("kind of event", name, schema_events + 1, why);
		}
		snprintf(where, sizeof where, "events.%s", name);
		error = read_entry(value, &spec, &out->events[kind->number].is_on,
				   &out->events[kind->number].per_minute_max, why);
		if (error != 0) {
			return error;
		}
	}
	return 0;
}

/* Texts without control characters; paths begin with a slash. */
static bool is_good_text(struct span text, bool is_path)
{
	if (text.len == 0 || text.len > POLICY_TEXT_MAX || (is_path && text.ptr[0] != '/')) {
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7f) {
			return false;
		}
	}
	return true;
}

static int read_texts(const json_t *list, const char *where, size_t max, struct span *out,
		      size_t *out_count, struct why *why)
{
	bool is_path = strcmp(where, "files.paths") == 0;
	size_t index;
	json_t *item;

	if (!json_is_array(list) || json_array_size(list) > max) {
		return why_set(why, ERR_USAGE, "'%s' must be a list of at most %zu texts", where,
			       max);
	}
	json_array_foreach(list, index, item)
	{
		struct span text = { (const uint8_t *)json_string_value(item),
				     json_string_length(item) };

		if (!json_is_string(item) || !is_good_text(text, is_path)) {
			return why_set(why, ERR_USAGE,
				       "'%s[%zu]' must be %s of 1 to %d bytes, without control "
				       "characters",
				       where, index, is_path ? "an absolute path" : "a pattern",
				       POLICY_TEXT_MAX);
		}
		out[index] = text;
	}
	*out_count = json_array_size(list);
	return 0;
}

static int read_file_member(const char *name, const json_t *value, struct policy_files *files,
			    struct why *why)
{
	uint64_t number = 0;
	int error;

	if (strcmp(name, "defaults") == 0) {
		return read_switch(value, "files.defaults", &files->has_defaults, why);
	}
	if (strcmp(name, "paths") == 0) {
		return read_texts(value, "files.paths", POLICY_PATHS_MAX, files->paths,
				  &files->path_count, why);
	}
	if (strcmp(name, "exclude") == 0) {
		return read_texts(value, "files.exclude", POLICY_EXCLUDES_MAX, files->excludes,
				  &files->exclude_count, why);
	}
	if (strcmp(name, "files_max") == 0) {
		error = read_number(value, "files.files_max", 1, NUMBER_MAX, &number, why);
		files->files_max = (uint32_t)number;
		return error;
	}
	if (strcmp(name, "hash_bytes_max") == 0) {
		return read_number(value, "files.hash_bytes_max", 1, BYTES_MAX,
				   &files->hash_bytes_max, why);
	}
	return unknown("files", name, "defaults, paths, exclude, files_max, hash_bytes_max", why);
}

static int read_budget_member(const char *name, const json_t *value, struct policy_budget *budget,
			      struct why *why)
{
	uint64_t number = 0;
	int error;

	if (strcmp(name, "cpu_permille") == 0) {
		error = read_number(value, "budget.cpu_permille", 1, PERMILLE_MAX, &number, why);
		budget->cpu_permille = (uint32_t)number;
		return error;
	}
	if (strcmp(name, "bytes_per_day") == 0) {
		return read_number(value, "budget.bytes_per_day", 1, BYTES_MAX,
				   &budget->bytes_per_day, why);
	}
	if (strcmp(name, "ring_bytes") == 0) {
		return read_number(value, "budget.ring_bytes", RING_BYTES_MIN, BYTES_MAX,
				   &budget->ring_bytes, why);
	}
	if (strcmp(name, "io_bytes_per_s") == 0) {
		return read_number(value, "budget.io_bytes_per_s", 1, BYTES_MAX,
				   &budget->io_bytes_per_s, why);
	}
	return unknown("budget", name, "cpu_permille, bytes_per_day, ring_bytes, io_bytes_per_s",
		       why);
}

static int read_retention_member(const char *name, const json_t *value,
				 struct policy_retention *retention, struct why *why)
{
	uint64_t number = 0;
	int error;

	if (strcmp(name, "events_days") == 0) {
		error = read_number(value, "retention.events_days", 1, DAYS_MAX, &number, why);
		retention->events_days = (int64_t)number;
		return error;
	}
	if (strcmp(name, "events_max") == 0) {
		error = read_number(value, "retention.events_max", 1, EVENTS_MAX, &number, why);
		retention->events_max = (int64_t)number;
		return error;
	}
	return unknown("retention", name, "events_days, events_max", why);
}

/* One member of the document. */
static int read_member(const char *name, json_t *value, struct policy *policy,
		       struct policy_retention *retention, struct why *why)
{
	const char *inner;
	json_t *member;
	int error = 0;

	if (strcmp(name, "collectors") == 0) {
		return read_collectors(value, policy, why);
	}
	if (strcmp(name, "events") == 0) {
		return read_events(value, policy, why);
	}
	error = need_object(value, name, why);
	if (error != 0) {
		return error;
	}
	json_object_foreach(value, inner, member)
	{
		if (strcmp(name, "files") == 0) {
			error = read_file_member(inner, member, &policy->files, why);
		} else if (strcmp(name, "budget") == 0) {
			error = read_budget_member(inner, member, &policy->budget, why);
		} else {
			error = read_retention_member(inner, member, retention, why);
		}
		if (error != 0) {
			return error;
		}
	}
	return 0;
}

static bool is_known(const char *name)
{
	static const char *const members[] = { "collectors", "events", "files", "budget",
					       "retention" };

	for (size_t i = 0; i < COUNT_OF(members); i++) {
		if (strcmp(name, members[i]) == 0) {
			return true;
		}
	}
	return false;
}

int policy_json_read(void *root, bool is_default, struct policy *out,
		     struct policy_retention *out_retention, struct why *why)
{
	struct policy_retention retention = { 0 };
	struct policy policy;
	const char *name;
	json_t *value;

	policy_init(&policy);
	json_object_foreach(root, name, value)
	{
		int error;

		if (!is_known(name)) {
			return unknown("policy", name, POLICY_JSON_MEMBERS, why);
		}
		if (!is_default && strcmp(name, "retention") == 0) {
			return why_set(why, ERR_USAGE,
				       "'retention' says how long the server keeps the tenant's "
				       "events: it belongs into the policy 'default'");
		}
		error = read_member(name, value, &policy, &retention, why);
		if (error != 0) {
			return error;
		}
	}
	*out = policy;
	*out_retention = retention;
	return 0;
}

/* --- writing: what is unset is left out --- */

static void write_entry(struct emit *j, const char *name, enum policy_switch is_on,
			const char *number_name, uint32_t number)
{
	if (is_on == POLICY_INHERIT && number == 0) {
		return;
	}
	emit_key(j, name);
	emit_object(j);
	if (is_on != POLICY_INHERIT) {
		emit_key(j, "enabled");
		emit_boolean(j, is_on == POLICY_ON);
	}
	if (number != 0) {
		emit_key(j, number_name);
		emit_integer(j, number);
	}
	emit_object_end(j);
}

static void write_number(struct emit *j, const char *name, uint64_t number)
{
	if (number != 0) {
		emit_key(j, name);
		emit_integer(j, (int64_t)number);
	}
}

static void write_texts(struct emit *j, const char *name, const struct span *texts, size_t count)
{
	if (count == 0) {
		return;
	}
	emit_key(j, name);
	emit_array(j);
	for (size_t i = 0; i < count; i++) {
		emit_span(j, texts[i]);
	}
	emit_array_end(j);
}

static void write_files(struct emit *j, const struct policy_files *files)
{
	emit_key(j, "files");
	emit_object(j);
	if (files->has_defaults != POLICY_INHERIT) {
		emit_key(j, "defaults");
		emit_boolean(j, files->has_defaults == POLICY_ON);
	}
	write_texts(j, "paths", files->paths, files->path_count);
	write_texts(j, "exclude", files->excludes, files->exclude_count);
	write_number(j, "files_max", files->files_max);
	write_number(j, "hash_bytes_max", files->hash_bytes_max);
	emit_object_end(j);
}

static void write_budget(struct emit *j, const struct policy_budget *budget)
{
	emit_key(j, "budget");
	emit_object(j);
	write_number(j, "cpu_permille", budget->cpu_permille);
	write_number(j, "bytes_per_day", budget->bytes_per_day);
	write_number(j, "ring_bytes", budget->ring_bytes);
	write_number(j, "io_bytes_per_s", budget->io_bytes_per_s);
	emit_object_end(j);
}

void policy_json_write(struct emit *j, const struct policy *policy,
		       const struct policy_retention *retention)
{
	emit_object(j);
	emit_key(j, "collectors");
	emit_object(j);
	for (size_t i = 0; schema_tables[i] != NULL; i++) {
		const struct policy_collector *c = &policy->collectors[schema_tables[i]->number];

		write_entry(j, schema_tables[i]->name, c->is_on, "period_s", c->period_s);
	}
	emit_object_end(j);
	emit_key(j, "events");
	emit_object(j);
	for (size_t i = 0; schema_events[i] != NULL; i++) {
		const struct policy_event *e = &policy->events[schema_events[i]->number];

		write_entry(j, schema_events[i]->name, e->is_on, "per_minute_max",
			    e->per_minute_max);
	}
	emit_object_end(j);
	write_files(j, &policy->files);
	write_budget(j, &policy->budget);
	if (retention != NULL) {
		emit_key(j, "retention");
		emit_object(j);
		write_number(j, "events_days", (uint64_t)retention->events_days);
		write_number(j, "events_max", (uint64_t)retention->events_max);
		emit_object_end(j);
	}
	emit_object_end(j);
}
