/* diagnosis_kernel.c - asks the kernel for each thing, and gives it back at once. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/diagnosis.h"
#include "agent/tracepoint.h"
#include "agent/watches.h"
#include "base/text.h"
#include "sys/buffer.h"
#include "sys/file.h"
#include "sys/process.h"

#define GROUP "kernel and privileges"

/* Of audit messages that may only be listened to (linux/audit.h). */
#define AUDIT_LISTENERS 1

static void check_root(struct diagnosis *d)
{
	if (process_is_root()) {
		diagnosis_add(d, GROUP, "user", DIAGNOSIS_OK, "root");
	} else {
		diagnosis_add(
			d, GROUP, "user", DIAGNOSIS_BAD,
			"not root (uid %u): other users' keys and cron jobs, owners of sockets, "
			"shadow, serial numbers and most events stay unseen; start the agent "
			"as root, it gives up what it does not need",
			(unsigned)geteuid());
	}
}

static void check_tracepoint(struct diagnosis *d)
{
	struct tracepoint *tracepoint;
	struct why why = { .text = "" };

	if (tracepoint_open(&tracepoint, &why) == 0) {
		tracepoint_close(&tracepoint);
		diagnosis_add(d, GROUP, "bpf tracepoint", DIAGNOSIS_OK,
			      "listening sockets and executions are seen as they happen");
	} else {
		diagnosis_add(d, GROUP, "bpf tracepoint", DIAGNOSIS_NOTE,
			      "%s; sockets are looked for every 750 ms instead", why.text);
	}
}

static void check_fanotify(struct diagnosis *d)
{
	int fd = (int)syscall(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY);

	if (fd >= 0) {
		close(fd);
		diagnosis_add(d, GROUP, "fanotify", DIAGNOSIS_OK,
			      "who changed a watched file can be told");
	} else {
		diagnosis_add(d, GROUP, "fanotify", DIAGNOSIS_NOTE,
			      "%s; files are watched by inotify, which does not tell who did it",
			      strerror(errno));
	}
}

/* True where a netlink socket of the protocol may listen to these groups. */
static bool can_listen(int protocol, unsigned groups)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, protocol);
	bool is_good = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
	int error = errno;

	file_close(&fd);
	errno = error;
	return is_good;
}

static void check_netlink(struct diagnosis *d)
{
	if (can_listen(NETLINK_CONNECTOR, CN_IDX_PROC)) {
		diagnosis_add(d, GROUP, "proc connector", DIAGNOSIS_OK,
			      "executions are seen also where BPF is not there");
	} else {
		diagnosis_add(d, GROUP, "proc connector", DIAGNOSIS_NOTE, "%s", strerror(errno));
	}
	if (can_listen(NETLINK_AUDIT, AUDIT_LISTENERS)) {
		diagnosis_add(d, GROUP, "audit", DIAGNOSIS_OK, "may be listened to; not needed");
	} else {
		diagnosis_add(d, GROUP, "audit", DIAGNOSIS_NOTE, "%s; not needed", strerror(errno));
	}
}

static void check_pressure(struct diagnosis *d)
{
	struct buffer file OWNED(buffer_done);

	buffer_init(&file, 4096);
	if (file_read("/proc/pressure/cpu", &file) == 0) {
		diagnosis_add(d, GROUP, "pressure (PSI)", DIAGNOSIS_OK,
			      "the agent gives way where others wait for a processor");
	} else {
		diagnosis_add(d, GROUP, "pressure (PSI)", DIAGNOSIS_NOTE,
			      "not measured by this kernel; the load average is used instead");
	}
}

static uint64_t number_in(const char *path)
{
	struct buffer file OWNED(buffer_done);
	uint64_t number = 0;

	buffer_init(&file, 64);
	(void)!(file_read(path, &file) == 0 &&
		text_to_u64(span_trim(buffer_span(&file)), UINT64_MAX, &number) == 0);
	return number;
}

static void check_inotify(struct diagnosis *d)
{
	uint64_t watches = number_in("/proc/sys/fs/inotify/max_user_watches");
	uint64_t instances = number_in("/proc/sys/fs/inotify/max_user_instances");
	bool is_enough = watches >= WATCHES_FOLDERS_MAX && instances > 1;

	diagnosis_add(d, GROUP, "inotify", is_enough ? DIAGNOSIS_OK : DIAGNOSIS_NOTE,
		      "%llu folders and %llu users of it allowed, up to %u are watched%s",
		      (unsigned long long)watches, (unsigned long long)instances,
		      WATCHES_FOLDERS_MAX,
		      is_enough ? ""
				: "; raise fs.inotify.max_user_watches, what is not watched "
				  "is seen once an hour");
}

static void check_sandbox(struct diagnosis *d)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* only its version */);

	if (version > 0) {
		diagnosis_add(d, GROUP, "landlock", DIAGNOSIS_OK,
			      "version %ld: the connector reaches its own files only", version);
	} else {
		diagnosis_add(d, GROUP, "landlock", DIAGNOSIS_NOTE,
			      "%s; the connector's files are confined by its user and seccomp only",
			      strerror(errno));
	}
}

void diagnosis_kernel(struct diagnosis *d)
{
	check_root(d);
	check_tracepoint(d);
	check_fanotify(d);
	check_netlink(d);
	check_pressure(d);
	check_inotify(d);
	check_sandbox(d);
}
