/* offers.c - packages by the hash of their name. */
#include "agent/offers.h"

#include <stdlib.h>

#include "formats/apt_policy.h"
#include "formats/versions/versions.h"
#include "sys/alloc.h"

#define BUCKETS 2048
#define NONE    UINT32_MAX

struct offered {
	char *version;
	char *origin;
	int priority;
	bool is_pinned;
	bool is_security;
};

struct offered_package {
	char *name;
	char *architecture;
	struct offered *offers;
	uint32_t count;
	uint32_t next; /* of its bucket */
};

struct offers {
	uint64_t stamp;
	char *native;
	char *preferences;
	struct offered_package *packages;
	uint32_t count;
	uint32_t capacity;
	uint32_t buckets[BUCKETS];
};

static void clear(struct offers *o)
{
	for (uint32_t i = 0; i < o->count; i++) {
		for (uint32_t k = 0; k < o->packages[i].count; k++) {
			free(o->packages[i].offers[k].version);
			free(o->packages[i].offers[k].origin);
		}
		free(o->packages[i].offers);
		free(o->packages[i].name);
		free(o->packages[i].architecture);
	}
	o->count = 0;
	for (uint32_t i = 0; i < BUCKETS; i++) {
		o->buckets[i] = NONE;
	}
}

struct offers *offers_new(void)
{
	struct offers *o = alloc_zeroed(1, sizeof *o);

	clear(o);
	return o;
}

void offers_free(struct offers **offers)
{
	if (*offers != NULL) {
		clear(*offers);
		free((*offers)->packages);
		free((*offers)->native);
		free((*offers)->preferences);
		free(*offers);
		*offers = NULL;
	}
}

void offers_begin(struct offers *o, uint64_t stamp, struct span preferences)
{
	clear(o);
	free(o->preferences);
	o->preferences = alloc_span(preferences);
	o->stamp = stamp;
}

uint64_t offers_stamp(const struct offers *o)
{
	return o->stamp;
}

void offers_native(struct offers *o, struct span architecture)
{
	free(o->native);
	o->native = alloc_span(architecture);
}

static uint32_t bucket_of(struct span name)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < name.len; i++) {
		hash = (hash ^ name.ptr[i]) * 16777619u;
	}
	return hash % BUCKETS;
}

/* architecture.len 0: any. */
static struct offered_package *find(const struct offers *o, struct span name,
				    struct span architecture)
{
	uint32_t i = o->buckets[bucket_of(name)];

	while (i != NONE &&
	       (!span_is(name, o->packages[i].name) ||
		(architecture.len > 0 && !span_is(architecture, o->packages[i].architecture)))) {
		i = o->packages[i].next;
	}
	return i != NONE ? &o->packages[i] : NULL;
}

void offers_want(struct offers *o, struct span name, struct span architecture)
{
	uint32_t bucket = bucket_of(name);

	if (find(o, name, architecture) != NULL) {
		return;
	}
	if (o->count == o->capacity) {
		o->capacity = o->capacity == 0 ? 256 : 2 * o->capacity;
		o->packages = alloc_resize(o->packages, o->capacity, sizeof *o->packages);
	}
	o->packages[o->count] = (struct offered_package){ .name = alloc_span(name),
							  .architecture = alloc_span(architecture),
							  .next = o->buckets[bucket] };
	o->buckets[bucket] = o->count++;
}

bool offers_is_wanted(const struct offers *o, struct span name, struct span architecture)
{
	return find(o, name, architecture) != NULL;
}

bool offers_is_name_wanted(const struct offers *o, struct span name)
{
	return find(o, name, (struct span){ NULL, 0 }) != NULL;
}

/* The same version of several archives: a pin for the package counts, else the greatest priority;
 * and the name of a security archive. */
static bool unite(struct offered_package *package, const struct offer *offer)
{
	for (uint32_t i = 0; i < package->count; i++) {
		struct offered *known = &package->offers[i];

		if (!span_is(offer->version, known->version)) {
			continue;
		}
		if (!known->is_pinned && (offer->is_pinned || offer->priority > known->priority)) {
			known->priority = offer->priority;
			known->is_pinned = offer->is_pinned;
		}
		if (offer->is_security && !known->is_security) {
			known->is_security = true;
			free(known->origin);
			known->origin = alloc_span(offer->origin);
		}
		return true;
	}
	return false;
}

void offers_add(struct offers *o, struct span name, struct span architecture,
		const struct offer *offer)
{
	struct offered_package *package =
		find(o, name, span_is(architecture, "all") ? span_of(o->native) : architecture);

	if (package == NULL || unite(package, offer) || package->count == OFFERS_VERSIONS_MAX) {
		return;
	}
	package->offers =
		alloc_resize(package->offers, package->count + 1, sizeof *package->offers);
	package->offers[package->count++] = (struct offered){ .version = alloc_span(offer->version),
							      .origin = alloc_span(offer->origin),
							      .priority = offer->priority,
							      .is_pinned = offer->is_pinned,
							      .is_security = offer->is_security };
}

/* What keeps the installed version: a pin, else the archives that still have it. */
static int priority_of_installed(const struct offers *o, const struct offered_package *package,
				 struct span installed)
{
	const struct apt_release nowhere = { .is_not_automatic = false };
	struct apt_priority pin = apt_policy_priority(span_of(o->preferences), &nowhere,
						      span_of(package->name), installed);
	int priority = APT_PRIORITY_INSTALLED;

	if (pin.is_pinned) {
		return pin.value;
	}
	for (uint32_t i = 0; i < package->count; i++) {
		const struct offered *offer = &package->offers[i];

		if (span_is(installed, offer->version) &&
		    (offer->is_pinned || offer->priority > priority)) {
			priority = offer->priority;
		}
	}
	return priority;
}

/* As pkgPolicy::GetCandidateVer of APT: of the installed version and what is newer, the greatest
 * priority, and then the greatest version. */
bool offers_candidate(const struct offers *o, struct span name, struct span architecture,
		      struct span installed, struct offer *out)
{
	const struct offered_package *package = find(o, name, architecture);
	const struct offered *best = NULL;
	bool is_security = false;
	int priority;

	if (package == NULL) {
		return false;
	}
	priority = priority_of_installed(o, package, installed);
	for (uint32_t i = 0; i < package->count; i++) {
		const struct offered *offer = &package->offers[i];

		if (offer->priority <= 0 ||
		    version_dpkg_compare(span_of(offer->version), installed) <= 0) {
			continue;
		}
		is_security = is_security || offer->is_security;
		if (offer->priority > priority ||
		    (offer->priority == priority &&
		     (best == NULL ||
		      version_dpkg_compare(span_of(offer->version), span_of(best->version)) > 0))) {
			best = offer;
			priority = offer->priority;
		}
	}
	if (best == NULL) {
		return false;
	}
	*out = (struct offer){ .version = span_of(best->version),
			       .priority = best->priority,
			       .origin = span_of(best->origin),
			       .is_security = is_security };
	return true;
}
