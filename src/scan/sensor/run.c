/*
 * run.c - the scanner as a sensor: what its supervisor keeps for the next observer.
 *
 * CAP_NET_RAW is for the finder alone; CAP_SETPCAP lets each process give up for good what it does
 * not keep.
 */
#include <linux/capability.h>

#include "base/error.h"
#include "scan/sensor/scanner.h"
#include "sys/log.h"
#include "sys/sandbox.h"

static int confine(void *own, struct why *why)
{
	const int keep[] = { CAP_NET_RAW, CAP_SETPCAP, -1 };
	int error = sandbox_privileges(keep, why);

	(void)own;
	if (error == 0) {
		error = sandbox_never(why);
	}
	if (error == ERR_UNSUPPORTED) { /* all processes say so once */
		log_warn("this kernel does not filter system calls: what the scanner may do is "
			 "limited by its privileges alone",
			 log_text("reason", why->text));
		error = 0;
	}
	return error;
}

int scanner_run(struct scanner_settings *settings)
{
	const struct sensor_program program = { .observer_name = "btz-scanner",
						.observer = scanner_process,
						.confine = confine,
						.own = settings };

	return sensor_run(&program, &settings->sensor);
}
