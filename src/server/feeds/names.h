/*
 * names.h - asks name servers, with c-ares, for the child that checks proofs.
 *
 * Blocking, bounded: each question is asked twice at the most, of each server.
 */
#pragma once

#include <stddef.h>
#include <stdbool.h>

#include "base/attr.h"
#include "base/span.h"
#include "sys/net.h"
#include "sys/why.h"

struct names;

/* resolver: "192.0.2.53:5353", the one server to ask; NULL: those of /etc/resolv.conf, and
 * /etc/hosts for addresses. */
MUST_USE int names_open(const char *resolver, struct names **out, struct why *why);
void names_close(struct names **names);

/* Called for each TXT record of a name, its strings put together. */
typedef void names_each_text(void *context, size_t n, struct span text);

/* Asks for the TXT records of all names at once. counts: how many each has, 0 for a name that does
 * not exist. An alias is followed by the name server. ERR_IO, ERR_TIMEOUT with a reason where a
 * name server gives no answer for one of them. */
MUST_USE int names_texts(struct names *names, const char *const *of, size_t count,
			 names_each_text *each, void *context, size_t *counts, struct why *why);

/* At most max addresses of a host, with this port. ERR_NOT_FOUND where it has none. */
MUST_USE int names_addresses(struct names *names, const char *host, uint16_t port,
			     struct net_address *out, size_t max, size_t *out_count,
			     struct why *why);

/* "192.0.2.53", "192.0.2.53:5353", "[2001:db8::53]:53". ERR_USAGE with the reason. */
MUST_USE int names_check_resolver(const char *resolver, struct why *why);
