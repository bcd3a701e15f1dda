/*
 * machine.h - what collectors see: a file tree, and for the running machine the kernel's sockets.
 *
 * All descriptors are opened before the sandbox; nothing here opens one of the network later.
 */
#pragma once

#include "agent/tree.h"
#include "base/attr.h"
#include "base/span.h"
#include "sys/buffer.h"
#include "sys/why.h"

struct health;
struct offers;
struct package_owners;
struct policy;
struct process_files;
struct served_listeners;
struct integrity;
struct privileged_walk;
struct socket_owners;

/* States of files that are kept: twice as many as most machines have programs. */
#define MACHINE_NOT_OF_GO 4096

struct machine {
	struct tree *tree;
	bool is_live;                 /* the running machine, not a tree below --root */
	int route_fd;                 /* rtnetlink, for dumps; -1 where not live or not there */
	int diag_fd;                  /* sock_diag, for dumps; -1 where not live or not there */
	int filter_fd;                /* nfnetlink, for dumps; -1 where there is none */
	struct socket_owners *owners; /* whose sockets are; NULL where not live */
	struct package_owners *package_owners; /* whose files are; NULL where not live */
	struct process_files *process_files;   /* what is in memory; NULL where not live */
	struct offers *offers;                 /* of archives, for installed packages */
	uint64_t *not_of_go; /* files that are no program of Go, each by a hash of its state */
	struct served_listeners *served; /* of servers with certificates; NULL where not live */
	struct health *health;           /* of the collectors; NULL where nobody asks */

	/* What to watch (wire/policy.h); never NULL. The struct stays where it is, what it says may
	 * change between walks: borrow nothing of it beyond one. */
	const struct policy *policy;
	struct policy *nothing_set;       /* owned: the policy where nobody set one */
	struct integrity *integrity;      /* of watched files; NULL where nobody keeps it */
	struct privileged_walk *programs; /* the same of privileged files: NULL: read at once */
};

MUST_USE int machine_open(const char *root, struct machine *out, struct why *why);
void machine_close(struct machine *machine);

/* Appends a file of /proc or /sys of the running machine; "/proc/modules". Not observed: the kernel
 * does not tell of changes there. ERR_NOT_FOUND where the machine is not live. */
MUST_USE int machine_read_kernel(const struct machine *machine, const char *path,
				 struct buffer *out);
