/* knowledge.c - opens the index, and searches its sorted sections by halving. */
#include "server/feeds/knowledge.h"

#include "base/error.h"
#include "base/text.h"
#include "formats/cvss.h"
#include "server/feeds/knowledge_inside.h"
#include "server/feeds/knowledge_map.h"
#include "server/feeds/limits.h"
#include "sys/alloc.h"
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- opening --- */

static int open_bytes(struct span bytes, bool is_mapped, struct knowledge **out, struct why *why)
{
	struct knowledge *k = alloc_zeroed(1, sizeof *k);
	int error;

	k->bytes = bytes;
	error = knowledge_check(k, why);
	if (error != 0) {
		free(k);
		return error;
	}
	k->is_mapped = is_mapped;
	*out = k;
	return 0;
}

int knowledge_open_bytes(struct span bytes, struct knowledge **out, struct why *why)
{
	return open_bytes(bytes, false, out, why);
}

int knowledge_open_fd(int fd, struct knowledge **out, struct why *why)
{
	struct stat about;
	void *at;
	int error;

	if (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode)) {
		return why_set(why, ERR_IO, "it is not a file");
	}
	if (about.st_size < FORM_HEADER_SIZE || (uint64_t)about.st_size > KNOWLEDGE_FILE_MAX) {
		return why_set(why, ERR_MALFORMED, "it is no index of feeds: %lld bytes",
			       (long long)about.st_size);
	}
	at = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		return why_set(why, ERR_IO, "it cannot be mapped: %s", strerror(errno));
	}
	error = open_bytes((struct span){ at, (size_t)about.st_size }, true, out, why);
	if (error != 0) {
		(void)munmap(at, (size_t)about.st_size);
	}
	return error;
}

