/*
 * router.h - from a path and a method to the operation that answers. Pure.
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "server/api/resource.h"

/* Longest captured segment, with its NUL. */
#define ROUTE_CAPTURE_SIZE 256

struct route {
	const struct resource *resource;
	const struct operation *operation;
	/* The segments in braces, decoded, in their order; "" where the pattern has fewer. */
	char captures[RESOURCE_CAPTURES_MAX][ROUTE_CAPTURE_SIZE];
};

/* ERR_NOT_FOUND where no resource has this path, ERR_UNSUPPORTED where it does not know the method
 * (out->resource is then set), ERR_MALFORMED or ERR_LIMIT for a capture that cannot be decoded. */
MUST_USE int router_find(const struct resource *const *table, struct span path, const char *method,
			 struct route *out);

/* The resource's methods as the Allow header wants them (RFC 9110 10.2.1). */
void router_allowed(const struct resource *resource, char *out, size_t out_size);

/* True where the operation takes a query parameter of this name. */
bool router_takes(const struct operation *operation, struct span parameter);
