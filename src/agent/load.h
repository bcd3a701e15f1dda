/*
 * load.h - whether others need the machine more than this sensor does.
 */
#pragma once

#include <stdbool.h>

/* Some task waited for a processor in more than this part of the last ten seconds, in hundredths of
 * a percent; or, where the kernel does not measure that, twice as many want to run as there are
 * processors. */
#define LOAD_PRESSURE_MAX 2000
#define LOAD_TIMES_MAX    2

bool load_is_high(void);

/* This process gives way to others from now on: nice 10 at least, and no preemption of others. */
void load_give_way(void);
