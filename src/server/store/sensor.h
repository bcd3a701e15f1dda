/*
 * sensor.h - what is known of a sensor. A record of the store that the inventory hands on as it is.
 */
#pragma once

#include <stdbool.h>
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
};
