/*
 * served_listeners.h - where the servers listen whose configurations name certificates: what the
 * walk over listeners found, for the walk over certificates.
 *
 * Kept so that a new listener makes the certificates be read anew only where it is one of these.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* What is beyond is left out. */
#define SERVED_LISTENERS_MAX 1024
#define SERVED_TEXT_SIZE     96

struct served_listener {
	char process[17];
	char text[SERVED_TEXT_SIZE]; /* "nginx 0.0.0.0:443", "nginx [::]:443" */
};

struct served_listeners;

struct served_listeners *served_listeners_new(void);
void served_listeners_free(struct served_listeners **served);

/* A walk begins, finds one (in an order of its own that does not change), ends. */
void served_listeners_begin(struct served_listeners *served);
void served_listeners_add(struct served_listeners *served, struct span process, struct span address,
			  uint16_t port);
void served_listeners_end(struct served_listeners *served);

/* Those of the last whole walk. */
const struct served_listener *served_listeners_all(const struct served_listeners *served,
						   size_t *out_count);

/* True where they are others than at the last call. */
bool served_listeners_take_change(struct served_listeners *served);
