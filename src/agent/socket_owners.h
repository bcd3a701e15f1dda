/*
 * socket_owners.h - whose a socket is: from its inode to a process, by way of /proc/PID/fd.
 *
 * What was found is kept and checked again with one readlink, so that a table that is read
 * often scans all processes only where a socket is new.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/executable.h"
#include "base/attr.h"

/* Sockets remembered, and processes that were said to be worth a look. */
#define SOCKET_OWNERS_MAX 65536
#define SOCKET_HINTS_MAX  16

/* A process's name and its program; empty where it may not be known. */
struct socket_owner {
	pid_t pid;
	char process[65];
	char executable[EXECUTABLE_SIZE];
};

struct socket_owners *socket_owners_new(void);
void socket_owners_free(struct socket_owners **owners);

/* This process has just done something to a socket: look there first. */
void socket_owners_hint(struct socket_owners *owners, pid_t pid);

/* A round of questions begins: what is not asked for until the next round is forgotten then. */
void socket_owners_begin(struct socket_owners *owners);

/* True where the inode was announced in this round or the last one. */
bool socket_owners_knows(const struct socket_owners *owners, uint32_t inode);

/* True where nothing was announced in this round or the last one. */
bool socket_owners_is_empty(const struct socket_owners *owners);

/* Announces that an inode will be asked for. */
void socket_owners_expect(struct socket_owners *owners, uint32_t inode);

/* Announces an inode whose owner will not be asked for, only whether it was there. */
void socket_owners_remember(struct socket_owners *owners, uint32_t inode);

/* Finds all that were announced: by what is known, by the hints, then by a scan of all processes.
 */
void socket_owners_find(struct socket_owners *owners);

/* The lowest process number that holds the socket; 0 where it is not known. */
pid_t socket_owners_pid(const struct socket_owners *owners, uint32_t inode);

/* That process, as it is now. ERR_NOT_FOUND. */
MUST_USE int socket_owners_get(struct socket_owners *owners, uint32_t inode,
			       struct socket_owner *out);
