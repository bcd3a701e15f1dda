/*
 * inventory.h - what a tree has that a judgement needs, read with the agent's collectors.
 */
#pragma once

#include "base/attr.h"
#include "server/services/vulnerability.h"
#include "sys/buffer.h"
#include "sys/why.h"

/* Rows of one table; their texts point into bytes that are held as long. */
struct inventory_table {
	struct row *rows;
	size_t count;
	struct span *encoded; /* owned copies */
};

struct inventory {
	struct inventory_table os;
	struct inventory_table packages;
	struct inventory_table languages;
	struct inventory_table kernels;
	struct inventory_table uses;      /* of running machines, where the agent can tell */
	struct inventory_table listeners; /* of running machines */
	struct release release;           /* its stream is empty where no feed can speak of it */
};

/* root: "/" or a folder. */
MUST_USE int inventory_read(const char *root, struct inventory *out, struct why *why);
void inventory_done(struct inventory *inventory);

/* What of a package is in reach; unknown unless the machine runs. */
enum exposure inventory_exposure(const struct inventory *inventory, const struct row *package);

/* The listeners that give a package this exposure, in words (struct reach). Borrows the room. */
#define INVENTORY_LISTENERS_ROOM 512
struct span inventory_listeners(const struct inventory *inventory, const struct row *package,
				enum exposure exposure, uint8_t room[INVENTORY_LISTENERS_ROOM]);

/* The system as people call it, for a terminal or JSON: "Debian GNU/Linux 12 (bookworm)". */
struct span inventory_system(const struct inventory *inventory);
