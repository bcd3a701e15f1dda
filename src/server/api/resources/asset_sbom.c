/* asset_sbom.c - CycloneDX 1.5: what is installed, and what is known of it (VEX). */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "schema/schema.h"
#include "server/api/findings.h"
#include "server/api/fleets.h"
#include "server/api/held_rows.h"
#include "server/api/purl.h"
#include "server/inventory/numbering.h"
#include "sys/clock.h"

#define PURL_SIZE 2048
#define TEXT_SIZE 256

struct bill {
	struct call *call;
	struct emit *j;
	struct view *view;
	struct fleet *fleet;
	struct finding_asset asset;
	char os_name[TEXT_SIZE];
	char os_id[TEXT_SIZE];
	char os_version[TEXT_SIZE];
	struct numbering components; /* by what names a package: its number is its bom-ref's */
	struct finding_time *times;
	struct why why;
};

static void copy(struct span text, char *out)
{
	text = span_first(text, TEXT_SIZE - 1);
	mem_copy(out, text.ptr, text.len);
	out[text.len] = '\0';
}

static void text(struct emit *j, const char *name, const char *value)
{
	emit_key(j, name);
	emit_text(j, value);
}

static void text_if_any(struct emit *j, const char *name, struct span value)
{
	if (value.len > 0) {
		emit_key(j, name);
		emit_span(j, value);
	}
}

static void reference(struct emit *j, const char *name, uint32_t number)
{
	char ref[24];

	snprintf(ref, sizeof ref, "package-%u", number + 1);
	text(j, name, ref);
}

/* --- components --- */

static struct rowhash key_of(struct span manager, struct span name, struct span version,
			     struct span architecture, struct span path)
{
	uint8_t room[8192];
	struct writer w = writer_over(room, sizeof room);
	const struct span parts[] = { manager, name, version, architecture, path };

	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		writer_bytes(&w, parts[i]);
		writer_u8(&w, 0);
	}
	return rowhash_of(0, writer_span(&w));
}

/* False where it is listed already. */
static bool add(struct bill *b, const struct rowhash *key, uint32_t *out)
{
	if (numbering_find(&b->components, key, out)) {
		return false;
	}
	*out = numbering_add(&b->components, key);
	return true;
}

static void write_component(struct bill *b, uint32_t number, struct span name, struct span version,
			    struct span purl)
{
	emit_object(b->j);
	text(b->j, "type", "library");
	reference(b->j, "bom-ref", number);
	emit_key(b->j, "name");
	emit_span(b->j, name);
	text_if_any(b->j, "version", version);
	text_if_any(b->j, "purl", purl);
	emit_object_end(b->j);
}

static bool take_package(void *context, const struct row *row)
{
	struct bill *b = context;
	struct span name = held_text(row, PACKAGES_NAME);
	struct span version = held_text(row, PACKAGES_VERSION);
	struct rowhash key = key_of(held_text(row, PACKAGES_MANAGER), name, version,
				    held_text(row, PACKAGES_ARCHITECTURE), span_of(NULL));
	uint8_t room[PURL_SIZE];
	struct writer purl = writer_over(room, sizeof room);
	uint32_t number;

	if (span_is(held_text(row, PACKAGES_STATUS), "config-files") || !add(b, &key, &number)) {
		return true;
	}
	purl_of_package(row, span_of(b->os_id), span_of(b->os_version), &purl);
	write_component(b, number, name, version,
			writer_ok(&purl) ? writer_span(&purl) : span_of(NULL));
	return true;
}

static bool take_language(void *context, const struct row *row)
{
	struct bill *b = context;
	struct span name = held_text(row, LANGUAGE_PACKAGES_NAME);
	struct span version = held_text(row, LANGUAGE_PACKAGES_VERSION);
	struct rowhash key = key_of(vulnerability_stream_of(row), name, version, span_of(NULL),
				    held_text(row, LANGUAGE_PACKAGES_PATH));
	uint8_t room[PURL_SIZE];
	struct writer purl = writer_over(room, sizeof room);
	uint32_t number;

	if (!add(b, &key, &number)) {
		return true;
	}
	purl_of_language(row, &purl);
	write_component(b, number, name, version,
			writer_ok(&purl) ? writer_span(&purl) : span_of(NULL));
	return true;
}

