/*
 * sandbox_program.h - the filter that sandbox_calls installs, so that a test can run it by hand:
 * what it says on a machine that is not there (an emulator has no seccomp) is known in this way
 * only.
 */
#pragma once

#include <linux/filter.h>

#define SANDBOX_PROGRAM_MAX 2048 /* the kernel takes 4096 */

struct sandbox_program {
	struct sock_filter code[SANDBOX_PROGRAM_MAX];
	unsigned short len;
};

/* For the machine that this was compiled for; allowed as in sandbox_calls. out: empty. */
void sandbox_program_build(struct sandbox_program *out, unsigned allowed);

/* As in sandbox_never. out: empty. */
void sandbox_program_build_never(struct sandbox_program *out);
