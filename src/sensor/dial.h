/*
 * dial.h - a TCP connection to the first address of a name that answers.
 */
#pragma once

#include "base/attr.h"
#include "sys/loop.h"
#include "sys/why.h"

/* For one address to answer. */
#define DIAL_PATIENCE_MS 5000

struct dial;

/* Called once; fd is the callee's, or -1 and a reason. The dial must be freed afterwards. */
typedef void dial_handler(void *context, int fd, const char *reason);

/* Looks the name up (this blocks), then tries each address. ERR_NOT_FOUND and a reason where the
 * name has none. */
MUST_USE int dial_new(struct loop *loop, const char *host, const char *port, dial_handler *done,
		      void *context, struct dial **out, struct why *why);
void dial_free(struct dial **dial);
