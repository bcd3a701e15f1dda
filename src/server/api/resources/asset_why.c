/* asset_why.c - why an asset has a vulnerability, or why not: every step, with the feeds' words. */
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "schema/schema.h"
#include "server/api/coverage.h"
#include "server/api/findings.h"
#include "server/api/fleets.h"
#include "server/api/held_rows.h"
#include "server/api/listening.h"
#include "server/services/inferred.h"
#include "server/services/rules.h"
#include "sys/alloc.h"

/* Processes and listeners that are shown of a package. */
#define SHOWN_MAX 50

struct chain {
	struct call *call;
	struct emit *j;
	struct view *view;
	struct fleet *fleet;
	const struct knowledge *knowledge;
	struct finding_asset asset;
	struct coverage coverage;
	struct listening *listening;
	struct span id;
	struct knowledge_vulnerability facts;
	bool is_known; /* facts: some feed speaks of it */
	unsigned packages;
	unsigned findings;
	const char *last_rule;     /* of what was no finding */
	bool is_unjudged;          /* and nothing was compared: a banner does not do for it */
	struct inferred_host host; /* what its services say of it */
	struct why why;
};

/* --- entries --- */

struct deciding {
	struct span id;
	struct judgement judgement;
	bool is_there;
	struct inferred inferred;       /* of a scanned service */
	uint8_t texts[3][SUBJECT_ROOM]; /* of the judgement that do not outlive it */
};

static struct span keep_text(struct span text, uint8_t room[SUBJECT_ROOM])
{
	text = span_first(text, SUBJECT_ROOM);
	mem_copy(room, text.ptr, text.len);
	return (struct span){ room, text.len };
}

static bool take_judgement(void *context, const struct judgement *judgement)
{
	struct deciding *d = context;

	if (span_equal(judgement->entry.id, d->id)) {
		d->judgement = *judgement;
		d->judgement.stream = keep_text(judgement->stream, d->texts[0]);
		d->judgement.package = keep_text(judgement->package, d->texts[1]);
		d->judgement.installed = keep_text(judgement->installed, d->texts[2]);
		d->is_there = true;
	}
	return !d->is_there;
}

static void write_parts(struct chain *c, const struct judgement *judgement, struct reach reach)
{
	struct emit *j = c->j;
	uint8_t text[1024];
	struct writer w = writer_over(text, sizeof text);
	struct priority priority = vulnerability_priority(&c->facts, judgement->status, reach,
							  judgement->entry.urgency, &w);
	struct priority_parts parts = vulnerability_priority_parts(&c->facts, judgement->status,
								   reach, judgement->entry.urgency);

	emit_key(j, "priority");
	emit_object(j);
	findings_number(j, "value", priority.value);
	emit_key(j, "level");
	emit_text(j, priority.level);
	emit_key(j, "reason");
	emit_span(j, writer_span(&w));
	findings_number(j, "severity", parts.severity);
	findings_fraction(j, "probability", parts.probability, 1);
	findings_number(j, "exposure", parts.exposure);
	findings_number(j, "decision", parts.decision);
	findings_number(j, "confidence", parts.confidence);
	emit_object_end(j);
}

static void write_entry(struct chain *c, const struct judgement *judgement, bool is_deciding,
			struct reach reach)
{
	struct emit *j = c->j;
	const char *rule = is_deciding ? judgement->rule : "passed-over";
	bool is_finding = is_deciding && judgement->status < JUDGEMENT_FIXED;

	emit_object(j);
	emit_key(j, "feed");
	emit_span(j, judgement->entry.feed);
	findings_text(j, "advisory", judgement->entry.advisory);
	emit_key(j, "stream");
	emit_span(j, judgement->stream);
	emit_key(j, "feed_package");
	emit_span(j, judgement->package);
	emit_key(j, "installed");
	emit_span(j, judgement->installed);
	findings_text(j, "fixed_version", is_deciding ? judgement->fixed_version : span_of(NULL));
	emit_key(j, "status");
	emit_text(j, is_deciding ? judgement_status_name(judgement->status) : "passed-over");
	emit_key(j, "is_finding");
	emit_boolean(j, is_finding);
	emit_key(j, "rule");
	emit_text(j, rule);
	emit_key(j, "rule_says");
	emit_text(j, rule_sentence(rule));
	emit_key(j, "subject_rule");
	emit_text(j, judgement->subject_rule);
	emit_key(j, "subject_rule_says");
	emit_text(j, rule_sentence(judgement->subject_rule));
	findings_text(j, "urgency", judgement->entry.urgency);
	findings_text(j, "quote", judgement->entry.quote);
	write_parts(c, judgement, reach);
	emit_object_end(j);
	c->findings += is_finding;
	if (is_deciding && !is_finding) {
		c->last_rule = rule_sentence(rule);
		c->is_unjudged = judgement->status == JUDGEMENT_NOT_JUDGED;
	}
}

