/*
 * resolver.h - names and addresses looked up by child processes: the system's resolver blocks.
 *
 * A child holds nothing but its line, and reads the resolver's files alone. What it answers is a
 * stranger's word. Children are started when they are needed; a process that may not fork any more
 * has them started before (resolver_child, resolver_over).
 */
#pragma once

#include "base/attr.h"
#include "sys/loop.h"
#include "sys/net.h"

#define RESOLVER_PROCESSES     16
#define RESOLVER_ADDRESSES_MAX 16 /* of one name */

struct resolver;

struct resolver_answer {
	const struct net_address *addresses; /* of a name, with the port */
	size_t count;
	const char *name;   /* of an address; "" */
	const char *reason; /* "" where something was found */
	bool is_deaf;       /* no server of names answered: it may have one all the same */
};

/* Valid until it returns. */
typedef void resolved(void *context, void *about, const struct resolver_answer *answer);

struct resolver *resolver_new(struct loop *loop, resolved *done, void *context);

/* Over children that run already: it takes their lines over. lost: one of them is gone; may be
 * NULL. */
struct resolver *resolver_over(struct loop *loop, const int *lines, size_t count, resolved *done,
			       void (*lost)(void *context), void *context);
MUST_USE int resolver_child(int *out_line, struct why *why);

/* Ends what is under way without a word. Accepts empty. */
void resolver_free(struct resolver **resolver);

/* done is called from the loop, with about. */
void resolver_ask(struct resolver *resolver, const char *host, const char *port, void *about);

/* The name of an address. */
void resolver_ask_name(struct resolver *resolver, const struct net_address *address, void *about);

/* What waits or is under way. */
size_t resolver_busy(const struct resolver *resolver);
