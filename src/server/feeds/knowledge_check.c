/* knowledge_check.c - the whole file is looked at once, so that no lookup has to. */
#include "base/error.h"
#include "server/feeds/hash64.h"
#include "server/feeds/knowledge_inside.h"
#include "server/feeds/knowledge_map.h"

#include <string.h>

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

int knowledge_check(struct knowledge *k, struct why *why)
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
		size += (uint64_t)k->counts[i] * record_size((enum form_section)i);
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
