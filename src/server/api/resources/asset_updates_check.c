/* asset_updates_check.c - security updates that are missing: by the feeds, and by the package
 * manager's own lists. Two sources that know nothing of each other. */
#include <stdlib.h>

#include "base/error.h"
#include "formats/versions/versions.h"
#include "schema/schema.h"
#include "server/api/coverage.h"
#include "server/api/findings.h"
#include "server/api/fleets.h"
#include "server/api/held_rows.h"
#include "sys/alloc.h"

/* A package that either of the two speaks of; texts are owned where they come from a row. */
struct item {
	struct span package;
	struct span architecture;
	struct span installed;
	struct span fixed_version; /* empty: the feeds know of nothing */
	struct span candidate;     /* empty: the manager knows of nothing */
	struct span origin;
	char *owned[5];
	bool is_of_manager; /* it names a security update, or a candidate past the fix */
};

struct check {
	struct call *call;
	struct fleet *fleet;
	struct view *view;
	struct finding_asset asset;
	struct item *items;
	size_t count;
	size_t capacity;
	bool is_told;
	uint32_t sums[3]; /* both, only_feed, only_manager */
	struct why why;
};

static int compare_versions(struct span manager, struct span a, struct span b)
{
	const struct version_scheme *scheme = version_scheme_named(manager);

	return scheme != NULL ? scheme->compare(a, b) : span_compare(a, b);
}

static struct item *find(struct check *c, struct span package, struct span architecture)
{
	for (size_t i = 0; i < c->count; i++) {
		if (span_equal(c->items[i].package, package) &&
		    span_equal(c->items[i].architecture, architecture)) {
			return &c->items[i];
		}
	}
	return NULL;
}

static struct item *add(struct check *c)
{
	if (c->count == c->capacity) {
		c->capacity = 2 * c->capacity + 64;
		c->items = alloc_resize(c->items, c->capacity, sizeof *c->items);
	}
	c->items[c->count] = (struct item){ .package = { NULL, 0 } };
	return &c->items[c->count++];
}

/* What the feeds say. Only of packages that a package manager upgrades. */
static void take_findings(struct check *c)
{
	const struct fleet_asset *a = fleet_asset(c->fleet, c->asset.number);

	for (uint32_t i = 0; a != NULL && i < a->row_count; i++) {
		const struct fleet_row *row = fleet_row(c->fleet, a->rows[i]);
		struct item *item;

		if (row->status != JUDGEMENT_FIXABLE || row->path.len > 0) {
			continue;
		}
		item = find(c, row->package, row->architecture);
		if (item == NULL) {
			item = add(c);
			item->package = row->package;
			item->architecture = row->architecture;
			item->installed = row->version;
		}
		if (item->fixed_version.len == 0 ||
		    compare_versions(row->manager, item->fixed_version, row->fixed_version) < 0) {
			item->fixed_version = row->fixed_version;
		}
	}
}

static struct span own(struct item *item, unsigned slot, struct span text)
{
	item->owned[slot] = alloc_span(text);
	return (struct span){ (const uint8_t *)item->owned[slot], text.len };
}

/* What the manager says: a security update, or any that goes past a fix. Candidates are versions of
 * the binary, fixes of the source: as a rule they are the same, and where they are not, a security
 * update is named as such. */
static bool take_update(void *context, const struct row *row)
{
	struct check *c = context;
	struct span candidate = held_text(row, UPDATES_CANDIDATE);
	struct item *item =
		find(c, held_text(row, UPDATES_PACKAGE), held_text(row, UPDATES_ARCHITECTURE));
	bool is_security = row->values[UPDATES_IS_SECURITY].number != 0;
	bool is_past = item != NULL && item->fixed_version.len > 0 &&
		       compare_versions(held_text(row, UPDATES_MANAGER), candidate,
					item->fixed_version) >= 0;

	c->is_told = true;
	if (item == NULL && !is_security) {
		return true;
	}
	if (item == NULL) {
		item = add(c);
		item->package = own(item, 0, held_text(row, UPDATES_PACKAGE));
		item->architecture = own(item, 1, held_text(row, UPDATES_ARCHITECTURE));
		item->installed = own(item, 2, held_text(row, UPDATES_INSTALLED));
	}
	item->candidate = own(item, 3, candidate);
	item->origin = own(item, 4, held_text(row, UPDATES_ORIGIN));
	item->is_of_manager = is_security || is_past;
	return true;
}