/* The vendors and products of the CPE dictionary, where ours is one of them. */
static const char *cpe_product(const char *os_id)
{
	static const char *const products[][2] = {
		{ "debian", "debian:debian_linux" },
		{ "ubuntu", "canonical:ubuntu_linux" },
		{ "alpine", "alpinelinux:alpine_linux" },
		{ "rhel", "redhat:enterprise_linux" },
		{ "rocky", "rocky:linux" },
		{ "almalinux", "almalinux:almalinux" },
	};

	for (size_t i = 0; i < COUNT_OF(products); i++) {
		if (span_is(span_of(os_id), products[i][0])) {
			return products[i][1];
		}
	}
	return NULL;
}

static bool is_version(const char *version)
{
	for (const char *c = version; *c != '\0'; c++) {
		if (!((*c >= '0' && *c <= '9') || *c == '.')) {
			return false;
		}
	}
	return version[0] != '\0';
}

static void write_system(struct bill *b)
{
	const char *product = cpe_product(b->os_id);
	char cpe[2 * TEXT_SIZE];

	if (b->os_name[0] == '\0' && b->os_id[0] == '\0') {
		return;
	}
	emit_object(b->j);
	text(b->j, "type", "operating-system");
	text(b->j, "bom-ref", "operating-system");
	text(b->j, "name", b->os_id[0] != '\0' ? b->os_id : b->os_name);
	text_if_any(b->j, "version", span_of(b->os_version));
	text_if_any(b->j, "description", span_of(b->os_name));
	if (product != NULL && is_version(b->os_version)) {
		snprintf(cpe, sizeof cpe, "cpe:2.3:o:%s:%s:*:*:*:*:*:*:*", product, b->os_version);
		text(b->j, "cpe", cpe);
	}
	emit_object_end(b->j);
}

static int write_components(struct bill *b)
{
	int error;

	emit_key(b->j, "components");
	emit_array(b->j);
	write_system(b);
	error = held_rows(b->view, b->asset.id, TABLE_PACKAGES, take_package, b, &b->why);
	if (error == 0) {
		error = held_rows(b->view, b->asset.id, TABLE_LANGUAGE_PACKAGES, take_language, b,
				  &b->why);
	}
	emit_array_end(b->j);
	return error;
}

/* --- vulnerabilities --- */

static const char *rating_method(struct span vector)
{
	return span_starts_with(vector, "CVSS:4")     ? "CVSSv4"
	       : span_starts_with(vector, "CVSS:3.1") ? "CVSSv31"
	       : span_starts_with(vector, "CVSS:3")   ? "CVSSv3"
						      : "CVSSv2";
}

static void write_rating(struct emit *j, const struct knowledge_vulnerability *facts)
{
	static const char *const severities[] = { "critical", "high", "medium", "low", "none" };

	emit_key(j, "ratings");
	emit_array(j);
	emit_object(j);
	if (facts->score_tenths >= 0) {
		emit_key(j, "score");
		emit_real(j, facts->score_tenths / 10.0);
	}
	for (size_t i = 0; i < COUNT_OF(severities); i++) {
		if (span_is(facts->severity, severities[i])) {
			text(j, "severity", severities[i]);
		}
	}
	if (facts->cvss.len > 0) {
		text(j, "method", rating_method(facts->cvss));
		emit_key(j, "vector");
		emit_span(j, facts->cvss);
	}
	emit_object_end(j);
	emit_array_end(j);
}

static void write_source(struct emit *j, struct span id)
{
	char url[256];

	if (span_starts_with(id, "CVE-") && id.len < 64) {
		snprintf(url, sizeof url, "https://nvd.nist.gov/vuln/detail/%.*s", (int)id.len,
			 (const char *)id.ptr);
		emit_key(j, "source");
		emit_object(j);
		text(j, "name", "NVD");
		text(j, "url", url);
		emit_object_end(j);
	}
}

