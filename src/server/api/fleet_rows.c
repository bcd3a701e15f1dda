/* fleet_rows.c - the distinct findings, their texts kept once, and how urgent each is. */
#include "base/mem.h"
#include "schema/schema.h"
#include "server/api/fleet_inside.h"
#include "sys/alloc.h"
#include "sys/clock.h"

#define TEXT_BLOCK_BYTES (256u << 10)

/* --- texts --- */

/* Equal texts are kept once. */
static struct span intern(struct fleet *f, const struct row *row, unsigned column)
{
	const struct value *value = &row->values[column];
	struct rowhash key;
	uint32_t number;

	if (value->kind != VALUE_TEXT || value->text.len == 0) {
		return (struct span){ NULL, 0 };
	}
	key = rowhash_of(0, value->text);
	if (!numbering_find(&f->names, &key, &number)) {
		f->text_of = fleet_room(f->text_of, f->names.count, &f->text_capacity,
					sizeof *f->text_of);
		number = numbering_add(&f->names, &key);
		f->text_of[number] = text_blocks_keep(&f->texts, TEXT_BLOCK_BYTES, value->text);
	}
	return f->text_of[number];
}

/* --- rows --- */

static enum judgement_status status_named(struct span name)
{
	for (int i = 0; i <= JUDGEMENT_NOT_JUDGED; i++) {
		if (span_is(name, judgement_status_name((enum judgement_status)i))) {
			return (enum judgement_status)i;
		}
	}
	return JUDGEMENT_UNDETERMINED;
}

static enum exposure exposure_named(struct span name)
{
	for (int i = 0; i <= EXPOSURE_NETWORK; i++) {
		if (span_is(name, exposure_name((enum exposure)i))) {
			return (enum exposure)i;
		}
	}
	return EXPOSURE_UNKNOWN;
}

static enum confidence confidence_named(struct span name)
{
	for (int i = 0; i <= CONFIDENCE_POSSIBLE; i++) {
		if (span_is(name, confidence_name((enum confidence)i))) {
			return (enum confidence)i;
		}
	}
	return CONFIDENCE_POSSIBLE;
}

static void know(struct fleet *f, struct fleet_vulnerability *v)
{
	if (f->knowledge == NULL || !knowledge_vulnerability(f->knowledge, v->id, &v->facts)) {
		v->facts = (struct knowledge_vulnerability){ .score_tenths = -1,
							     .epss_millionths = -1,
							     .epss_percentile_millionths = -1 };
	}
}

void fleet_note_accepted(const struct fleet *f, struct fleet_vulnerability *v)
{
	v->is_accepted = false;
	for (size_t i = 0; i < f->acceptance_count && !v->is_accepted; i++) {
		v->is_accepted = span_is(v->id, f->acceptances[i].id);
	}
}

static uint32_t vulnerability_number(struct fleet *f, struct span id)
{
	struct rowhash key = rowhash_of(0, id);
	size_t capacity = f->vulnerability_capacity;
	uint32_t number;

	if (numbering_find(&f->ids, &key, &number)) {
		return number;
	}
	f->vulnerabilities = fleet_room(f->vulnerabilities, f->ids.count,
					&f->vulnerability_capacity, sizeof *f->vulnerabilities);
	if (capacity != f->vulnerability_capacity) {
		f->marks = alloc_resize(f->marks, f->vulnerability_capacity, sizeof *f->marks);
	}
	number = numbering_add(&f->ids, &key);
	f->marks[number] = (struct mark){ 0, 0 };
	f->vulnerabilities[number] =
		(struct fleet_vulnerability){ .id = id, .first_row = FLEET_END };
	know(f, &f->vulnerabilities[number]);
	fleet_note_accepted(f, &f->vulnerabilities[number]);
	return number;
}

