/*
 * sandbox_calls.c - a program of classic BPF (seccomp(2)) from sandbox_table.c.
 *
 *	other architecture?             kill
 *	x32 bit?                        EPERM
 *	each deadly call                kill
 *	each missing call               ENOSYS
 *	each row of an allowed set      allow where its conditions hold, else on to the next row
 *	                                EPERM
 *
 * Kernels since 5.11 decide once and for all which calls need no look at arguments, so that
 * the length of the program costs those nothing.
 */
#include "sys/sandbox.h"

#include <assert.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "sys/sandbox_platform.h"
#include "sys/sandbox_program.h"
#include "sys/sandbox_table.h"

#define REFUSED (SECCOMP_RET_ERRNO | EPERM)
#define MISSING (SECCOMP_RET_ERRNO | ENOSYS)
#define SPACES                                                                                     \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	 CLONE_NEWCGROUP)

static void emit(struct sandbox_program *p, uint16_t operation, uint32_t value, uint8_t if_true,
		 uint8_t if_false)
{
	assert(p->len < SANDBOX_PROGRAM_MAX);
	p->code[p->len++] = (struct sock_filter){ operation, if_true, if_false, value };
}

static void emit_load(struct sandbox_program *p, size_t offset)
{
	emit(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void emit_return(struct sandbox_program *p, uint32_t verdict)
{
	emit(p, BPF_RET | BPF_K, verdict, 0, 0);
}

static void emit_verdict_on(struct sandbox_program *p, long number, uint32_t verdict)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1);
	emit_return(p, verdict);
}

/* Both architectures are little endian: the lower half comes first. */
static size_t argument_offset(unsigned argument)
{
	return offsetof(struct seccomp_data, args) + sizeof(uint64_t) * argument;
}

/* The steps of one condition end in a jump whose false branch leaves the row; mark_exit notes it.
 */
static void emit_condition(struct sandbox_program *p, const struct condition *c)
{
	uint32_t value = c->kind == IS_SELF ? (uint32_t)getpid() : c->value;

	emit_load(p, argument_offset(c->argument));
	switch (c->kind) {
	case NO_BITS:
		emit(p, BPF_ALU | BPF_AND | BPF_K, value, 0, 0);
		value = 0;
		break;
	case ALL_BITS:
		emit(p, BPF_ALU | BPF_AND | BPF_K, value, 0, 0);
		break;
	case KIND_IS:
		emit(p, BPF_ALU | BPF_AND | BPF_K, 0xf, 0, 0);
		break;
	case ANY:
	case EQUALS:
	case IS_SELF:
		break;
	}
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 0);
}

static void emit_row(struct sandbox_program *p, const struct call_row *row)
{
	unsigned short exits[CONDITIONS_MAX + 1];
	size_t exit_count = 0;

	exits[exit_count++] = p->len;
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->number, 0, 0);
	for (size_t i = 0; i < CONDITIONS_MAX && row->conditions[i].kind != ANY; i++) {
		emit_condition(p, &row->conditions[i]);
		exits[exit_count++] = (unsigned short)(p->len - 1);
	}
	emit_return(p, SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < exit_count; i++) {
		p->code[exits[i]].jf = (uint8_t)(p->len - exits[i] - 1);
	}
	if (exit_count > 1) {
		/* a condition put an argument where the next row expects the number */
		emit_load(p, offsetof(struct seccomp_data, nr));
	}
}

static void emit_head(struct sandbox_program *p)
{
	emit_load(p, offsetof(struct seccomp_data, arch));
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, PLATFORM_ARCH, 1, 0);
	emit_return(p, SECCOMP_RET_KILL_PROCESS);
	emit_load(p, offsetof(struct seccomp_data, nr));
	emit(p, BPF_JMP | BPF_JGE | BPF_K, PLATFORM_X32_BIT, 0, 1);
	emit_return(p, REFUSED);
}

/* A child in a name space of its own would have every capability there. */
static void emit_clone_without_spaces(struct sandbox_program *p)
{
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 5);
	emit_load(p, argument_offset(0));
	emit(p, BPF_ALU | BPF_AND | BPF_K, SPACES, 0, 0);
	emit(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	emit_return(p, REFUSED);
	emit_load(p, offsetof(struct seccomp_data, nr));
}

void sandbox_program_build_never(struct sandbox_program *p)
{
	emit_head(p);
	for (size_t i = 0; i < sandbox_deadly_call_count; i++) {
		if (sandbox_deadly_calls[i] != SYS_bpf) {
			emit_verdict_on(p, sandbox_deadly_calls[i], SECCOMP_RET_KILL_PROCESS);
		}
	}
	for (size_t i = 0; i < sandbox_missing_call_count; i++) {
		emit_verdict_on(p, sandbox_missing_calls[i], MISSING);
	}
	for (size_t i = 0; i < sandbox_refused_call_count; i++) {
		emit_verdict_on(p, sandbox_refused_calls[i], REFUSED);
	}
	emit_clone_without_spaces(p);
	emit_return(p, SECCOMP_RET_ALLOW);
}

void sandbox_program_build(struct sandbox_program *p, unsigned allowed)
{
	emit_head(p);
	for (size_t i = 0; i < sandbox_deadly_call_count; i++) {
		emit_verdict_on(p, sandbox_deadly_calls[i], SECCOMP_RET_KILL_PROCESS);
	}
	for (size_t i = 0; i < sandbox_missing_call_count; i++) {
		emit_verdict_on(p, sandbox_missing_calls[i], MISSING);
	}
	for (size_t i = 0; i < sandbox_call_row_count; i++) {
		if ((sandbox_call_rows[i].sets & allowed) != 0) {
			emit_row(p, &sandbox_call_rows[i]);
		}
	}
	emit_return(p, REFUSED);
}

static int install(struct sandbox_program *program, struct why *why)
{
	struct sock_fprog filter = { .filter = program->code, .len = program->len };
	long result;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		return why_set(why, ERR_IO, "cannot give up new privileges: %s", strerror(errno));
	}
	/* every thread of the process, or none */
	result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
	if (result != 0) {
		return why_set(why, errno == ENOSYS || errno == EINVAL ? ERR_UNSUPPORTED : ERR_IO,
			       "this kernel does not filter system calls (seccomp): %s",
			       result > 0 ? "a thread has a filter of its own" : strerror(errno));
	}
	return 0;
}

int sandbox_calls(unsigned allowed, struct why *why)
{
	struct sandbox_program program = { .len = 0 };

	sandbox_program_build(&program, allowed);
	return install(&program, why);
}

int sandbox_never(struct why *why)
{
	struct sandbox_program program = { .len = 0 };

	sandbox_program_build_never(&program);
	return install(&program, why);
}
