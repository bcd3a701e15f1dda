/* offers.c - packages by the hash of their name. */
#include "agent/offers.h"

#include <stdlib.h>
#include <string.h>

#include "formats/apt_policy.h"
#include "formats/versions/versions.h"
#include "sys/alloc.h"

#define BUCKETS 2048
#define NONE    UINT32_MAX

struct offered {
	char *version;
	int priority;
	uint16_t list;
	bool is_pinned;
};

/* One of an archive. */
struct offering_list {
	uint64_t stamp;
	char *origin; /* NULL: there is none here */
	bool is_security;
	bool is_kept;
};

struct offered_package {
	char *name;
	char *architecture;
	struct offered *offers;
	uint32_t count;
	uint32_t next; /* of its bucket */
};

struct offers {
	struct offering_list *lists;
	uint16_t list_count;
	uint16_t list; /* the one begun last */
	int64_t read_ms;
	int64_t reread_at_ms;
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
		}
		free(o->packages[i].offers);
		free(o->packages[i].name);
		free(o->packages[i].architecture);
	}
	o->count = 0;
	for (uint32_t i = 0; i < BUCKETS; i++) {
		o->buckets[i] = NONE;
	}
	for (uint32_t i = 0; i < o->list_count; i++) {
		free(o->lists[i].origin);
	}
	o->list_count = 0;
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
		free((*offers)->lists);
		free((*offers)->native);
		free((*offers)->preferences);
		free(*offers);
		*offers = NULL;
	}
}

void offers_begin(struct offers *o, struct span preferences)
{
	clear(o);
	free(o->preferences);
	o->preferences = alloc_span(preferences);
	o->reread_at_ms = 0;
}

bool offers_has_preferences(const struct offers *o, struct span preferences)
{
	return o->preferences != NULL && span_is(preferences, o->preferences);
}

void offers_begin_lists(struct offers *o)
{
	for (uint32_t i = 0; i < o->list_count; i++) {
		o->lists[i].is_kept = false;
	}
}

bool offers_keep_list(struct offers *o, uint64_t stamp)
{
	for (uint32_t i = 0; i < o->list_count; i++) {
		if (o->lists[i].origin != NULL && o->lists[i].stamp == stamp) {
			o->lists[i].is_kept = true;
			return true;
		}
	}
	return false;
}

static bool is_dropped(const struct offers *o, const struct offered *offer)
{
	return !o->lists[offer->list].is_kept;
}

void offers_end_lists(struct offers *o)
{
	for (uint32_t i = 0; i < o->count; i++) {
		struct offered_package *package = &o->packages[i];
		uint32_t kept = 0;

		for (uint32_t k = 0; k < package->count; k++) {
			if (is_dropped(o, &package->offers[k])) {
				free(package->offers[k].version);
			} else {
				package->offers[kept++] = package->offers[k];
			}
		}
		package->count = kept;
	}
	for (uint32_t i = 0; i < o->list_count; i++) {
		if (!o->lists[i].is_kept) {
			alloc_free(&o->lists[i].origin);
		}
	}
}

bool offers_list(struct offers *o, uint64_t stamp, struct span origin, bool is_security)
{
	uint16_t i = 0;

	while (i < o->list_count && o->lists[i].origin != NULL) {
		i++;
	}
	if (i == OFFERS_LISTS_MAX) {
		return false;
	}
	if (i == o->list_count) {
		o->lists = alloc_resize(o->lists, ++o->list_count, sizeof *o->lists);
	}
	o->lists[i] = (struct offering_list){ .stamp = stamp,
					      .origin = alloc_span(origin),
					      .is_security = is_security,
					      .is_kept = true };
	o->list = i;
	return true;
}

bool offers_has_lists(const struct offers *o)
{
	return o->list_count > 0;
}

bool offers_is_reread_due(struct offers *o, int64_t now_ms)
{
	if (o->read_ms != 0 && now_ms - o->read_ms < OFFERS_REREAD_MS) {
		o->reread_at_ms = o->read_ms + OFFERS_REREAD_MS;
		return false;
	}
	o->read_ms = now_ms;
	return true;
}

int64_t offers_reread_at_ms(const struct offers *o)
{
	return o->reread_at_ms;
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

void offers_add(struct offers *o, struct span name, struct span architecture, struct span version,
		int priority, bool is_pinned)
{
	struct offered_package *package =
		find(o, name, span_is(architecture, "all") ? span_of(o->native) : architecture);

	if (package == NULL || package->count == OFFERS_VERSIONS_MAX) {
		return;
	}
	package->offers =
		alloc_resize(package->offers, package->count + 1, sizeof *package->offers);
	package->offers[package->count++] = (struct offered){ .version = alloc_span(version),
							      .priority = priority,
							      .list = o->list,
							      .is_pinned = is_pinned };
}

/* One version of all archives that have it: a pin for the package counts, else the greatest
 * priority; the name is that of a security archive where one has it. Of several the first by name,
 * so that it is the same however often lists are read. */
static struct offer united(const struct offers *o, const struct offered_package *package,
			   const struct offered *one)
{
	struct offer all = { .version = span_of(one->version),
			     .priority = one->priority,
			     .is_pinned = one->is_pinned };
	const char *origin = NULL;

	for (uint32_t i = 0; i < package->count; i++) {
		const struct offered *offer = &package->offers[i];
		const struct offering_list *list = &o->lists[offer->list];

		if (!span_is(all.version, offer->version)) {
			continue;
		}
		if (!all.is_pinned && (offer->is_pinned || offer->priority > all.priority)) {
			all.priority = offer->priority;
			all.is_pinned = offer->is_pinned;
		}
		if (origin == NULL || (list->is_security && !all.is_security) ||
		    (list->is_security == all.is_security && strcmp(list->origin, origin) < 0)) {
			origin = list->origin;
		}
		all.is_security = all.is_security || list->is_security;
	}
	all.origin = span_of(origin);
	return all;
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
		if (span_is(installed, package->offers[i].version)) {
			struct offer offer = united(o, package, &package->offers[i]);

			return offer.is_pinned || offer.priority > priority ? offer.priority
									    : priority;
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
	struct offer best = { .version = { NULL, 0 } };
	bool is_security = false;
	int priority;

	if (package == NULL) {
		return false;
	}
	priority = priority_of_installed(o, package, installed);
	for (uint32_t i = 0; i < package->count; i++) {
		struct offer offer;

		if (version_dpkg_compare(span_of(package->offers[i].version), installed) <= 0) {
			continue;
		}
		offer = united(o, package, &package->offers[i]);
		if (offer.priority <= 0) {
			continue;
		}
		is_security = is_security || offer.is_security;
		if (offer.priority > priority ||
		    (offer.priority == priority &&
		     (best.version.len == 0 ||
		      version_dpkg_compare(offer.version, best.version) > 0))) {
			best = offer;
			priority = offer.priority;
		}
	}
	if (best.version.len == 0) {
		return false;
	}
	*out = best;
	out->is_security = is_security;
	return true;
}
