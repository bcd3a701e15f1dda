/*
 * drops.h - packets that this machine's kernel dropped before any program saw them.
 */
#pragma once

#include <stdint.h>

/* Of all interfaces (rx_dropped and rx_missed) of this name space; 0 where it cannot be read. Only
 * differences mean something. */
uint64_t drops_total(void);
