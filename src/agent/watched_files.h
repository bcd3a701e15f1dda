/*
 * watched_files.h - the watched files as they are now, for who asks once: doctor and dump.
 *
 * What the running agent does little by little within its budget is done here at once.
 */
#pragma once

#include <stdint.h>

#include "agent/machine.h"

struct watched_files;

/* Gives the machine an integrity that watches the default paths; before the sandbox. Files of more
 * than hash_bytes_max bytes are listed without a hash; 0: the default limit. */
struct watched_files *watched_files_open(struct machine *machine, uint64_t hash_bytes_max);

/* Returns when every watched file is known. */
void watched_files_learn(struct watched_files *files);

/* Accepts NULL; takes the machine's integrity away again. */
void watched_files_close(struct watched_files **files);