static void write_head(struct emit *j, const struct fleet_vulnerability *v)
{
	emit_key(j, "id");
	emit_span(j, v->id);
	write_source(j, v->id);
	write_rating(j, &v->facts);
	text_if_any(j, "description", v->facts.summary);
}

/* VEX's words for what was judged. */
static const char *state_of(enum judgement_status status)
{
	return status == JUDGEMENT_UNDETERMINED  ? "in_triage"
	       : status == JUDGEMENT_UNIMPORTANT ? "not_affected"
						 : "exploitable";
}

static void write_analysis(struct bill *b, const struct finding *f)
{
	int64_t accepted = fleet_acceptance_of(b->fleet, f->v, b->asset.number);
	struct emit *j = b->j;
	uint8_t room[1024];
	struct writer w = writer_over(room, sizeof room);

	/* without addresses: a bill of materials is made to be handed on */
	(void)fleet_row_priority(b->fleet, f->row, span_of(NULL), &w);
	emit_key(j, "analysis");
	emit_object(j);
	text(j, "state", state_of(f->row->status));
	if (accepted != 0 || f->row->status == JUDGEMENT_WILL_NOT_FIX ||
	    f->row->status == JUDGEMENT_IGNORED || f->row->status == JUDGEMENT_FIXABLE) {
		emit_key(j, "response");
		emit_array(j);
		emit_text(j, accepted == 0 && f->row->status == JUDGEMENT_FIXABLE ? "update"
										  : "will_not_fix");
		emit_array_end(j);
	}
	if (accepted != 0) {
		writer_text(&w, "; the risk is accepted (acceptance ");
		writer_decimal(&w, (uint64_t)accepted);
		writer_text(&w, ")");
	}
	emit_key(j, "detail");
	emit_span(j, writer_span(&w));
	emit_object_end(j);
}

static void write_affects(struct bill *b, const struct finding *f)
{
	emit_key(b->j, "affects");
	emit_array(b->j);
	for (size_t i = 0; i < f->count; i++) {
		const struct fleet_row *row = fleet_row(b->fleet, f->rows[i]);
		struct rowhash key = key_of(row->manager, row->package, row->version,
					    row->architecture, row->path);
		uint32_t number;

		if (numbering_find(&b->components, &key, &number)) {
			emit_object(b->j);
			reference(b->j, "ref", number);
			emit_object_end(b->j);
		}
	}
	emit_array_end(b->j);
}

static void write_finding(struct bill *b, const struct finding *f)
{
	emit_object(b->j);
	write_head(b->j, f->v);
	if (f->row->status == JUDGEMENT_FIXABLE) {
		char advice[512];

		snprintf(advice, sizeof advice, "Upgrade %.*s to %.*s or later.",
			 (int)span_first(f->row->package, 200).len,
			 (const char *)f->row->package.ptr,
			 (int)span_first(f->row->fixed_version, 200).len,
			 (const char *)f->row->fixed_version.ptr);
		text(b->j, "recommendation", advice);
	}
	write_analysis(b, f);
	write_affects(b, f);
	emit_object_end(b->j);
}

/* What it had once. */
static void write_resolved(struct bill *b, const struct fleet_vulnerability *v, int64_t fixed_ms)
{
	char detail[CLOCK_TEXT_SIZE + 32];
	char at[CLOCK_TEXT_SIZE];

	clock_to_text(fixed_ms, at);
	snprintf(detail, sizeof detail, "gone since %s", at);
	emit_object(b->j);
	write_head(b->j, v);
	emit_key(b->j, "analysis");
	emit_object(b->j);
	text(b->j, "state", "resolved");
	text(b->j, "detail", detail);
	emit_object_end(b->j);
	emit_object_end(b->j);
}

