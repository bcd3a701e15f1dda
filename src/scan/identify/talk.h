/*
 * talk.h - all connections to one target, one after the other, until it is known what it is.
 *
 * At most one connection at a time. It always ends, by target_ms at the latest, and says so once.
 */
#pragma once

#include "scan/identify/identify.h"
#include "sys/tls_unverified.h"

/* What all talks of an identifier share; it stays where it is. */
struct talk_setup {
	struct loop *loop;
	struct identify_options options; /* without zeros */
	struct contact contact;
	struct tls_unverified_context *tls;
	unsigned next_source_port;
};

struct talk;

typedef void talk_done(void *context, struct talk *talk);

/* name may be NULL. done comes from the loop, never from within; the callee then frees the talk. */
struct talk *talk_new(struct talk_setup *setup, const struct net_address *address,
		      enum identify_transport transport, const char *name, talk_done *done,
		      void *context);
void talk_free(struct talk **talk);

/* Complete once done was called; its certificate is valid as long as the talk is. */
struct identify_result *talk_result(struct talk *talk);
