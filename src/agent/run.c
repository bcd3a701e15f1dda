/*
 * run.c - the agent as a sensor: what its supervisor keeps for the next collector.
 *
 * seccomp's filters are inherited, so the one here holds for all three processes: what a starting
 * collector still needs (bpf, netlink) is allowed, executing a program is not, from here on, for
 * ever.
 */
#include <linux/capability.h>

#include "agent/agent.h"
#include "agent/integrity/file_watch.h"
#include "base/error.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/sandbox.h"

/* CAP_PERFMON and CAP_BPF are newer than some headers. */
#define CAPABILITY_PERFMON 38
#define CAPABILITY_BPF     39

static int confine(void *own, struct why *why)
{
	const struct agent_settings *settings = own;
	const int keep[] = { CAP_DAC_READ_SEARCH,
			     CAP_SYS_PTRACE,
			     CAP_SETPCAP,
			     CAPABILITY_BPF,
			     CAPABILITY_PERFMON,
			     settings->is_firewall_read ? CAP_NET_ADMIN : -1,
			     -1 };
	int error = sandbox_privileges(keep, why);

	if (error == 0) {
		error = sandbox_never(why);
	}
	if (error == ERR_UNSUPPORTED) { /* the three say so once */
		log_warn("this kernel does not filter system calls: what the agent may do is "
			 "limited by its privileges alone",
			 log_text("reason", why->text));
		error = 0;
	}
	return error;
}

static void close_own(void *own)
{
	struct agent_settings *settings = own;

	file_close(&settings->fanotify_fd);
}

int agent_run(struct agent_settings *settings)
{
	const struct sensor_program program = { .observer_name = "btz-collector",
						.observer = collector_process,
						.confine = confine,
						.close_own = close_own,
						.own = settings };
	struct why why;
	int status;

	/* every collector inherits it: so nobody keeps CAP_SYS_ADMIN, which opening it takes */
	settings->fanotify_fd = file_watch_open_group(&why);
	if (settings->fanotify_fd < 0) {
		log_info("who changes files is not told", log_text("reason", why.text));
	}
	status = sensor_run(&program, &settings->sensor);
	file_close(&settings->fanotify_fd);
	return status;
}