static void write_vulnerabilities(struct bill *b)
{
	struct findings_list list;

	emit_key(b->j, "vulnerabilities");
	emit_array(b->j);
	findings_of_asset(b->fleet, b->asset.number, &list);
	for (size_t i = 0; i < list.count; i++) {
		write_finding(b, &list.items[i]);
		b->times[list.items[i].row->vulnerability].fixed_ms = 0;
	}
	findings_list_done(&list);
	for (uint32_t at = 0; at < fleet_vulnerability_count(b->fleet); at++) {
		const struct fleet_vulnerability *v = fleet_vulnerability_at(b->fleet, at);
		uint32_t number = v->first_row != FLEET_END
					  ? fleet_row(b->fleet, v->first_row)->vulnerability
					  : FLEET_END;

		if (number != FLEET_END && b->times[number].fixed_ms != 0) {
			write_resolved(b, v, b->times[number].fixed_ms);
		}
	}
	emit_array_end(b->j);
}

/* --- the document --- */

/* A number of this asset's state: the same document for the same change (RFC 9562, version 8). */
static void write_serial(struct bill *b)
{
	char name[64];
	char hex[33];
	char serial[64];
	struct rowhash hash;

	snprintf(name, sizeof name, "%s %lld", b->asset.id, (long long)view_last_change(b->view));
	hash = rowhash_of(0, span_of(name));
	hash.bytes[6] = (uint8_t)(0x80 | (hash.bytes[6] & 0x0f));
	hash.bytes[8] = (uint8_t)(0x80 | (hash.bytes[8] & 0x3f));
	text_to_hex((struct span){ hash.bytes, 16 }, hex);
	snprintf(serial, sizeof serial, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
		 hex + 12, hex + 16, hex + 20);
	text(b->j, "serialNumber", serial);
}

static void write_metadata(struct bill *b)
{
	struct emit *j = b->j;

	emit_key(j, "metadata");
	emit_object(j);
	emit_key(j, "timestamp");
	emit_time(j, clock_wall_ms());
	emit_key(j, "tools");
	emit_object(j);
	emit_key(j, "components");
	emit_array(j);
	emit_object(j);
	text(j, "type", "application");
	text(j, "name", "bartizan");
	text(j, "version", BARTIZAN_VERSION);
	emit_object_end(j);
	emit_array_end(j);
	emit_object_end(j);
	emit_key(j, "component");
	emit_object(j);
	text(j, "type", "device");
	text(j, "bom-ref", "asset");
	text(j, "name", b->asset.name);
	text(j, "description", b->asset.id);
	emit_object_end(j);
	emit_object_end(j);
}

static bool take_os(void *context, const struct row *row)
{
	struct bill *b = context;

	copy(held_text(row, OS_NAME), b->os_name);
	copy(held_text(row, OS_ID), b->os_id);
	copy(held_text(row, OS_VERSION_ID), b->os_version);
	return false;
}

static int write(struct bill *b)
{
	int error = held_rows(b->view, b->asset.id, TABLE_OS, take_os, b, &b->why);

	if (error == 0) {
		error = finding_times_of_asset(b->fleet, b->view, b->asset.number, &b->times,
					       &b->why);
	}
	emit_object(b->j);
	text(b->j, "bomFormat", "CycloneDX");
	text(b->j, "specVersion", "1.5");
	write_serial(b);
	emit_key(b->j, "version");
	emit_integer(b->j, 1);
	write_metadata(b);
	error = error != 0 ? error : write_components(b);
	if (error == 0) {
		write_vulnerabilities(b);
	}
	emit_object_end(b->j);
	free(b->times);
	return error;
}

static void show(struct call *call, struct fleet *fleet, struct view *view)
{
	struct bill b = { .call = call, .j = &call->json, .fleet = fleet };
	int error;

	(void)view;
	if (!findings_asset(call, &b.view, &b.asset)) {
		return;
	}
	numbering_init(&b.components);
	error = write(&b);
	numbering_done(&b.components);
	if (error != 0) {
		call_fail_why(call, error, &b.why);
	} else {
		call_answer(call, 200);
	}
}

static void get(struct call *call)
{
	fleets_ask(call, show);
}

const struct resource resource_asset_sbom = {
	.path = "/api/v1/assets/{id}/sbom",
	.summary = "A bill of materials: CycloneDX 1.5 with VEX",
	.operations = { { "GET", RESOURCE_READ, "", get } },
};
