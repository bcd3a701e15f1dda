/* knowledge.c - checks the whole file once, then searches sorted sections by halving. */
#include "server/feeds/knowledge.h"

#include "base/error.h"
#include "base/text.h"
#include "formats/cvss.h"
#include "server/feeds/hash64.h"
#include "server/feeds/knowledge_form.h"
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

struct knowledge {
	struct span bytes;
	bool is_mapped;
	uint64_t generation;
	const uint8_t *sections[FORM_SECTIONS];
	uint32_t counts[FORM_SECTIONS];
};

static const uint8_t record_sizes[FORM_SECTIONS] = {
	[FORM_STREAMS] = FORM_STREAM_SIZE,
	[FORM_PLACES] = FORM_PLACE_SIZE,
	[FORM_ENTRIES] = FORM_ENTRY_SIZE,
	[FORM_VULNERABILITIES] = FORM_VULNERABILITY_SIZE,
	[FORM_INVERSE] = FORM_WORD_SIZE,
	[FORM_LISTS] = FORM_WORD_SIZE,
	[FORM_STRINGS] = 1,
};

/* --- reading what has been checked; the one place with arithmetic on the mapping --- */

static uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t le64(const uint8_t *p)
{
	return le32(p) | (uint64_t)le32(p + 4) << 32;
}

static const uint8_t *record(const struct knowledge *k, enum form_section section, uint32_t index)
{
	return k->sections[section] + (size_t)index * record_sizes[section];
}

static struct span string_at(const struct knowledge *k, uint32_t at)
{
	const uint8_t *p = k->sections[FORM_STRINGS] + at;

	return (struct span){ p + 2, le16(p) };
}

static struct span string_of(const struct knowledge *k, const uint8_t *at)
{
	return string_at(k, le32(at));
}

/* Of the lists: the top bit is none of the offset, whether it means something there or not. */
static struct span string_of_word(const struct knowledge *k, const uint8_t *at)
{
	return string_at(k, le32(at) & ~FORM_LAST_AFFECTED);
}

/* What a record's "first" begins ends at the next record's, or with the section. */
static uint32_t end_of(const struct knowledge *k, enum form_section section, uint32_t index,
		       size_t offset, uint32_t end)
{
	return index + 1 < k->counts[section] ? le32(record(k, section, index + 1) + offset) : end;
}

static uint32_t places_end(const struct knowledge *k, uint32_t stream)
{
	return end_of(k, FORM_STREAMS, stream, 4, k->counts[FORM_PLACES]);
}

static uint32_t entries_end(const struct knowledge *k, uint32_t place)
{
	return end_of(k, FORM_PLACES, place, 8, k->counts[FORM_ENTRIES]);
}

static uint32_t inverse_end(const struct knowledge *k, uint32_t vulnerability)
{
	return end_of(k, FORM_VULNERABILITIES, vulnerability, FORM_VULN_INVERSE,
		      k->counts[FORM_INVERSE]);
}

/* --- checking --- */

static bool is_string(const struct knowledge *k, uint32_t at)
{
	size_t size = k->counts[FORM_STRINGS];

	return at <= size && size - at >= 2 &&
	       size - at - 2 >= le16(k->sections[FORM_STRINGS] + at);
}

static bool are_strings(const struct knowledge *k, const uint8_t *at, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_string(k, le32(at + 4 * i))) {
			return false;
		}
	}
	return true;
}

/* Names rise within [first, end), so that halving finds them. */
static bool is_sorted(const struct knowledge *k, enum form_section section, uint32_t first,
		      uint32_t end)
{
	for (uint32_t i = first; i + 1 < end; i++) {
		if (span_compare(string_of(k, record(k, section, i)),
				 string_of(k, record(k, section, i + 1))) >= 0) {
			return false;
		}
	}
	return true;
}

/* A column of "first" begins at 0, never falls and stays within what it points into. */
static bool is_rising(const struct knowledge *k, enum form_section section, size_t offset,
		      enum form_section into)
{
	uint32_t before = 0;

