/*
 * services.h - what was learnt of rows of results: packed, by the row's number; a row has one or
 * none.
 */
#pragma once

#include "scan/discovery/results.h"
#include "scan/service.h"

struct services;

struct services *services_new(void);
void services_free(struct services **services);

/* Keeps a copy of a packed service (service.h); what was known of the row before is forgotten. */
void services_put(struct services *services, size_t row, struct span packed);

bool services_has(const struct services *services, size_t row);

/* As it was put; empty where there is none. */
struct span services_packed(const struct services *services, size_t row);

/* False where nothing is known of the row. */
bool services_get(const struct services *services, size_t row, struct service *out);

size_t services_count(const struct services *services);
