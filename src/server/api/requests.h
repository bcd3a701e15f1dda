/*
 * requests.h - what the api asks of the engine, over the bus.
 *
 * Every request is answered: by the engine, or with 503 where the engine is away or
 * does not answer within REQUEST_TIMEOUT_MS. A call that ends before is forgotten.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "server/bus/arguments.h"
#include "sys/loop.h"

#define REQUEST_TIMEOUT_MS 10000

/* Requests that may be under way. */
#define REQUESTS_MAX 1000

struct bus_link;
struct call;
struct requests;

/* link is borrowed and outlives it. */
struct requests *requests_new(struct loop *loop, struct bus_link *link);
void requests_free(struct requests **requests);

/* Asks for an operation of server/engine/operations.h. Where it succeeds, done is called and
 * answers the call; where not, the call is answered with the failure. */
void requests_ask(struct call *call, const char *operation, const struct argument *arguments,
		  size_t count, void (*done)(struct call *call, const struct reply *reply));

/* Asks for one without waiting for what becomes of it. False where it could not be sent. */
bool requests_tell(struct requests *requests, const char *operation,
		   const struct argument *arguments, size_t count);

/* A BUS_REPLY arrived. */
void requests_received(struct requests *requests, uint64_t id, struct span body);

/* The link broke: what is under way will not be answered. */
void requests_lost(struct requests *requests);