	for (uint32_t i = 0; i < k->counts[section]; i++) {
		uint32_t first = le32(record(k, section, i) + offset);

		if (first < before || first > k->counts[into] || (i == 0 && first != 0)) {
			return false;
		}
		before = first;
	}
	return k->counts[section] > 0 || k->counts[into] == 0;
}

static bool check_places(const struct knowledge *k)
{
	if (!is_rising(k, FORM_STREAMS, 4, FORM_PLACES) ||
	    !is_rising(k, FORM_PLACES, 8, FORM_ENTRIES)) {
		return false;
	}
	for (uint32_t i = 0; i < k->counts[FORM_STREAMS]; i++) {
		if (!are_strings(k, record(k, FORM_STREAMS, i), 1)) {
			return false;
		}
	}
	for (uint32_t i = 0; i < k->counts[FORM_PLACES]; i++) {
		if (!are_strings(k, record(k, FORM_PLACES, i), 1)) {
			return false;
		}
	}
	for (uint32_t i = 0; i < k->counts[FORM_STREAMS]; i++) {
		uint32_t first = le32(record(k, FORM_STREAMS, i) + 4);

		if (!is_sorted(k, FORM_PLACES, first, places_end(k, i))) {
			return false;
		}
		for (uint32_t j = first; j < places_end(k, i); j++) {
			if (le32(record(k, FORM_PLACES, j) + 4) != i) {
				return false;
			}
		}
	}
	return is_sorted(k, FORM_STREAMS, 0, k->counts[FORM_STREAMS]);
}

static bool is_list(const struct knowledge *k, uint32_t at, size_t words)
{
	return at <= k->counts[FORM_LISTS] && words <= k->counts[FORM_LISTS] - at;
}

static bool check_entries(const struct knowledge *k)
{
	for (uint32_t i = 0; i < k->counts[FORM_ENTRIES]; i++) {
		const uint8_t *e = record(k, FORM_ENTRIES, i);

		if (le32(e) >= k->counts[FORM_VULNERABILITIES] ||
		    !are_strings(k, e + FORM_ENTRY_ADVISORY, 2) ||
		    !are_strings(k, e + FORM_ENTRY_URGENCY, 1) ||
		    !is_string(k, le16(e + FORM_ENTRY_FEED)) ||
		    e[FORM_ENTRY_STATUS] > KNOWLEDGE_UNDETERMINED ||
		    !is_list(k, le32(e + FORM_ENTRY_RANGES),
			     2 * (size_t)le16(e + FORM_ENTRY_RANGE_COUNT)) ||
		    !is_list(k, le32(e + FORM_ENTRY_VERSIONS),
			     le16(e + FORM_ENTRY_VERSION_COUNT))) {
			return false;
		}
	}
	for (uint32_t i = 0; i < k->counts[FORM_LISTS]; i++) {
		if (!is_string(k, le32(record(k, FORM_LISTS, i)) & ~FORM_LAST_AFFECTED)) {
			return false;
		}
	}
	return true;
}

static bool check_vulnerabilities(const struct knowledge *k)
{
	for (uint32_t i = 0; i < k->counts[FORM_VULNERABILITIES]; i++) {
		const uint8_t *v = record(k, FORM_VULNERABILITIES, i);

		if (!are_strings(k, v, FORM_VULN_EPSS / 4) ||
		    le32(v + FORM_VULN_EPSS) > INT32_MAX ||
		    le32(v + FORM_VULN_PERCENTILE) > INT32_MAX) {
			return false;
		}
	}
	for (uint32_t i = 0; i < k->counts[FORM_INVERSE]; i++) {
		if (le32(record(k, FORM_INVERSE, i)) >= k->counts[FORM_PLACES]) {
			return false;
		}
	}
	return is_sorted(k, FORM_VULNERABILITIES, 0, k->counts[FORM_VULNERABILITIES]) &&
	       is_rising(k, FORM_VULNERABILITIES, FORM_VULN_INVERSE, FORM_INVERSE);
}