/* The one that decided, then those of the same package on the same vulnerability beside it. */
static void write_entries(struct chain *c, const struct judgement *judgement, struct reach reach)
{
	struct knowledge_entries entries =
		knowledge_package(c->knowledge, judgement->stream, judgement->package);
	struct judgement other = *judgement;

	emit_key(c->j, "entries");
	emit_array(c->j);
	write_entry(c, judgement, true, reach);
	while (knowledge_entries_next(&entries, &other.entry)) {
		if (span_equal(other.entry.id, c->id) &&
		    (other.entry.feed.ptr != judgement->entry.feed.ptr ||
		     other.entry.quote.ptr != judgement->entry.quote.ptr ||
		     other.entry.ranges_at != judgement->entry.ranges_at)) {
			write_entry(c, &other, false, reach);
		}
	}
	emit_array_end(c->j);
}

/* --- what runs and listens --- */

struct showing {
	struct emit *j;
	struct span package;
	struct span executables[SHOWN_MAX];
	char *owned[SHOWN_MAX];
	size_t count;
	unsigned shown;
};

static bool show_use(void *context, const struct row *row)
{
	struct showing *s = context;
	struct span executable = held_text(row, PACKAGE_USE_EXECUTABLE);
	bool is_new = true;

	if (!span_equal(held_text(row, PACKAGE_USE_PACKAGE), s->package) || s->shown == SHOWN_MAX) {
		return true;
	}
	s->shown++;
	emit_object(s->j);
	findings_text(s->j, "process", held_text(row, PACKAGE_USE_PROCESS));
	findings_text(s->j, "executable", executable);
	findings_text(s->j, "path", held_text(row, PACKAGE_USE_PATH));
	emit_object_end(s->j);
	for (size_t i = 0; i < s->count; i++) {
		is_new = is_new && !span_equal(s->executables[i], executable);
	}
	if (is_new && executable.len > 0) {
		s->owned[s->count] = alloc_span(executable);
		s->executables[s->count] =
			(struct span){ (const uint8_t *)s->owned[s->count], executable.len };
		s->count++;
	}
	return true;
}

static bool show_listener(void *context, const struct row *row)
{
	struct showing *s = context;
	struct span executable = held_text(row, LISTENERS_EXECUTABLE);

	for (size_t i = 0; i < s->count && s->shown < SHOWN_MAX; i++) {
		if (span_equal(s->executables[i], executable)) {
			s->shown++;
			emit_object(s->j);
			findings_text(s->j, "protocol", held_text(row, LISTENERS_PROTOCOL));
			findings_text(s->j, "address", held_text(row, LISTENERS_ADDRESS));
			findings_number(s->j, "port", row->values[LISTENERS_PORT].number);
			findings_text(s->j, "executable", executable);
			emit_object_end(s->j);
		}
	}
	return true;
}

static int write_exposure_facts(struct chain *c, struct span package)
{
	struct showing s = { .j = c->j, .package = package };
	int error;

	emit_key(c->j, "uses");
	emit_array(c->j);
	error = held_rows(c->view, c->asset.id, TABLE_PACKAGE_USE, show_use, &s, &c->why);
	emit_array_end(c->j);
	s.shown = 0;
	emit_key(c->j, "listeners");
	emit_array(c->j);
	if (error == 0 && s.count > 0) {
		error = held_rows(c->view, c->asset.id, TABLE_LISTENERS, show_listener, &s,
				  &c->why);
	}
	emit_array_end(c->j);
	for (size_t i = 0; i < s.count; i++) {
		free(s.owned[i]);
	}
	return error;
}

