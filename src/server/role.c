/* role.c - what a role tells the supervisor, over its end of a pipe: '+', or '-' and a reason. */
#include "server/role.h"

#include "sys/log.h"

#include <stdio.h>
#include <unistd.h>

void role_ready(const struct role_config *config)
{
	if (config->ready_fd >= 0) {
		/* the supervisor watches for this process's end too: nothing hangs on this write */
		(void)!write(config->ready_fd, "+", 1);
	}
}

int role_failed(const struct role_config *config, const char *reason)
{
	char line[1024];
	int len = snprintf(line, sizeof line, "-%s", reason);

	log_error("cannot serve", log_text("reason", reason));
	if (config->ready_fd >= 0 && len > 0) {
		(void)!write(config->ready_fd, line,
			     (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
	}
	return 1;
}
