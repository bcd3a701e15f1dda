/*
 * fleets.h - each tenant's fleet (fleet.h) and what the feeds know, kept up to date.
 *
 * Whoever asks for a fleet gets it when it is up to date: at once as a rule; a call waits while a
 * large one is read or counted anew, which is done in slices of the loop's time. Without being
 * asked, a fleet follows its tenant's commits some seconds later.
 */
#pragma once

#include <stdint.h>

#include "base/attr.h"
#include "server/api/fleet.h"
#include "server/api/network.h"
#include "server/api/unjudged.h"

struct api;
struct call;
struct fleets;
struct view;

struct fleets *fleets_new(struct api *api);
void fleets_free(struct fleets **fleets);

/* Begins to read the fleets of all tenants, so that nobody has to wait for the first one. */
void fleets_prepare(struct fleets *fleets);

/* Calls then with the call's tenant's fleet and view, both up to date: at once or later; it is to
 * answer the call. Where it cannot be had the call is answered. A call that ends is forgotten. */
typedef void fleets_then(struct call *call, struct fleet *fleet, struct view *view);
void fleets_ask(struct call *call, fleets_then *then);

/* The hosts, ports and services of the call's tenant: up to date where the fleet is. */
const struct network *fleets_network(const struct call *call);

/* What of the call's tenant nobody looked at: up to date where the fleet is. */
const struct unjudged *fleets_unjudged(const struct call *call);

/* What the feeds know now; NULL: nothing yet. Valid until the loop's next turn. */
const struct knowledge *fleets_knowledge(struct fleets *fleets);

/* When the knowledge's file was built; 0: there is none. */
int64_t fleets_knowledge_built_ms(const struct fleets *fleets);

/* What the bus says: the knowledge was replaced; sensors came or went; a tenant's file has changed.
 */
void fleets_new_knowledge(struct fleets *fleets);
void fleets_sensors(struct fleets *fleets, struct span tenant);
void fleets_committed(struct fleets *fleets, struct span tenant);

/* Fleets that are there, the findings that they count, and the bytes that they take. */
struct fleets_figures {
	uint64_t fleets;
	uint64_t findings;
	uint64_t bytes;
};
struct fleets_figures fleets_figures(const struct fleets *fleets);