/* --- packages --- */

/* As the engine derived it; where there is no finding, as far as that can be told from none. */
static enum exposure exposure_in(const struct chain *c, struct span package)
{
	const struct fleet_asset *a = fleet_asset(c->fleet, c->asset.number);

	for (uint32_t i = 0; a != NULL && i < a->row_count; i++) {
		const struct fleet_row *row = fleet_row(c->fleet, a->rows[i]);

		if (span_equal(row->package, package) &&
		    span_equal(fleet_vulnerability_of(c->fleet, row)->id, c->id)) {
			return row->exposure;
		}
	}
	return EXPOSURE_UNKNOWN;
}

static void write_names(struct chain *c, const struct row *row, const struct judgement *judgement)
{
	bool is_language = row->table->number == TABLE_LANGUAGE_PACKAGES;
	struct emit *j = c->j;

	emit_key(j, "manager");
	emit_span(j, is_language ? vulnerability_stream_of(row) : held_text(row, PACKAGES_MANAGER));
	emit_key(j, "package");
	emit_span(j, held_text(row, is_language ? LANGUAGE_PACKAGES_NAME : PACKAGES_NAME));
	emit_key(j, "version");
	emit_span(j, held_text(row, is_language ? LANGUAGE_PACKAGES_VERSION : PACKAGES_VERSION));
	findings_text(j, "architecture",
		      is_language ? span_of(NULL) : held_text(row, PACKAGES_ARCHITECTURE));
	findings_text(j, "status", is_language ? span_of(NULL) : held_text(row, PACKAGES_STATUS));
	findings_text(j, "path",
		      is_language ? held_text(row, LANGUAGE_PACKAGES_PATH) : span_of(NULL));
	findings_text(j, "source", judgement->package);
	findings_text(j, "source_version", judgement->installed);
}

/* A row that some entry concerns, kept: the view may not be asked while it is read. */
struct kept {
	uint8_t *bytes;
	size_t len;
	uint16_t table;
};

struct keeping {
	struct chain *chain;
	struct kept *rows;
	size_t count;
};

static void decide(const struct chain *c, const struct row *row, struct deciding *out)
{
	out->id = c->id;
	out->is_there = false;
	if (row->table->number == TABLE_NETWORK_SERVICES) {
		if (inferred_of(row, &c->host, &out->inferred)) {
			inferred_judge(c->knowledge, &out->inferred, true, take_judgement, out);
		}
	} else if (row->table->number == TABLE_LANGUAGE_PACKAGES) {
		vulnerability_judge_language(c->knowledge, row, true, take_judgement, out);
	} else {
		vulnerability_judge_package(c->knowledge, &c->coverage.release, row, true,
					    take_judgement, out);
	}
}

#define ROW_BYTES_MAX 16384
#define KEPT_MAX      200

static bool keep_row(void *context, const struct row *row)
{
	struct keeping *k = context;
	struct deciding d;
	uint8_t *bytes;
	struct writer w;

	decide(k->chain, row, &d);
	if (!d.is_there) {
		return true;
	}
	bytes = alloc_resize(NULL, ROW_BYTES_MAX, 1);
	w = writer_over(bytes, ROW_BYTES_MAX);
	if (row_encode(row, &w) != 0 || k->count == KEPT_MAX) {
		free(bytes);
		return true;
	}
	k->rows = alloc_resize(k->rows, k->count + 1, sizeof *k->rows);
	k->rows[k->count++] = (struct kept){ bytes, writer_used(&w), row->table->number };
	return true;
}