static void write_vulnerabilities(const struct check *c, const struct item *item)
{
	const struct fleet_asset *a = fleet_asset(c->fleet, c->asset.number);
	struct emit *j = &c->call->json;

	emit_key(j, "vulnerabilities");
	emit_array(j);
	for (uint32_t i = 0; a != NULL && i < a->row_count; i++) {
		const struct fleet_row *row = fleet_row(c->fleet, a->rows[i]);

		if (row->status == JUDGEMENT_FIXABLE && row->path.len == 0 &&
		    span_equal(row->package, item->package) &&
		    span_equal(row->architecture, item->architecture)) {
			emit_span(j, fleet_vulnerability_of(c->fleet, row)->id);
		}
	}
	emit_array_end(j);
}

static void write_item(struct check *c, const struct item *item)
{
	struct emit *j = &c->call->json;
	bool is_of_feed = item->fixed_version.len > 0;

	c->sums[is_of_feed && item->is_of_manager ? 0 : is_of_feed ? 1 : 2]++;
	emit_object(j);
	emit_key(j, "package");
	emit_span(j, item->package);
	emit_key(j, "architecture");
	emit_span(j, item->architecture);
	emit_key(j, "said_by");
	emit_text(j, is_of_feed && item->is_of_manager ? "both" : is_of_feed ? "feed" : "manager");
	emit_key(j, "installed");
	emit_span(j, item->installed);
	findings_text(j, "fixed_version", item->fixed_version);
	findings_text(j, "candidate", item->candidate);
	findings_text(j, "origin", item->origin);
	write_vulnerabilities(c, item);
	emit_object_end(j);
}

static int by_package(const void *a, const void *b)
{
	const struct item *x = a;
	const struct item *y = b;
	int order = span_compare(x->package, y->package);

	return order != 0 ? order : span_compare(x->architecture, y->architecture);
}

static int answer(struct check *c)
{
	struct emit *j = &c->call->json;
	struct coverage coverage;
	int error = coverage_of_asset(c->view, c->asset.number,
				      fleets_knowledge(c->call->api->fleets), &coverage, &c->why);

	take_findings(c);
	if (error == 0) {
		error = held_rows(c->view, c->asset.id, TABLE_UPDATES, take_update, c, &c->why);
	}
	if (error != 0) {
		return error;
	}
	emit_object(j);
	emit_key(j, "asset");
	emit_text(j, c->asset.id);
	emit_key(j, "name");
	emit_text(j, c->asset.name);
	emit_key(j, "coverage");
	emit_object(j);
	coverage_write(j, &coverage);
	emit_object_end(j);
	emit_key(j, "is_told");
	emit_boolean(j, c->is_told);
	emit_key(j, "items");
	emit_array(j);
	if (c->count > 0) {
		qsort(c->items, c->count, sizeof *c->items, by_package);
	}
	for (size_t i = 0; i < c->count; i++) {
		write_item(c, &c->items[i]);
	}
	emit_array_end(j);
	findings_number(j, "both", c->sums[0]);
	findings_number(j, "only_feed", c->sums[1]);
	findings_number(j, "only_manager", c->sums[2]);
	emit_object_end(j);
	return 0;
}

static void show(struct call *call, struct fleet *fleet, struct view *view)
{
	struct check c = { .call = call, .fleet = fleet };
	int error;

	(void)view;
	if (!findings_asset(call, &c.view, &c.asset)) {
		return;
	}
	error = answer(&c);
	for (size_t i = 0; i < c.count; i++) {
		for (size_t slot = 0; slot < COUNT_OF(c.items[i].owned); slot++) {
			free(c.items[i].owned[slot]);
		}
	}
	free(c.items);
	if (error != 0) {
		call_fail_why(call, error, &c.why);
	} else {
		call_answer(call, 200);
	}
}

static void get(struct call *call)
{
	fleets_ask(call, show);
}

const struct resource resource_asset_updates_check = {
	.path = "/api/v1/assets/{id}/updates-check",
	.summary = "Missing security updates: the feeds beside the package manager's own lists",
	.operations = { { "GET", RESOURCE_READ, "", get } },
};
