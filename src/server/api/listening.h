/*
 * listening.h - on which addresses and ports the packages of one asset listen.
 *
 * A finding is shared by all assets that have it, so it says "listens beyond the machine" only;
 * pages about one asset add where.
 */
#pragma once

#include "base/attr.h"
#include "server/inventory/view.h"
#include "server/services/vulnerability.h"

struct listening;

/* Reads what the asset says now of its listeners and of what its packages run. */
MUST_USE int listening_read(struct view *view, const char *asset_id, struct listening **out,
			    struct why *why);
void listening_free(struct listening **listening);

/* Those listeners of a package's programs that give it this exposure, in words (struct reach);
 * empty for other exposures. Borrows the room. */
#define LISTENING_ROOM 512
struct span listening_of(const struct listening *listening, struct span package,
			 enum exposure exposure, uint8_t room[LISTENING_ROOM]);
