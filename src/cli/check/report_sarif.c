/*
 * report_sarif.c - SARIF 2.1.0 (OASIS): a rule a vulnerability, a result a finding.
 *
 * Whoever shows it takes Markdown for what it is: texts go out as plain text only.
 */
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "cli/check/report.h"
#include "cli/output.h"

#define SCHEMA_ADDRESS                                                                             \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"                      \
	"sarif-schema-2.1.0.json"
#define MESSAGE_SIZE 4096

static const char *text_in(const json_t *finding, const char *name)
{
	const char *text = json_string_value(json_object_get(finding, name));

	return text != NULL ? text : "";
}

/* Code scanners order by this number, 0.0 to 10.0. */
static json_t *security_severity(const json_t *finding)
{
	char text[16];

	snprintf(text, sizeof text, "%.1f",
		 (double)json_integer_value(json_object_get(finding, "priority")) / 10);
	return json_string(text);
}

/* Addresses of feeds are strangers' texts; only the schemes of the web go out. */
static const char *help_of(const json_t *finding)
{
	const json_t *references = json_object_get(finding, "references");
	size_t i;
	json_t *reference;

	json_array_foreach(references, i, reference)
	{
		const char *text = json_string_value(reference);

		if (text != NULL && strncmp(text, "https://", 8) == 0 &&
		    strpbrk(text, " \"<>\\^`{|}\n\r\t") == NULL) {
			return text;
		}
	}
	return NULL;
}

static json_t *rule_of(const json_t *finding)
{
	const char *summary = text_in(finding, "summary");
	const char *help = help_of(finding);
	json_t *rule = json_pack("{s:s, s:{s:s}, s:{s:o, s:[s, s]}}", "id", text_in(finding, "id"),
				 "shortDescription", "text",
				 summary[0] != '\0' ? summary : text_in(finding, "id"),
				 "properties", "security-severity", security_severity(finding),
				 "tags", "security", "vulnerability");

	if (help != NULL) {
		json_object_set_new(rule, "helpUri", json_string(help));
	}
	return rule;
}

static const char *level_of(const json_t *finding)
{
	int level = findings_level(text_in(finding, "level"));

	return level >= findings_level("high")     ? "error"
	       : level == findings_level("medium") ? "warning"
						   : "note";
}

static json_t *message_of(const json_t *finding)
{
	char *text = malloc(MESSAGE_SIZE);
	const char *fixed = text_in(finding, "fixed_version");
	const char *fix = text_in(finding, "fix");
	struct writer w;
	json_t *message;

	if (text == NULL) {
		abort();
	}
	w = writer_over((uint8_t *)text, MESSAGE_SIZE);
	writer_text(&w, text_in(finding, "package"));
	writer_text(&w, " ");
	writer_text(&w, text_in(finding, "version"));
	writer_text(&w, " has ");
	writer_text(&w, text_in(finding, "id"));
	writer_text(&w, " (");
	writer_text(&w, text_in(finding, "status"));
	writer_text(&w, "): ");
	writer_text(&w, text_in(finding, "reason"));
	if (fixed[0] != '\0') {
		writer_text(&w, ". Fixed in ");
		writer_text(&w, fixed);
	}
	if (fix[0] != '\0') {
		writer_text(&w, ". ");
		writer_text(&w, fix);
	}
	message = json_stringn((const char *)text, writer_used(&w));
	free(text);
	/* a text that was cut within a character is none */
	return message != NULL ? message : json_string(text_in(finding, "id"));
}

/* Relative to the tree, percent-encoded as a URI's path must be (RFC 3986). */
static json_t *place_of(const json_t *finding)
{
	static const char hex[] = "0123456789ABCDEF";
	const char *path = text_in(finding, "path");
	const char *manager = text_in(finding, "manager");
	uint8_t room[3 * 4096];
	struct writer w = writer_over(room, sizeof room);

	if (path[0] == '\0') {
		path = strcmp(manager, "dpkg") == 0  ? "/var/lib/dpkg/status"
		       : strcmp(manager, "apk") == 0 ? "/lib/apk/db/installed"
						     : "/var/lib/rpm/rpmdb.sqlite";
	}
	for (path += path[0] == '/'; *path != '\0'; path++) {
		uint8_t c = (uint8_t)*path;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("/-._~@+", c) != NULL) {
			writer_u8(&w, c);
		} else {
			writer_u8(&w, '%');
			writer_u8(&w, (uint8_t)hex[c >> 4]);
			writer_u8(&w, (uint8_t)hex[c & 15]);
		}
	}
	return json_stringn((const char *)room, writer_used(&w));
}

/* The same finding has the same print in every run, whatever its priority becomes. */
static json_t *print_of(const json_t *finding)
{
	static const char *const members[] = { "id", "manager", "package", "architecture", "path" };
	uint8_t room[MESSAGE_SIZE];
	struct writer w = writer_over(room, sizeof room);
	uint8_t sum[16];
	char hex[2 * sizeof sum + 1];
	struct rowhash hash;

	for (size_t i = 0; i < COUNT_OF(members); i++) {
		writer_text(&w, text_in(finding, members[i]));
		writer_u8(&w, '\n');
	}
	hash = rowhash_of(TABLE_VULNERABILITIES, writer_span(&w));
	memcpy(sum, hash.bytes, sizeof sum);
	for (size_t i = 0; i < sizeof sum; i++) {
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	}
	return json_string(hex);
}

static json_t *result_of(const json_t *finding, size_t rule)
{
	return json_pack("{s:s, s:I, s:s, s:{s:o}, s:[{s:{s:{s:o, s:s}}}], s:{s:o}, s:O}", "ruleId",
			 text_in(finding, "id"), "ruleIndex", (json_int_t)rule, "level",
			 level_of(finding), "message", "text", message_of(finding), "locations",
			 "physicalLocation", "artifactLocation", "uri", place_of(finding),
			 "uriBaseId", "ROOT", "partialFingerprints", "finding/v1",
			 print_of(finding), "properties", finding);
}

void report_sarif(const struct report *report, FILE *to)
{
	json_t *rules = json_array();
	json_t *results = json_array();
	json_t *indices = json_object(); /* id -> index of its rule */
	json_t *document;
	size_t i;
	json_t *finding;

	json_array_foreach(report->findings->list, i, finding)
	{
		const char *id = text_in(finding, "id");
		const json_t *index = json_object_get(indices, id);
		size_t at =
			index != NULL ? (size_t)json_integer_value(index) : json_array_size(rules);

		if (index == NULL) {
			json_object_set_new(indices, id, json_integer((json_int_t)at));
			json_array_append_new(rules, rule_of(finding));
		}
		json_array_append_new(results, result_of(finding, at));
	}
	document = json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:{s:{s:{s:s}}}, s:o}]}",
			     "$schema", SCHEMA_ADDRESS, "version", "2.1.0", "runs", "tool",
			     "driver", "name", "bartizan", "version", BARTIZAN_VERSION, "rules",
			     rules, "columnKind", "unicodeCodePoints", "originalUriBaseIds", "ROOT",
			     "description", "text", "the root of the tree that was judged",
			     "results", results);
	output_json(document, to);
	json_decref(document);
	json_decref(indices);
}
