/* sandbox_files.c - paths and ports: landlock(7), by its system calls, since C libraries have none.
 */
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/file.h"

/* linux/landlock.h of the build machine may be older than the kernel that this runs on. */
#define QUERY_VERSION  1u
#define RULE_PATH      1
#define RULE_PORT      2
#define BIND_TCP       (UINT64_C(1) << 0)
#define CONNECT_TCP    (UINT64_C(1) << 1)
#define SCOPE_ABSTRACT (UINT64_C(1) << 0)
#define SCOPE_SIGNAL   (UINT64_C(1) << 1)

enum {
	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_DIR = 1 << 4,
	REMOVE_FILE = 1 << 5,
	MAKE_CHAR = 1 << 6,
	MAKE_DIR = 1 << 7,
	MAKE_REG = 1 << 8,
	MAKE_SOCK = 1 << 9,
	MAKE_FIFO = 1 << 10,
	MAKE_BLOCK = 1 << 11,
	MAKE_SYM = 1 << 12,
	REFER = 1 << 13,     /* from version 2 */
	TRUNCATE = 1 << 14,  /* from version 3 */
	IOCTL_DEV = 1 << 15, /* from version 5 */
};

#define READING (READ_FILE | READ_DIR)
#define WRITING                                                                                    \
	(WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | REFER | TRUNCATE)
#define OF_ONE_FILE (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV)

struct ruleset {
	uint64_t files;
	uint64_t network; /* from version 4 */
	uint64_t scoped;  /* from version 6 */
};

struct __attribute__((packed)) path_rule {
	uint64_t allowed;
	int32_t parent_fd;
};

struct port_rule {
	uint64_t allowed;
	uint64_t port;
};

static uint64_t file_rights(long version)
{
	return version >= 5 ? 0xffff : version >= 3 ? 0x7fff : version >= 2 ? 0x3fff : 0x1fff;
}

static int make_ruleset(long version, int connect_port)
{
	struct ruleset rules = {
		.files = file_rights(version),
		.network = (connect_port == SANDBOX_PORTS_ANY_BOUND ? 0 : BIND_TCP) |
			   (connect_port < 0 ? 0 : CONNECT_TCP),
		.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL,
	};
	size_t size = version >= 6   ? sizeof rules
		      : version >= 4 ? offsetof(struct ruleset, scoped)
				     : offsetof(struct ruleset, network);

	/* close-on-exec is implied */
	return (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0u);
}

static int allow_path(int ruleset_fd, const struct sandbox_path *path, uint64_t handled,
		      struct why *why)
{
	OWNED(file_close) int fd = open(path->path, O_PATH | O_CLOEXEC);
	struct path_rule rule = { .parent_fd = fd };
	struct stat facts;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		return 0;
	}
	if (fd < 0 || fstat(fd, &facts) != 0) {
		return why_set(why, ERR_IO, "cannot allow %s: %s", path->path, strerror(errno));
	}
	rule.allowed = handled & (uint64_t)(READING | (path->is_writable ? WRITING : 0));
	if (!S_ISDIR(facts.st_mode)) {
		rule.allowed &= OF_ONE_FILE;
	}
	if (syscall(SYS_landlock_add_rule, ruleset_fd, RULE_PATH, &rule, 0u) != 0) {
		return why_set(why, ERR_IO, "cannot allow %s: %s", path->path, strerror(errno));
	}
	return 0;
}

static int allow_port(int ruleset_fd, int port, struct why *why)
{
	struct port_rule rule = { CONNECT_TCP, (uint64_t)port };

	if (syscall(SYS_landlock_add_rule, ruleset_fd, RULE_PORT, &rule, 0u) != 0) {
		return why_set(why, ERR_IO, "cannot allow port %d: %s", port, strerror(errno));
	}
	return 0;
}

int sandbox_files(const struct sandbox_path *paths, size_t count, int connect_port, struct why *why)
{
	OWNED(file_close) int ruleset_fd = -1;
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0ul, QUERY_VERSION);
	int error = 0;

	if (version < 1) {
		return why_set(
			why, ERR_UNSUPPORTED,
			"this kernel does not restrict paths (Landlock is not built in or off): %s",
			strerror(errno));
	}
	ruleset_fd = make_ruleset(version, connect_port);
	if (ruleset_fd < 0) {
		return why_set(why, ERR_IO, "cannot restrict paths: %s", strerror(errno));
	}
	for (size_t i = 0; i < count && error == 0; i++) {
		error = allow_path(ruleset_fd, &paths[i], file_rights(version), why);
	}
	if (error == 0 && version >= 4 && connect_port > 0) {
		error = allow_port(ruleset_fd, connect_port, why);
	}
	if (error != 0) {
		return error;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_landlock_restrict_self, ruleset_fd, 0u) != 0) {
		return why_set(why, ERR_IO, "cannot restrict paths: %s", strerror(errno));
	}
	return 0;
}
