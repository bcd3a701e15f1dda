/* table.c - every event source: the better way before the fallback of the same events. */
#include "agent/sources/source.h"

const struct event_source *const event_sources[] = { NULL };
