/*
 * rung.h - what each rung of the ladder of senders supplies.
 */
#pragma once

#include <net/if.h>

#include "scan/send/template.h"

/* The interface, as the ladder found it. */
struct rung_link {
	char name[IF_NAMESIZE];
	unsigned index;
	unsigned queue;
	size_t link_size; /* 14, or 0 where there is no Ethernet */
	bool is_loopback;
	bool may_take_over; /* as in struct sender_options */
};

/* templates: those that the probes name, each of which is there. */
struct rung_batch {
	const struct template *templates;
	const struct sender_probe *probes;
	size_t count;
};

/* Probes that a rung may have taken and not put on the wire. */
#define RUNG_UNSURE_MAX 4096

/* state is the rung's own; open() makes it and close() frees it. The others as in sender.h. */
struct rung {
	const char *name;
	int (*open)(const struct rung_link *link, void **state, struct why *why);
	void (*close)(void *state);

	/* ERR_IO: it does not go on, and errno says why. */
	int (*send)(void *state, const struct rung_batch *batch, size_t *sent);

	/* After ERR_IO, or where nothing moves any more: gives back all that was taken and did not
	 * surely go, in its order; it then counts as never taken. Returns how many. */
	size_t (*give_back)(void *state, struct sender_probe out[RUNG_UNSURE_MAX]);
	void (*stats)(void *state, struct sender_stats *out);
	const char *(*detail)(const void *state); /* as sender_detail() */
};

extern const struct rung rung_live_frames;
extern const struct rung rung_af_xdp;
extern const struct rung rung_mmsg;
