/*
 * netlink_dump.h - asks the kernel for all of something (NLM_F_DUMP, netlink(7)).
 */
#pragma once

#include "base/attr.h"
#include "base/span.h"
#include "formats/netlink.h"
#include "sys/why.h"

/* A socket of a netlink protocol, close-on-exec; reading from it gives up after a second. */
MUST_USE int netlink_dump_open(int protocol, int *out_fd, struct why *why);

typedef void netlink_taker(void *context, const struct netlink_message *message);

/* Sends a request of this type and hands every message of the answer over. body: what follows
 * the netlink header. ERR_AGAIN where the state changed meanwhile, so that the answer may have gaps
 * (the caller should ask again), ERR_DENIED, ERR_UNSUPPORTED, ERR_IO, ERR_MALFORMED, ERR_TIMEOUT.
 */
MUST_USE int netlink_dump(int fd, uint16_t type, struct span body, netlink_taker *take,
			  void *context);
