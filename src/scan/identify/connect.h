/*
 * connect.h - sockets from a range of source ports, so that what a scanner receives by itself is
 * told from what the system's own connections get.
 */
#pragma once

#include "scan/identify/talk.h"

/* Starts connecting; the socket is writable when that ended. ERR_FULL where no source port or
 * descriptor is left, ERR_IO where the system refuses, as with no route. */
MUST_USE int connect_start(struct talk_setup *setup, const struct net_address *address,
			   enum identify_transport transport, int *out_fd);

/* 0, ERR_AGAIN, or ERR_CLOSED. Once it is writable. */
MUST_USE int connect_result(int fd);

/* Closes; with abort at once and without a state left behind (RST). */
void connect_end(int *fd, bool abort);