/* A scanned service, by what its banner says. */
static void write_service(struct chain *c, const struct row *row, const struct deciding *d)
{
	const struct inferred *inferred = &d->inferred;
	struct emit *j = c->j;
	struct inferred_words words;
	struct reach reach = { .exposure = EXPOSURE_NETWORK,
			       .confidence = d->judgement.confidence };

	inferred_explain(inferred, &d->judgement, &words);
	emit_object(j);
	emit_key(j, "manager");
	emit_text(j, inferred->is_package ? "dpkg" : INFERRED_STREAM);
	emit_key(j, "package");
	emit_span(j, inferred->is_package ? span_of(inferred->banner.package)
					  : held_text(row, NETWORK_SERVICES_PRODUCT));
	emit_key(j, "version");
	emit_span(j, d->judgement.installed);
	findings_text(j, "architecture", span_of(NULL));
	findings_text(j, "status", span_of(NULL));
	findings_text(j, "path", span_of(words.place));
	findings_text(j, "source", d->judgement.package);
	findings_text(j, "source_version", d->judgement.installed);
	findings_text(j, "confidence", span_of(confidence_name(d->judgement.confidence)));
	findings_text(j, "evidence", (struct span){ words.evidence, words.evidence_len });
	emit_key(j, "exposure");
	emit_text(j, exposure_name(reach.exposure));
	emit_key(j, "uses");
	emit_array(j);
	emit_array_end(j);
	emit_key(j, "listeners");
	emit_array(j);
	emit_object(j);
	findings_text(j, "protocol", held_text(row, NETWORK_SERVICES_TRANSPORT));
	findings_text(j, "address", held_text(row, NETWORK_SERVICES_ADDRESS));
	findings_number(j, "port", row->values[NETWORK_SERVICES_PORT].number);
	findings_text(j, "executable", span_of(NULL));
	emit_object_end(j);
	emit_array_end(j);
	write_entries(c, &d->judgement, reach);
	emit_object_end(j);
}

static int write_package(struct chain *c, const struct kept *kept)
{
	struct deciding d;
	struct row row;
	struct reach reach = { .confidence = CONFIDENCE_CERTAIN };
	struct span name;
	uint8_t room[LISTENING_ROOM];
	int error = row_decode(schema_by_number(kept->table),
			       (struct span){ kept->bytes, kept->len }, &row);

	if (error != 0) {
		return why_set(&c->why, error, "a row cannot be read back");
	}
	decide(c, &row, &d);
	if (kept->table == TABLE_NETWORK_SERVICES) {
		c->packages++;
		write_service(c, &row, &d);
		return 0;
	}
	name = held_text(&row, kept->table == TABLE_LANGUAGE_PACKAGES
				       ? (unsigned)LANGUAGE_PACKAGES_NAME
				       : (unsigned)PACKAGES_NAME);
	reach.exposure = exposure_in(c, name);
	reach.at = listening_of(c->listening, name, reach.exposure, room);
	c->packages++;
	emit_object(c->j);
	write_names(c, &row, &d.judgement);
	emit_key(c->j, "exposure");
	emit_text(c->j, exposure_name(reach.exposure));
	error = write_exposure_facts(c, held_text(&row, PACKAGES_NAME));
	write_entries(c, &d.judgement, reach);
	emit_object_end(c->j);
	return error;
}

static bool note_row(void *context, const struct row *row)
{
	struct chain *c = context;

	inferred_note(row, &c->host);
	return true;
}

static bool note_any(void *context, const struct row *row)
{
	(void)row;
	*(bool *)context = true;
	return false;
}

/* What a scan found counts where no agent tells the packages. */
static int keep_services(struct keeping *k)
{
	struct chain *c = k->chain;
	const char *asset = c->asset.id;
	bool is_told = false;
	int error = held_rows(c->view, asset, TABLE_PACKAGES, note_any, &is_told, &c->why);

	if (error != 0 || is_told) {
		return error;
	}
	error = held_rows(c->view, asset, TABLE_NETWORK_SERVICES, note_row, c, &c->why);
	if (error == 0) {
		error = held_rows(c->view, asset, TABLE_SCANNED_HOSTS, note_row, c, &c->why);
	}
	return error != 0 ? error
			  : held_rows(c->view, asset, TABLE_NETWORK_SERVICES, keep_row, k, &c->why);
}

static int write_packages(struct chain *c)
{
	struct keeping k = { .chain = c };
	int error = held_rows(c->view, c->asset.id, TABLE_PACKAGES, keep_row, &k, &c->why);

	if (error == 0) {
		error = held_rows(c->view, c->asset.id, TABLE_LANGUAGE_PACKAGES, keep_row, &k,
				  &c->why);
	}
	if (error == 0) {
		error = keep_services(&k);
	}
	emit_key(c->j, "packages");
	emit_array(c->j);
	for (size_t i = 0; i < k.count; i++) {
		error = error != 0 ? error : write_package(c, &k.rows[i]);
		free(k.rows[i].bytes);
	}
	emit_array_end(c->j);
	free(k.rows);
	return error;
}

