/* load.c - pressure stall information, else the load average. */
#include "agent/load.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/attr.h"
#include "formats/proc_pressure.h"
#include "sys/buffer.h"
#include "sys/file.h"

#define PRESSURE "/proc/pressure/cpu"
#define NICE     10

bool load_is_high(void)
{
	struct buffer file OWNED(buffer_done);
	uint32_t pressure;
	double load = 0;

	buffer_init(&file, 4096);
	if (file_read(PRESSURE, &file) == 0 &&
	    proc_pressure_parse(buffer_span(&file), &pressure) == 0) {
		return pressure > LOAD_PRESSURE_MAX;
	}
	return getloadavg(&load, 1) == 1 &&
	       load > LOAD_TIMES_MAX * (double)sysconf(_SC_NPROCESSORS_ONLN);
}

void load_give_way(void)
{
	const struct sched_param none = { .sched_priority = 0 };
	int nice_now;

	errno = 0;
	nice_now = getpriority(PRIO_PROCESS, 0);
	if (errno == 0 && nice_now < NICE) {
		(void)!setpriority(PRIO_PROCESS, 0, NICE);
	}
	(void)!sched_setscheduler(0, SCHED_BATCH, &none);
}
