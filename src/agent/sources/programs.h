/*
 * programs.h - paths and hashes of the programs that run, remembered by what the kernel tells them
 * apart by.
 *
 * One that is known costs no look at /proc, and one stat a batch. At most PROGRAMS_MAX are kept;
 * hashing goes in slices, at most PROGRAMS_HASH_BYTES_PER_S.
 */
#pragma once

#include <sys/types.h>

#include "agent/sources/exec_program.h"
#include "base/sha256.h"
#include "sys/loop.h"

#define PROGRAMS_MAX              512
#define PROGRAMS_HASH_BYTES_PER_S (6u << 20)
#define PROGRAMS_HASH_FILE_MAX    (256u << 20)
#define PROGRAMS_PATH_SIZE        4096

struct programs;

enum program_hash { PROGRAM_HASH_UNKNOWN, PROGRAM_HASH_PENDING, PROGRAM_HASH_READY };

/* hashed: called when a hash that was pending is known, or never will be. */
struct programs *programs_new(struct loop *loop, loop_callback *hashed, void *context);
void programs_free(struct programs **programs);

/* From here on each file is looked at again once. */
void programs_begin(struct programs *programs);

/* The path of the program that pid runs, or ran: borrowed until the next call, empty where it
 * cannot be known any more. key: as the kernel said; where it said none (all zero) the process is
 * asked, and *key is then set. hint: how the program was named, may be empty. */
struct span programs_path(struct programs *programs, struct program_key *key, pid_t pid,
			  struct span hint);

/* Of one whose path was found. PENDING: hashing has begun. */
enum program_hash programs_hash(struct programs *programs, const struct program_key *key, pid_t pid,
				uint8_t out[SHA256_SIZE]);
