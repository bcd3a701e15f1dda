/*
 * sensor.h - what is known of a sensor. A record of the store that the inventory hands on as it is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sensor and asset ids: 16 lower-case hex digits and a NUL. */
#define INVENTORY_ID_SIZE 17

struct inventory_sensor {
	char id[INVENTORY_ID_SIZE];
	char kind[16]; /* "agent" */
	char version[32];
	char address[64]; /* where it last came from, without the port */
	bool is_connected;
	bool is_revoked;
	int64_t enrolled_ms;
	int64_t last_seen_ms; /* 0: never */
	int64_t certificate_not_after_ms;
	uint8_t key_hash[32];          /* SHA-256 of its SubjectPublicKeyInfo */
	uint8_t previous_key_hash[32]; /* of the certificate before, accepted too; zero where there
					  is none */
	bool is_policed;               /* it knows policies */
	uint8_t policy[16];            /* the digest of the one in force there; zero: none */
	int64_t silent_since_ms;       /* its part that reads the machine has not moved since; 0: it
					  moves */
	uint16_t busy_table;           /* what that was reading, or 0 */
	char clone_of[INVENTORY_ID_SIZE]; /* whose copied state it enrolled with; "" */
	int64_t duplicated_ms;            /* when its key was last seen in two places; 0: never */
	char duplicates[160];             /* which two, for people */
};

/* Tags of assets: 1 to 40 of a-z 0-9 _ . - */
#define INVENTORY_TAG_SIZE 41
#define INVENTORY_TAGS_MAX 32

/* How long events are kept where nobody said otherwise, 30 days; and how many at the most. */
#define INVENTORY_EVENTS_KEEP_MS 2592000000
#define INVENTORY_EVENTS_MAX     1000000000

/* Each once, rising. */
struct inventory_tags {
	char names[INVENTORY_TAGS_MAX][INVENTORY_TAG_SIZE];
	size_t count;
};