static uint32_t group_number(struct fleet *f, const struct fleet_group *group)
{
	uint8_t name[1024];
	struct writer w = writer_over(name, sizeof name);
	struct rowhash key;
	size_t capacity = f->group_capacity;
	uint32_t number;

	writer_bytes(&w, group->manager);
	writer_u8(&w, 0);
	writer_bytes(&w, group->release);
	writer_u8(&w, 0);
	writer_bytes(&w, group->source);
	key = rowhash_of(0, writer_span(&w));
	if (numbering_find(&f->group_names, &key, &number)) {
		return number;
	}
	f->groups =
		fleet_room(f->groups, f->group_names.count, &f->group_capacity, sizeof *f->groups);
	if (capacity != f->group_capacity) {
		f->group_stamps =
			alloc_resize(f->group_stamps, f->group_capacity, sizeof *f->group_stamps);
	}
	number = numbering_add(&f->group_names, &key);
	f->groups[number] = *group;
	f->groups[number].first_row = FLEET_END;
	f->group_stamps[number] = 0;
	return number;
}

static void rank(const struct fleet *f, struct fleet_row *row)
{
	uint8_t text[512];
	struct writer reason = writer_over(text, sizeof text);
	struct priority priority = vulnerability_priority(
		&f->vulnerabilities[row->vulnerability].facts, row->status,
		(struct reach){ .exposure = row->exposure, .confidence = row->confidence },
		row->urgency, &reason);

	row->priority = (uint8_t)priority.value;
	row->level = FLEET_NONE;
	(void)fleet_level_named(span_of(priority.level), &row->level);
}

/* Looks at the clock now and then. */
#define STEPS_BETWEEN_LOOKS 64
static bool is_late(struct fleet *f)
{
	f->steps = (f->steps + 1) % STEPS_BETWEEN_LOOKS;
	return f->steps == 0 && clock_us() >= f->deadline_us;
}

bool fleet_take_row(void *context, uint32_t number, const struct row *values)
{
	struct fleet *f = context;
	struct span source = intern(f, values, VULNERABILITIES_SOURCE);
	struct fleet_row *row;
	struct fleet_group group = {
		.manager = intern(f, values, VULNERABILITIES_MANAGER),
		.release = intern(f, values, VULNERABILITIES_RELEASE),
		.source = source.len > 0 ? source : intern(f, values, VULNERABILITIES_PACKAGE),
	};

	if (number != f->row_count) {
		return false;
	}
	f->rows = fleet_room(f->rows, f->row_count, &f->row_capacity, sizeof *f->rows);
	row = &f->rows[f->row_count++];
	*row = (struct fleet_row){
		.vulnerability = vulnerability_number(f, intern(f, values, VULNERABILITIES_ID)),
		.group = group_number(f, &group),
		.manager = group.manager,
		.package = intern(f, values, VULNERABILITIES_PACKAGE),
		.version = intern(f, values, VULNERABILITIES_VERSION),
		.architecture = intern(f, values, VULNERABILITIES_ARCHITECTURE),
		.source_version = intern(f, values, VULNERABILITIES_SOURCE_VERSION),
		.feed = intern(f, values, VULNERABILITIES_FEED),
		.path = intern(f, values, VULNERABILITIES_PATH),
		.fixed_version = intern(f, values, VULNERABILITIES_FIXED_VERSION),
		.urgency = intern(f, values, VULNERABILITIES_URGENCY),
		.status = status_named(intern(f, values, VULNERABILITIES_STATUS)),
		.exposure = exposure_named(intern(f, values, VULNERABILITIES_EXPOSURE)),
		.evidence = intern(f, values, VULNERABILITIES_EVIDENCE),
		.confidence = confidence_named(intern(f, values, VULNERABILITIES_CONFIDENCE)),
	};
	rank(f, row);
	row->next = f->vulnerabilities[row->vulnerability].first_row;
	f->vulnerabilities[row->vulnerability].first_row = number;
	row->next_of_group = f->groups[row->group].first_row;
	f->groups[row->group].first_row = number;
	f->is_sorted = false;
	return !is_late(f);
}

void fleet_follow_knowledge(struct fleet *f, const struct knowledge *knowledge)
{
	f->knowledge = knowledge;
	for (uint32_t i = 0; i < f->ids.count; i++) {
		know(f, &f->vulnerabilities[i]);
	}
	for (uint32_t i = 0; i < f->row_count; i++) {
		rank(f, &f->rows[i]);
	}
}
