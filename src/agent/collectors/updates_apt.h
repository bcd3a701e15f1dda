/*
 * updates_apt.h - reads APT's lists into struct offers: once for each change of them.
 */
#pragma once

#include "agent/collector.h"
#include "agent/offers.h"

/* Fills offers for what is wanted there, from the lists that are not what they were. All are read
 * where pins have changed, or packages are new (offers_is_reread_due says when). wanted: adds every
 * installed package to offers; called after they are emptied. out_off: why the lists cannot be
 * read, else NULL. ERR_IO. */
MUST_USE int updates_read_apt(struct collection *c, struct offers *offers, bool has_new_packages,
			      void (*want)(void *context, struct offers *offers), void *context,
			      const char **out_off);