int knowledge_open(const char *path, struct knowledge **out, struct why *why)
{
	OWNED(file_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct why reason;
	int error;

	if (fd < 0) {
		error = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
		return why_set(why, error, "%.300s: %s", path, strerror(errno));
	}
	error = knowledge_open_fd(fd, out, &reason);
	return error == 0 ? 0 : why_set(why, error, "%.200s: %.250s", path, reason.text);
}

void knowledge_close(struct knowledge **knowledge)
{
	struct knowledge *k = *knowledge;

	if (k == NULL) {
		return;
	}
	if (k->is_mapped) {
		(void)munmap((void *)(uintptr_t)k->bytes.ptr, k->bytes.len);
	}
	free(k);
	*knowledge = NULL;
}

uint64_t knowledge_generation(const struct knowledge *knowledge)
{
	return knowledge->generation;
}

struct knowledge_figures knowledge_figures(const struct knowledge *k)
{
	return (struct knowledge_figures){
		.streams = k->counts[FORM_STREAMS],
		.packages = k->counts[FORM_PLACES],
		.entries = k->counts[FORM_ENTRIES],
		.vulnerabilities = k->counts[FORM_VULNERABILITIES],
		.bytes = k->bytes.len,
	};
}

/* --- searching --- */

/* The record of [first, end) that bears the name, or end. */
static uint32_t find(const struct knowledge *k, enum form_section section, uint32_t first,
		     uint32_t end, struct span name)
{
	uint32_t low = first;
	uint32_t high = end;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = span_compare(name, string_of(k, record(k, section, middle)));

		if (order == 0) {
			return middle;
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return end;
}

static bool find_stream(const struct knowledge *k, struct span name, uint32_t *out)
{
	*out = find(k, FORM_STREAMS, 0, k->counts[FORM_STREAMS], name);
	return *out < k->counts[FORM_STREAMS];
}

bool knowledge_has_stream(const struct knowledge *knowledge, struct span stream)
{
	uint32_t at;

	return find_stream(knowledge, stream, &at);
}

static bool find_place(const struct knowledge *k, struct span stream, struct span package,
		       uint32_t *out)
{
	uint32_t at;

	if (!find_stream(k, stream, &at)) {
		return false;
	}
	*out = find(k, FORM_PLACES, le32(record(k, FORM_STREAMS, at) + 4), places_end(k, at),
		    package);
	return *out < places_end(k, at);
}

struct knowledge_entries knowledge_package(const struct knowledge *knowledge, struct span stream,
					   struct span package)
{
	struct knowledge_entries entries = { .knowledge = knowledge };
	uint32_t place;

	if (find_place(knowledge, stream, package, &place)) {
		entries.next = le32(record(knowledge, FORM_PLACES, place) + 8);
		entries.end = entries_end(knowledge, place);
	}
	return entries;
}

bool knowledge_entries_next(struct knowledge_entries *entries, struct knowledge_entry *out)
{
	const struct knowledge *k = entries->knowledge;
	const uint8_t *e;

	if (entries->next >= entries->end) {
		return false;
	}
	e = record(k, FORM_ENTRIES, entries->next++);
	*out = (struct knowledge_entry){
		.id = string_of(k, record(k, FORM_VULNERABILITIES, le32(e))),
		.advisory = string_of(k, e + FORM_ENTRY_ADVISORY),
		.status = e[FORM_ENTRY_STATUS],
		.flags = e[FORM_ENTRY_FLAGS],
		.urgency = string_of(k, e + FORM_ENTRY_URGENCY),
		.feed = string_at(k, le16(e + FORM_ENTRY_FEED)),
		.quote = string_of(k, e + FORM_ENTRY_QUOTE),
		.range_count = le16(e + FORM_ENTRY_RANGE_COUNT),
		.version_count = le16(e + FORM_ENTRY_VERSION_COUNT),
		.ranges_at = le32(e + FORM_ENTRY_RANGES),
		.versions_at = le32(e + FORM_ENTRY_VERSIONS),
	};
	return true;
}

struct knowledge_range knowledge_range(const struct knowledge *knowledge,
				       const struct knowledge_entry *entry, uint32_t index)
{
	const uint8_t *words = record(knowledge, FORM_LISTS, entry->ranges_at + 2 * index);
	uint32_t introduced = le32(words);
	uint32_t fixed = le32(words + FORM_WORD_SIZE);

	return (struct knowledge_range){
		.introduced = string_of_word(knowledge, words),
		.fixed = string_of_word(knowledge, words + FORM_WORD_SIZE),
		.is_last_affected = (fixed & FORM_LAST_AFFECTED) != 0,
		.is_introduced_after = (introduced & FORM_INTRODUCED_AFTER) != 0,
	};
}

struct span knowledge_version(const struct knowledge *knowledge,
			      const struct knowledge_entry *entry, uint32_t index)
{
	return string_of_word(knowledge, record(knowledge, FORM_LISTS, entry->versions_at + index));
}

bool knowledge_vulnerability_number(const struct knowledge *k, struct span id, uint32_t *out)
{
	*out = find(k, FORM_VULNERABILITIES, 0, k->counts[FORM_VULNERABILITIES], id);
	return *out < k->counts[FORM_VULNERABILITIES];
}

bool knowledge_vulnerability(const struct knowledge *knowledge, struct span id,
			     struct knowledge_vulnerability *out)
{
	uint32_t number;

	if (!knowledge_vulnerability_number(knowledge, id, &number)) {
		return false;
	}
	knowledge_vulnerability_at(knowledge, number, out);
	return true;
}

void knowledge_vulnerability_at(const struct knowledge *knowledge, uint32_t number,
				struct knowledge_vulnerability *out)
{
	const struct knowledge *k = knowledge;
	const uint8_t *v = record(k, FORM_VULNERABILITIES, number);

	*out = (struct knowledge_vulnerability){
		.id = string_of(k, v),
		.summary = string_of(k, v + FORM_VULN_SUMMARY),
		.cvss = string_of(k, v + FORM_VULN_CVSS),
		.score_tenths = (int)le16(v + FORM_VULN_SCORE) - 1,
		.severity = string_of(k, v + FORM_VULN_SEVERITY),
		.published = string_of(k, v + FORM_VULN_PUBLISHED),
		.is_exploited = (v[FORM_VULN_FLAGS] & 1) != 0,
		.is_ransomware = (v[FORM_VULN_FLAGS] & 2) != 0,
		.kev_added = string_of(k, v + FORM_VULN_KEV_ADDED),
		.kev_due = string_of(k, v + FORM_VULN_KEV_DUE),
		.epss_millionths = (int)le32(v + FORM_VULN_EPSS) - 1,
		.epss_percentile_millionths = (int)le32(v + FORM_VULN_PERCENTILE) - 1,
		.aliases = string_of(k, v + FORM_VULN_ALIASES),
		.references = string_of(k, v + FORM_VULN_REFERENCES),
	};
	if (out->score_tenths >= 0) {
		out->severity = span_of(cvss_severity(out->score_tenths));
	}
}

bool knowledge_alias(const struct knowledge *knowledge, struct span alias, struct span *out_id)
{
	const struct knowledge *k = knowledge;

	for (uint32_t i = 0; i < k->counts[FORM_VULNERABILITIES]; i++) {
		const uint8_t *v = record(k, FORM_VULNERABILITIES, i);

		if (text_has_word(string_of(k, v + FORM_VULN_ALIASES), alias)) {
			*out_id = string_of(k, v);
			return true;
		}
	}
	return false;
}

void knowledge_advisory(const struct knowledge *knowledge, struct span advisory, knowledge_id *each,
			void *context)
{
	const struct knowledge *k = knowledge;

	for (uint32_t i = 0; advisory.len > 0 && i < k->counts[FORM_ENTRIES]; i++) {
		const uint8_t *e = record(k, FORM_ENTRIES, i);

		if (span_equal(string_of(k, e + FORM_ENTRY_ADVISORY), advisory) &&
		    !each(context, string_of(k, record(k, FORM_VULNERABILITIES, le32(e))))) {
			return;
		}
	}
}

/* --- who is concerned --- */

void knowledge_places(const struct knowledge *knowledge, struct span id, knowledge_place *each,
		      void *context)
{
	uint32_t at;

	if (!knowledge_vulnerability_number(knowledge, id, &at)) {
		return;
	}
	for (uint32_t i = le32(record(knowledge, FORM_VULNERABILITIES, at) + FORM_VULN_INVERSE);
	     i < inverse_end(knowledge, at); i++) {
		if (!tell_place(knowledge, le32(record(knowledge, FORM_INVERSE, i)), each,
				context)) {
			return;
		}
	}
}
