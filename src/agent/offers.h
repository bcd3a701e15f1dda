/*
 * offers.h - what archives offer of the packages that are installed here, and what APT would take.
 *
 * Kept between walks, because the lists it comes from are large and change once a day: some hundred
 * bytes for each installed package.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/span.h"

/* Versions of one package, each archive's by itself. What is beyond is left out. */
#define OFFERS_VERSIONS_MAX 64

/* Lists of archives. */
#define OFFERS_LISTS_MAX 512

/* All borrowed. */
struct offer {
	struct span version;
	int priority;   /* apt_preferences(5) */
	bool is_pinned; /* by a pin for this package: no archive that has it, too, changes that */
	struct span origin; /* what the archive calls itself */
	bool is_security;
};

struct offers;

struct offers *offers_new(void);
void offers_free(struct offers **offers);

/* Forgets all: the lists, and what is wanted. preferences: the pins, copied. */
void offers_begin(struct offers *offers, struct span preferences);

/* True where these are the pins that what is known was read by. */
bool offers_has_preferences(const struct offers *offers, struct span preferences);

/* Lists are gone through: those that are not kept until offers_end_lists() are forgotten, with what
 * they offer. stamp: what a list and all that it depends on looks like. offers_keep_list is false
 * where it is not known so: then it is to be read, by offers_list and then offers_add for each of
 * its packages. False where there are too many lists. */
void offers_begin_lists(struct offers *offers);
bool offers_keep_list(struct offers *offers, uint64_t stamp);
void offers_end_lists(struct offers *offers);
MUST_USE bool offers_list(struct offers *offers, uint64_t stamp, struct span origin,
			  bool is_security);
bool offers_has_lists(const struct offers *offers);

/* What packages for all architectures count as. */
void offers_native(struct offers *offers, struct span architecture);

/* A package that is installed. */
void offers_want(struct offers *offers, struct span package, struct span architecture);
bool offers_is_wanted(const struct offers *offers, struct span package, struct span architecture);

/* True where any architecture of it is wanted. */
bool offers_is_name_wanted(const struct offers *offers, struct span package);

/* The list begun last has this version; copied. Nothing where the package is not wanted. */
void offers_add(struct offers *offers, struct span package, struct span architecture,
		struct span version, int priority, bool is_pinned);

/* The version that APT would take in place of the installed one, borrowed; is_security: where any
 * newer one than the installed is of a security archive. False where the installed one stays. */
bool offers_candidate(const struct offers *offers, struct span package, struct span architecture,
		      struct span installed, struct offer *out);

/* Packages came that the lists were not read for. True where they should be read again now: that
 * costs as much as all of them, and so is done at most once in OFFERS_REREAD_MS. */
#define OFFERS_REREAD_MS 60000
bool offers_is_reread_due(struct offers *offers, int64_t now_ms);

/* When they are to be read again for that; 0: never. */
int64_t offers_reread_at_ms(const struct offers *offers);
