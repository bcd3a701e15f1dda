/*
 * scope.h - what a tenant may have scanned, and what operators decided about joins: records that
 * the store and the inventory have in common.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A prefix (192.0.2.0/24), an address, or a DNS name, with its NUL. */
#define INVENTORY_SCOPE_SIZE   256
#define INVENTORY_SCOPES_MAX   64
#define INVENTORY_TOKEN_SIZE   65
#define INVENTORY_PORTS_SIZE   512
#define INVENTORY_REASON_SIZE  1001
#define INVENTORY_ACTOR_SIZE   101
#define INVENTORY_FAILURE_SIZE 512

struct inventory_scope {
	char name[INVENTORY_SCOPE_SIZE];  /* what is scanned */
	char kind[8];                     /* "prefix" or "name" */
	char token[INVENTORY_TOKEN_SIZE]; /* to be shown in DNS or over HTTPS */
	int64_t at_ms;
	char by[INVENTORY_ACTOR_SIZE];
	char method[16];   /* how it was proved: "dns", "https", "statement"; "" where not */
	int64_t proved_ms; /* 0: not proved */
	char proved_by[INVENTORY_ACTOR_SIZE];
	char statement[INVENTORY_REASON_SIZE];
	/* Why the latest attempt to prove it failed, or what became of the proof; "". */
	char failure[INVENTORY_FAILURE_SIZE];
	int64_t tried_ms;   /* the latest attempt ended; 0: there was none */
	int64_t checked_ms; /* the latest one that found what proves it */
	int64_t failing_ms; /* since when a proof by DNS or HTTPS is not found any more; 0: it is */
	bool is_on;
	uint32_t period_s;                /* once in so long; 0: the scanner's own */
	uint16_t from_minute, to_minute;  /* of the day, UTC; equal: at any time */
	uint32_t rate;                    /* packets per second at the most; 0: the scanner's own */
	char ports[INVENTORY_PORTS_SIZE]; /* "22,80,8000-8100"; "" the scanner's own */
	char scanner[17];                 /* the sensor that scans it; "": every scanner */
};

/* An operator's word on whether what is found at an address is an asset's. */
struct inventory_join_decision {
	char scope[INVENTORY_SCOPE_SIZE];
	char address[64];
	uint32_t asset;
	bool is_join; /* else: it is not, whatever says so */
	char reason[INVENTORY_REASON_SIZE];
	int64_t at_ms;
	char by[INVENTORY_ACTOR_SIZE];
};