/* --- all of it --- */

static void write_conclusion(struct chain *c)
{
	uint8_t text[512];
	struct writer w = writer_over(text, sizeof text);

	if (c->findings > 0) {
		writer_text(&w, "it is affected");
	} else if (c->packages > 0) {
		writer_text(&w, c->is_unjudged ? "nobody knows: " : "it is not affected: ");
		writer_text(&w, c->last_rule != NULL ? c->last_rule : "no entry says so");
	} else if (!c->coverage.is_covered) {
		writer_text(&w, "nobody knows: ");
		writer_text(&w, c->coverage.problem);
	} else if (c->is_known) {
		writer_text(&w,
			    "it is not affected: no installed package is one that any feed names "
			    "for it");
	} else {
		writer_text(&w, "no feed knows this vulnerability");
	}
	emit_key(c->j, "conclusion");
	emit_span(c->j, writer_span(&w));
	emit_key(c->j, "is_found");
	emit_boolean(c->j, c->findings > 0);
}

static void write_head(struct chain *c)
{
	const struct fleet_vulnerability *v = fleet_vulnerability_named(c->fleet, c->id);
	struct emit *j = c->j;

	emit_key(j, "asset");
	emit_text(j, c->asset.id);
	emit_key(j, "name");
	emit_text(j, c->asset.name);
	emit_key(j, "id");
	emit_span(j, c->id);
	emit_key(j, "facts");
	if (c->is_known) {
		emit_object(j);
		findings_facts(j, &c->facts);
		findings_words(j, "references", c->facts.references);
		findings_words(j, "aliases", c->facts.aliases);
		emit_object_end(j);
	} else {
		emit_null(j);
	}
	emit_key(j, "coverage");
	emit_object(j);
	coverage_write(j, &c->coverage);
	emit_object_end(j);
	findings_text(j, "architecture", span_of(c->coverage.release.architecture));
	findings_accepted(j, v != NULL ? fleet_acceptance_of(c->fleet, v, c->asset.number) : 0);
}

static void show(struct call *call, struct fleet *fleet, struct view *view)
{
	struct chain c = {
		.call = call,
		.j = &call->json,
		.fleet = fleet,
		.knowledge = fleets_knowledge(call->api->fleets),
		.id = span_of(call->route.captures[1]),
		.facts = { .score_tenths = -1,
			   .epss_millionths = -1,
			   .epss_percentile_millionths = -1 },
	};
	int error;

	(void)view;
	if (!findings_asset(call, &c.view, &c.asset)) {
		return;
	}
	if (c.knowledge == NULL) {
		call_fail(call, 503,
			  "no feed is in force yet: 'bartizan feed update' fetches them");
		return;
	}
	c.is_known = knowledge_vulnerability(c.knowledge, c.id, &c.facts) ||
		     (knowledge_alias(c.knowledge, c.id, &c.id) &&
		      knowledge_vulnerability(c.knowledge, c.id, &c.facts));
	error = coverage_of_asset(c.view, c.asset.number, c.knowledge, &c.coverage, &c.why);
	if (error == 0) {
		error = listening_read(c.view, c.asset.id, &c.listening, &c.why);
	}
	emit_object(c.j);
	if (error == 0) {
		write_head(&c);
		error = write_packages(&c);
	}
	listening_free(&c.listening);
	if (error != 0) {
		call_fail_why(call, error, &c.why);
		return;
	}
	write_conclusion(&c);
	emit_object_end(c.j);
	call_answer(call, 200);
}

static void get(struct call *call)
{
	fleets_ask(call, show);
}

const struct resource resource_asset_why = {
	.path = "/api/v1/assets/{id}/vulnerabilities/{vulnerability}/why",
	.summary = "Why an asset has a vulnerability, or why not",
	.operations = { { "GET", RESOURCE_READ, "", get } },
};