static uint64_t checksum_of(struct span bytes)
{
	uint8_t header[FORM_HEADER_SIZE];
	struct span rest = span_after(bytes, FORM_HEADER_SIZE);
	uint64_t checksum = 0;
	struct span block;

	do { /* as the writer: the last block may be empty only where all are */
		block = span_first(rest, FORM_BLOCK_SIZE);
		checksum = hash64_mix(checksum, hash64(0, block));
		rest = span_after(rest, block.len);
	} while (block.len == FORM_BLOCK_SIZE);
	memcpy(header, bytes.ptr, sizeof header);
	memset(header + FORM_AT_CHECKSUM, 0, 8);
	return hash64_mix(checksum, hash64(0, (struct span){ header, sizeof header }));
}

static int check(struct knowledge *k, struct why *why)
{
	const uint8_t *header = k->bytes.ptr;
	uint64_t size = FORM_HEADER_SIZE;

	if (k->bytes.len < FORM_HEADER_SIZE ||
	    !span_starts_with(span_first(k->bytes, FORM_AT_VERSION), FORM_MAGIC)) {
		return why_set(why, ERR_MALFORMED, "it is no index of feeds");
	}
	if (le32(header + FORM_AT_VERSION) != FORM_VERSION) {
		return why_set(why, ERR_UNSUPPORTED, "it is of another version: build it anew");
	}
	for (size_t i = 0; i < FORM_SECTIONS; i++) {
		k->counts[i] = le32(header + FORM_AT_COUNTS + 4 * i);
		k->sections[i] = header + size;
		size += (uint64_t)k->counts[i] * record_sizes[i];
		if (size > k->bytes.len) {
			break;
		}
	}
	if (size != k->bytes.len || le64(header + FORM_AT_BYTES) != size) {
		return why_set(why, ERR_MALFORMED, "it has %llu bytes, but its sections need %llu",
			       (unsigned long long)k->bytes.len, (unsigned long long)size);
	}
	if (le64(header + FORM_AT_CHECKSUM) != checksum_of(k->bytes)) {
		return why_set(why, ERR_MALFORMED, "its checksum is off");
	}
	if (!is_string(k, 0) || !check_places(k) || !check_entries(k) ||
	    !check_vulnerabilities(k)) {
		return why_set(why, ERR_MALFORMED, "its sections contradict each other");
	}
	k->generation = le64(header + FORM_AT_GENERATION);
	return 0;
}

void knowledge_seal(uint8_t *bytes, size_t size)
{
	uint64_t checksum = size < FORM_HEADER_SIZE ? 0 : checksum_of((struct span){ bytes, size });

	for (size_t i = 0; size >= FORM_HEADER_SIZE && i < 8; i++) {
		bytes[FORM_AT_CHECKSUM + i] = (uint8_t)(checksum >> (8 * i));
	}
}

/* --- opening --- */

static int open_bytes(struct span bytes, bool is_mapped, struct knowledge **out, struct why *why)
{
	struct knowledge *k = alloc_zeroed(1, sizeof *k);
	int error;

	k->bytes = bytes;
	error = check(k, why);
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
	uint32_t fixed = le32(words + FORM_WORD_SIZE);

	return (struct knowledge_range){
		.introduced = string_of_word(knowledge, words),
		.fixed = string_of_word(knowledge, words + FORM_WORD_SIZE),
		.is_last_affected = (fixed & FORM_LAST_AFFECTED) != 0,
	};
}

struct span knowledge_version(const struct knowledge *knowledge,
			      const struct knowledge_entry *entry, uint32_t index)
{
	return string_of_word(knowledge, record(knowledge, FORM_LISTS, entry->versions_at + index));
}

static bool find_vulnerability(const struct knowledge *k, struct span id, uint32_t *out)
{
	*out = find(k, FORM_VULNERABILITIES, 0, k->counts[FORM_VULNERABILITIES], id);
	return *out < k->counts[FORM_VULNERABILITIES];
}

