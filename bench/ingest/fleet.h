/*
 * fleet.h - what the simulated sensors hold: machines of a few images, each with rows of its own.
 *
 * Rows are a function of image, sensor, slot and version, so that nothing but versions is kept
 * for each sensor. The rows that an image shares are encoded and hashed once.
 */
#pragma once

#include <stdint.h>

#include "base/rowhash.h"
#include "base/span.h"
#include "base/writer.h"
#include "wire/row.h"

/* Kinds of machines. One in eight packages has another version in each. */
#define FLEET_IMAGES 8

/* Rows that a sensor holds of each table: those of its image, and its own. */
#define FLEET_PACKAGES     1940
#define FLEET_OWN_PACKAGES 60
#define FLEET_SERVICES     180
#define FLEET_USERS        24

#define FLEET_TABLES 3
#define FLEET_ROWS   (FLEET_PACKAGES + FLEET_OWN_PACKAGES + FLEET_SERVICES + FLEET_USERS)

/* An image's rows of one table. Everything is the fleet's. */
struct fleet_rows {
	uint16_t table;
	size_t count;
	const struct span *rows;
	const struct rowhash *hashes; /* beside rows */
	const uint32_t *by_hash;      /* indices, in the hashes' order */
	struct digest digest;
};

struct fleet;
struct fleet *fleet_new(void);
void fleet_free(struct fleet **fleet);

/* index: 0 (packages), 1 (services), 2 (users). */
const struct fleet_rows *fleet_rows(const struct fleet *fleet, unsigned image, unsigned index);

/* The row of a hash, or an empty span. */
struct span fleet_find(const struct fleet_rows *rows, const struct rowhash *hash);

/* Writes the package in a slot of a sensor's own. Even slots are packages that other sensors come
 * to hold too in the same version, odd ones nobody else does. */
void fleet_own_package(uint32_t sensor, unsigned slot, uint32_t version, struct writer *out);
