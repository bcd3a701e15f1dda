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

#include "base/span.h"

/* Versions of one package. What is beyond is left out. */
#define OFFERS_VERSIONS_MAX 32

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

/* Forgets all. stamp: what the lists looked like that are read now; preferences: the pins, copied.
 */
void offers_begin(struct offers *offers, uint64_t stamp, struct span preferences);
uint64_t offers_stamp(const struct offers *offers);

/* What packages for all architectures count as. */
void offers_native(struct offers *offers, struct span architecture);

/* A package that is installed. */
void offers_want(struct offers *offers, struct span package, struct span architecture);
bool offers_is_wanted(const struct offers *offers, struct span package, struct span architecture);

/* True where any architecture of it is wanted. */
bool offers_is_name_wanted(const struct offers *offers, struct span package);

/* An archive has this version; copied. Nothing where the package is not wanted. */
void offers_add(struct offers *offers, struct span package, struct span architecture,
		const struct offer *offer);

/* The version that APT would take in place of the installed one, borrowed; is_security: where any
 * newer one than the installed is of a security archive. False where the installed one stays. */
bool offers_candidate(const struct offers *offers, struct span package, struct span architecture,
		      struct span installed, struct offer *out);