bool knowledge_vulnerability(const struct knowledge *knowledge, struct span id,
			     struct knowledge_vulnerability *out)
{
	const struct knowledge *k = knowledge;
	const uint8_t *v;
	uint32_t at;

	if (!find_vulnerability(k, id, &at)) {
		return false;
	}
	v = record(k, FORM_VULNERABILITIES, at);
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
	return true;
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

/* --- who is concerned --- */

static bool tell_place(const struct knowledge *k, uint32_t place, knowledge_place *each,
		       void *context)
{
	const uint8_t *p = record(k, FORM_PLACES, place);

	return each(context, string_of(k, record(k, FORM_STREAMS, le32(p + 4))), string_of(k, p));
}

void knowledge_places(const struct knowledge *knowledge, struct span id, knowledge_place *each,
		      void *context)
{
	uint32_t at;

	if (!find_vulnerability(knowledge, id, &at)) {
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

/* Two sorted sections, side by side. */
struct walk {
	const struct knowledge *knowledge;
	uint32_t next;
	uint32_t count;
};

static struct walk walk_over(const struct knowledge *k, enum form_section section)
{
	return (struct walk){ k, 0, k == NULL ? 0 : k->counts[section] };
}

static int compare_places(const struct walk *a, const struct walk *b)
{
	const uint8_t *x;
	const uint8_t *y;
	int order;

	if (a->next == a->count || b->next == b->count) {
		return a->next < a->count ? -1 : 1;
	}
	x = record(a->knowledge, FORM_PLACES, a->next);
	y = record(b->knowledge, FORM_PLACES, b->next);
	order = span_compare(
		string_of(a->knowledge, record(a->knowledge, FORM_STREAMS, le32(x + 4))),
		string_of(b->knowledge, record(b->knowledge, FORM_STREAMS, le32(y + 4))));
	return order != 0 ? order
			  : span_compare(string_of(a->knowledge, x), string_of(b->knowledge, y));
}

void knowledge_changed_places(const struct knowledge *older, const struct knowledge *newer,
			      knowledge_place *each, void *context)
{
	struct walk a = walk_over(older, FORM_PLACES);
	struct walk b = walk_over(newer, FORM_PLACES);

	while (a.next < a.count || b.next < b.count) {
		int order = compare_places(&a, &b);
		bool is_changed =
			order != 0 || le64(record(a.knowledge, FORM_PLACES, a.next) + 16) !=
					      le64(record(b.knowledge, FORM_PLACES, b.next) + 16);
		const struct walk *told = order < 0 ? &a : &b;

		if (is_changed && !tell_place(told->knowledge, told->next, each, context)) {
			return;
		}
		a.next += order <= 0;
		b.next += order >= 0;
	}
}

static int compare_vulnerabilities(const struct walk *a, const struct walk *b)
{
	if (a->next == a->count || b->next == b->count) {
		return a->next < a->count ? -1 : 1;
	}
	return span_compare(
		string_of(a->knowledge, record(a->knowledge, FORM_VULNERABILITIES, a->next)),
		string_of(b->knowledge, record(b->knowledge, FORM_VULNERABILITIES, b->next)));
}

void knowledge_changed_vulnerabilities(const struct knowledge *older, const struct knowledge *newer,
				       knowledge_id *each, void *context)
{
	struct walk a = walk_over(older, FORM_VULNERABILITIES);
	struct walk b = walk_over(newer, FORM_VULNERABILITIES);

	while (a.next < a.count || b.next < b.count) {
		int order = compare_vulnerabilities(&a, &b);
		const struct walk *told = order < 0 ? &a : &b;
		const uint8_t *v = record(told->knowledge, FORM_VULNERABILITIES, told->next);
		bool is_changed =
			order != 0 || le64(record(a.knowledge, FORM_VULNERABILITIES, a.next) +
					   FORM_VULN_HASH) != le64(v + FORM_VULN_HASH);

		if (is_changed && !each(context, string_of(told->knowledge, v))) {
			return;
		}
		a.next += order <= 0;
		b.next += order >= 0;
	}
}
