/*
 * updates.c - what the package manager itself would upgrade to, by the lists that it has: those of
 * APT. apk and dnf keep theirs compressed in ways that are not read.
 */
#include <stdlib.h>

#include "agent/collectors/packages.h"
#include "agent/collectors/table.h"
#include "agent/collectors/updates_apt.h"
#include "formats/dpkg.h"
#include "schema/schema.h"
#include "sys/alloc.h"

#define INSTALLED_MAX 65536

struct installed {
	char *name;
	char *version;
	char *architecture;
};

struct updates_walk {
	struct installed *packages;
	size_t count;
	const char *native; /* the architecture that "all" counts as */
};

static void take(void *context, struct span stanzas)
{
	struct updates_walk *walk = context;
	struct dpkg_iterator it = dpkg_over(stanzas);
	struct dpkg_package package;

	while (walk->count < INSTALLED_MAX && dpkg_next(&it, &package)) {
		if (span_is(package.status, "config-files")) {
			continue;
		}
		if (walk->count % 256 == 0) {
			walk->packages = alloc_resize(walk->packages, walk->count + 256,
						      sizeof *walk->packages);
		}
		walk->packages[walk->count++] =
			(struct installed){ alloc_span(package.name), alloc_span(package.version),
					    alloc_span(package.architecture) };
	}
}

/* dpkg itself is of the native architecture. */
static void find_native(struct updates_walk *walk)
{
	walk->native = "all";
	for (size_t i = 0; i < walk->count; i++) {
		if (span_is(span_of(walk->packages[i].name), "dpkg")) {
			walk->native = walk->packages[i].architecture;
		}
	}
}

static struct span architecture_of(const struct updates_walk *walk, const struct installed *package)
{
	struct span architecture = span_of(package->architecture);

	return span_is(architecture, "all") ? span_of(walk->native) : architecture;
}

static void want(void *context, struct offers *offers)
{
	const struct updates_walk *walk = context;

	offers_native(offers, span_of(walk->native));
	for (size_t i = 0; i < walk->count; i++) {
		offers_want(offers, span_of(walk->packages[i].name),
			    architecture_of(walk, &walk->packages[i]));
	}
}

static bool has_new_packages(const struct updates_walk *walk, const struct offers *offers)
{
	for (size_t i = 0; i < walk->count; i++) {
		if (!offers_is_wanted(offers, span_of(walk->packages[i].name),
				      architecture_of(walk, &walk->packages[i]))) {
			return true;
		}
	}
	return false;
}

static void emit(struct collection *c, const struct updates_walk *walk,
		 const struct installed *package)
{
	struct span name = span_of(package->name);
	struct span installed = span_of(package->version);
	struct offer offer;
	struct row *row;

	if (!offers_candidate(c->machine->offers, name, architecture_of(walk, package), installed,
			      &offer)) {
		return;
	}
	row = collection_row(c);
	row_set_text(row, UPDATES_MANAGER, span_of("dpkg"));
	row_set_text(row, UPDATES_PACKAGE, name);
	row_set_text(row, UPDATES_ARCHITECTURE, span_of(package->architecture));
	row_set_text(row, UPDATES_INSTALLED, installed);
	row_set_text(row, UPDATES_CANDIDATE, offer.version);
	row_set_boolean(row, UPDATES_IS_SECURITY, offer.is_security);
	row_set_text_if_any(row, UPDATES_ORIGIN, offer.origin);
	collection_emit(c);
}

static bool has_other_manager(struct tree *tree)
{
	static const char *const databases[] = { "/lib/apk/db/installed",
						 "/usr/lib/apk/db/installed" };
	struct tree_entry entry;

	for (size_t i = 0; i < COUNT_OF(databases); i++) {
		if (tree_look(tree, databases[i], &entry, NULL) == 0) {
			return true;
		}
	}
	return packages_has_rpm(tree);
}

static int collect_apt(struct collection *c, struct updates_walk *walk)
{
	struct offers *offers = c->machine->offers;
	const char *off;
	int error;

	find_native(walk);
	error = updates_read_apt(c, offers, has_new_packages(walk, offers), want, walk, &off);
	if (off != NULL) {
		collection_off(c, off);
		return 0;
	}
	for (size_t i = 0; error == 0 && i < walk->count; i++) {
		emit(c, walk, &walk->packages[i]);
	}
	return error;
}

static int updates_collect(struct collection *c)
{
	struct updates_walk walk = { .count = 0 };
	int error = packages_read_dpkg(c, take, &walk);

	if (error == 0 && walk.count > 0) {
		error = collect_apt(c, &walk);
	} else if (error == 0 && has_other_manager(c->machine->tree)) {
		collection_off(c, "the lists of apk and dnf are compressed and not read");
	}
	for (size_t i = 0; i < walk.count; i++) {
		free(walk.packages[i].name);
		free(walk.packages[i].version);
		free(walk.packages[i].architecture);
	}
	free(walk.packages);
	return error;
}

const struct collector collector_updates = {
	.name = "updates",
	.summary = "newer versions in APT's lists",
	.table = TABLE_UPDATES,
	.collect = updates_collect,
};
