/*
 * fetch.h - one feed's files over HTTPS, in a child that has the network and little else.
 */
#pragma once

#include "server/feeds/feed.h"

struct fetch {
	const struct feed *feed;
	/* NULL, or what addresses begin with instead (mirrors.h): https://HOST/PATH becomes
	 * MIRROR/HOST/PATH. Redirects are not followed then. */
	const char *mirrors;
	const char *proxy; /* NULL: as the environment says */
	int out_fd;        /* where the outcome is written, as lines: see fetch.c */
};

/* The body of the child: fetches what is new into feeds/fetch/NAME/, tells, returns 0. */
int fetch_run(void *context);
