/* confine.c - what a process that reads the machine keeps. */
#include <linux/capability.h>

#include "agent/agent.h"
#include "base/error.h"
#include "sys/sandbox.h"

/* CAP_NET_ADMIN is for nftables alone, which answers nobody else, not even on a socket opened
 * before. Whoever has it could change the firewall too, so it is kept only where the administrator
 * asked for it. */
int collector_confine(bool is_firewall_read, struct why *why)
{
	const int keep[] = { CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE,
			     is_firewall_read ? CAP_NET_ADMIN : -1, -1 };
	int error = sandbox_privileges(keep, why);

	if (error == 0) {
		error = sandbox_calls(SANDBOX_BASIC | SANDBOX_READ_FILES | SANDBOX_SOCKETS_OPEN |
					      SANDBOX_NOTIFY,
				      why);
	}
	return error == ERR_UNSUPPORTED ? 0 : error; /* the supervisor said so */
}
