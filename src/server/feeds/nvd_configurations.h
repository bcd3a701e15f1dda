/*
 * nvd_configurations.h - of a CVE's configurations in NVD, what a program's own word about itself
 * can be held against.
 *
 *   "configurations": [ { "operator": "AND", "nodes": [ { "operator": "OR", "negate": false,
 *     "cpeMatch": [ { "vulnerable": true, "criteria": "cpe:2.3:a:...",
 *                     "versionStartIncluding": "8.5", "versionEndExcluding": "9.8" }, ...
 *
 * Only applications (part a) with a version or a range of versions: no banner names the rest.
 */
#pragma once

#include "formats/json.h"
#include "server/feeds/feed.h"

/* The stream of products by their names in CPE. */
#define NVD_STREAM "cpe"

/* Criteria of one CVE that can be judged; one with more is counted as odd. */
#define NVD_MATCHES_MAX 16384

/* Room for them, used for one CVE after the other. */
struct nvd_matches {
	struct nvd_match *items;
	size_t count;
	size_t capacity;
};
void nvd_matches_done(struct nvd_matches *matches);

/* Hands a CVE's records on; j is before the value of "configurations". *out_kept: how many. 0, or
 * an error where the index is full. */
MUST_USE int nvd_take_configurations(struct feed_input *in, struct json *j, struct span id,
				     struct nvd_matches *matches, size_t *out_kept);
