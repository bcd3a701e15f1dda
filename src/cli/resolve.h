/*
 * resolve.h - names looked up by child processes, many at once: the system's resolver blocks.
 *
 * The children hold nothing but their line. They are started when they are needed.
 */
#pragma once

#include "base/attr.h"
#include "sys/loop.h"
#include "sys/net.h"

#define RESOLVE_PROCESSES     16
#define RESOLVE_ADDRESSES_MAX 16 /* of one name */

struct resolver;

/* addresses: of the name, with the port; none: reason says why. Valid until it returns. */
typedef void resolved(void *context, void *about, const struct net_address *addresses, size_t count,
		      const char *reason);

struct resolver *resolver_new(struct loop *loop, resolved *done, void *context);

/* Ends what is under way without a word. Accepts empty. */
void resolver_free(struct resolver **resolver);

/* done is called from the loop, with about. */
void resolver_ask(struct resolver *resolver, const char *host, const char *port, void *about);

/* Names that wait or are under way. */
size_t resolver_busy(const struct resolver *resolver);
