/*
 * resource.h - the shape of every resource: one file, one const struct, one row in table.c.
 *
 * openapi.yaml is the contract: table_test.c holds the table against it, path by path,
 * method by method, parameter by parameter.
 */
#pragma once

/* Who may call. What is judged here never needs to be judged again by the resource. */
enum resource_access {
	RESOURCE_PUBLIC,    /* anyone */
	RESOURCE_SIGNED_IN, /* any operator; the resource itself decides what of it is shown */
	RESOURCE_READ,      /* who may see the tenant's data: ACCESS_READ */
	RESOURCE_OPERATE,   /* who may operate the tenant's sensors: ACCESS_OPERATE */
	RESOURCE_PLATFORM,  /* operators of the platform: ACCESS_PLATFORM */
};

struct call;

struct operation {
	const char *method; /* "GET"; HEAD follows it */
	enum resource_access access;
	/* Names of the query parameters it takes, separated by spaces. `tenant` is
	 * understood everywhere; any other is refused. */
	const char *parameters;
	/* Answers the call, or keeps it and answers later. */
	void (*run)(struct call *call);
};

#define RESOURCE_OPERATIONS_MAX 3
#define RESOURCE_CAPTURES_MAX   2

struct resource {
	const char *path; /* "/api/v1/assets/{id}": a segment in braces takes any one segment */
	const char *summary;
	struct operation operations[RESOURCE_OPERATIONS_MAX]; /* ended by one without a method */
};

/* Every resource, in openapi.yaml's order, ended by NULL. */
extern const struct resource *const resources[];
