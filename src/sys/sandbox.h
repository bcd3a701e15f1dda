/*
 * sandbox.h - a process takes from itself what its work does not need.
 *
 * Order: open what is needed, then sandbox_privileges, sandbox_files, sandbox_calls. Nothing
 * can be taken back afterwards, no program can be executed. What the kernel lacks is
 * reported, not ignored.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "sys/why.h"

/* Drops every capability (permitted, effective, inheritable, bounding, ambient) but those in keep
 * (CAP_*, ended by -1), sets no_new_privs and locks securebits. Works, with nothing to drop,
 * without root. */
MUST_USE int sandbox_privileges(const int *keep, struct why *why);

/* True where this process may use the capability now (CAP_*). */
bool sandbox_has(int capability);

/* One path that stays reachable (Landlock), everything else does not. */
struct sandbox_path {
	const char *path; /* a folder or file; one that does not exist is passed over */
	bool is_writable; /* create, write, rename, remove below it */
};

/* connect_port: any, and sockets may be bound to source ports of their own. Those who bind are kept
 * from listening by sandbox_calls. */
#define SANDBOX_PORTS_ANY_BOUND (-2)

/* ERR_UNSUPPORTED where the kernel has no Landlock (the caller decides and says so).
 * connect_port: the only TCP port that may be connected to (0: none, -1: any), bind: none, on
 * kernels that can. */
MUST_USE int sandbox_files(const struct sandbox_path *paths, size_t count, int connect_port,
			   struct why *why);

/* Sets of system calls (seccomp). A call outside the allowed sets fails with EPERM;
 * execve, execveat, ptrace, bpf, mount, module calls kill the process. */
enum {
	SANDBOX_BASIC = 1, /* memory, time, signals to itself, poll, read and write on open
			      descriptors, futex */
	SANDBOX_READ_FILES =
		2, /* open for reading only, stat, getdents, readlink: open flags are checked */
	SANDBOX_WRITE_FILES = 4,  /* open for writing, rename, unlink, mkdir, ftruncate, fsync,
				     flock, chmod of files */
	SANDBOX_SOCKETS_OPEN = 8, /* send and receive on sockets that are open; accept */
	SANDBOX_INTERNET = 16,    /* socket() for AF_INET, AF_INET6; connect; stream socketpair */
	SANDBOX_UNIX = 32,        /* socket() for AF_UNIX; connect, socketpair */
	SANDBOX_CHILDREN = 64,    /* fork and wait, kill */
	SANDBOX_THREADS = 128,    /* clone of threads */
	SANDBOX_NOTIFY = 256,     /* inotify_add_watch, inotify_rm_watch, fanotify_mark on open
				     descriptors;     name_to_handle_at */
	SANDBOX_BIND = 512,       /* bind; no set has listen */
};
MUST_USE int sandbox_calls(unsigned allowed, struct why *why);

/* For a process whose children need more than any set of these gives: all but what kills above
 * (bpf is left), another architecture's calls, and name spaces, which would bring capabilities
 * back. ERR_UNSUPPORTED as above. */
MUST_USE int sandbox_never(struct why *why);
