/*
 * sandbox_calls_test.c - the filter's verdicts, by running its program here instead of in the
 * kernel: also on an emulated machine, where there is no seccomp to ask.
 */
#include "sys/sandbox_program.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <signal.h>
#include <cmocka.h>

#include "base/attr.h"
#include "sys/sandbox.h"
#include "sys/sandbox_platform.h"
#include "sys/sandbox_table.h"

#define KILL    SECCOMP_RET_KILL_PROCESS
#define ALLOW   SECCOMP_RET_ALLOW
#define REFUSE  (SECCOMP_RET_ERRNO | EPERM)
#define MISSING (SECCOMP_RET_ERRNO | ENOSYS)
#define ALL     0x1ffu

/* The instructions that the program is made of, as the kernel runs them (seccomp(2)). */
static uint32_t verdict_of(const struct sandbox_program *p, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (unsigned at = 0; at < p->len; at++) {
		const struct sock_filter *i = &p->code[at];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(i->k + sizeof a <= sizeof *data);
			memcpy(&a, (const uint8_t *)data + i->k, sizeof a);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			fail_msg("instruction %u at %u", i->code, at);
		}
	}
	fail_msg("the program ends without a verdict");
	return 0;
}

static uint32_t ask(unsigned sets, long number, uint64_t first, uint64_t second, uint64_t third)
{
	static struct sandbox_program program;
	const struct seccomp_data data = { .nr = (int)number,
					   .arch = PLATFORM_ARCH,
					   .args = { first, second, third } };

	program.len = 0;
	sandbox_program_build(&program, sets);
	return verdict_of(&program, &data);
}

static void kills_what_calls_for_another_architecture(void **state)
{
	static struct sandbox_program program;
	const uint32_t others[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64,
				    AUDIT_ARCH_ARM, AUDIT_ARCH_RISCV64 };

	(void)state;
	sandbox_program_build(&program, ALL);
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		const struct seccomp_data data = { .nr = (int)SYS_getpid, .arch = others[i] };

		assert_int_equal(verdict_of(&program, &data),
				 others[i] == PLATFORM_ARCH ? ALLOW : KILL);
	}
}

static void kills_for_each_deadly_call_whatever_is_allowed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sandbox_deadly_call_count; i++) {
		assert_int_equal(ask(ALL, sandbox_deadly_calls[i], 0, 0, 0), KILL);
	}
	assert_int_equal(ask(ALL, SYS_execve, 0, 0, 0), KILL);
	assert_int_equal(ask(ALL, SYS_execveat, 0, 0, 0), KILL);
	assert_int_equal(ask(ALL, SYS_bpf, 0, 0, 0), KILL);
	assert_int_equal(ask(ALL, SYS_clone3, 0, 0, 0), MISSING);
	assert_int_equal(ask(ALL, SYS_perf_event_open, 0, 0, 0), REFUSE);
	assert_int_equal(ask(ALL, SYS_io_uring_setup, 0, 0, 0), REFUSE);
}

static uint32_t ask_never(long number, uint64_t first, uint32_t arch)
{
	static struct sandbox_program program;
	const struct seccomp_data data = { .nr = (int)number, .arch = arch, .args = { first } };

	program.len = 0;
	sandbox_program_build_never(&program);
	return verdict_of(&program, &data);
}

static void forbids_everybody_programs_mounts_and_name_spaces(void **state)
{
	const uint64_t fork = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;

	(void)state;
	assert_int_equal(ask_never(SYS_execve, 0, PLATFORM_ARCH), KILL);
	assert_int_equal(ask_never(SYS_execveat, 0, PLATFORM_ARCH), KILL);
	assert_int_equal(ask_never(SYS_mount, 0, PLATFORM_ARCH), KILL);
	assert_int_equal(ask_never(SYS_getpid, 0, AUDIT_ARCH_I386), KILL);
	assert_int_equal(ask_never(SYS_unshare, CLONE_NEWUSER, PLATFORM_ARCH), REFUSE);
	assert_int_equal(ask_never(SYS_clone, fork, PLATFORM_ARCH), ALLOW);
	assert_int_equal(ask_never(SYS_clone, fork | CLONE_NEWUSER, PLATFORM_ARCH), REFUSE);
	assert_int_equal(ask_never(SYS_clone3, 0, PLATFORM_ARCH), MISSING);
	assert_int_equal(ask_never(SYS_bpf, 0, PLATFORM_ARCH), ALLOW);
	assert_int_equal(ask_never(SYS_write, CLONE_NEWUSER, PLATFORM_ARCH), ALLOW);
}

static void judges_files_by_how_they_are_opened(void **state)
{
	const uint64_t here = (uint64_t)(int64_t)AT_FDCWD;

	(void)state;
	assert_int_equal(ask(SANDBOX_READ_FILES, SYS_openat, here, 0, O_RDONLY | O_CLOEXEC), ALLOW);
	assert_int_equal(ask(SANDBOX_READ_FILES, SYS_openat, here, 0, O_WRONLY), REFUSE);
	assert_int_equal(ask(SANDBOX_READ_FILES, SYS_openat, here, 0, O_RDWR), REFUSE);
	assert_int_equal(ask(SANDBOX_READ_FILES, SYS_openat, here, 0, O_RDONLY | O_CREAT), REFUSE);
	assert_int_equal(ask(SANDBOX_READ_FILES, SYS_openat, here, 0, O_RDONLY | O_TRUNC), REFUSE);
	assert_int_equal(ask(SANDBOX_WRITE_FILES, SYS_openat, here, 0, O_WRONLY | O_CREAT), ALLOW);
	assert_int_equal(ask(SANDBOX_READ_FILES, SYS_unlinkat, here, 0, 0), REFUSE);
	assert_int_equal(ask(SANDBOX_READ_FILES, SYS_renameat2, here, 0, 0), REFUSE);
	assert_int_equal(ask(SANDBOX_READ_FILES, SYS_openat, here, 0, O_PATH | O_CLOEXEC), ALLOW);
	/* these flags have other values on other architectures */
	assert_int_equal(
		ask(SANDBOX_READ_FILES, SYS_openat, here, 0, O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
		ALLOW);
}

static void judges_sockets_by_their_kind(void **state)
{
	const unsigned both = SANDBOX_BASIC | SANDBOX_INTERNET;

	(void)state;
	assert_int_equal(ask(both, SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ALLOW);
	assert_int_equal(ask(both, SYS_socket, AF_INET6, SOCK_DGRAM, 0), ALLOW);
	assert_int_equal(ask(both, SYS_socket, AF_INET, SOCK_RAW, IPPROTO_ICMP), REFUSE);
	assert_int_equal(ask(both, SYS_socket, AF_PACKET, SOCK_RAW, 0), REFUSE);
	assert_int_equal(ask(both, SYS_socket, AF_UNIX, SOCK_STREAM, 0), REFUSE);
	assert_int_equal(ask(SANDBOX_BASIC, SYS_socket, AF_INET, SOCK_STREAM, 0), REFUSE);
	assert_int_equal(ask(SANDBOX_SOCKETS_OPEN, SYS_connect, 3, 0, 0), REFUSE);
	assert_int_equal(ask(both, SYS_bind, 3, 0, 0), REFUSE);
	assert_int_equal(ask(both | SANDBOX_BIND, SYS_bind, 3, 0, 0), ALLOW);
	assert_int_equal(ask(both | SANDBOX_BIND, SYS_listen, 3, 1, 0), REFUSE);
}

static void tells_forks_threads_and_name_spaces_apart(void **state)
{
	const uint64_t fork_flags = SIGCHLD | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;

	(void)state;
	assert_int_equal(ask(SANDBOX_CHILDREN, SYS_clone, fork_flags, 0, 0), ALLOW);
	assert_int_equal(ask(SANDBOX_CHILDREN, SYS_clone, fork_flags | CLONE_NEWUSER, 0, 0),
			 REFUSE);
	assert_int_equal(ask(SANDBOX_THREADS, SYS_clone, fork_flags, 0, 0), REFUSE);
	assert_int_equal(ask(SANDBOX_CHILDREN, SYS_unshare, CLONE_NEWUSER, 0, 0), REFUSE);
}

static void lets_no_memory_become_code(void **state)
{
	(void)state;
	assert_int_equal(ask(SANDBOX_BASIC, SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE), ALLOW);
	if (!PLATFORM_IS_SANITIZED) {
		assert_int_equal(ask(SANDBOX_BASIC, SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC),
				 REFUSE);
		assert_int_equal(ask(SANDBOX_BASIC, SYS_mprotect, 0, 4096, PROT_EXEC), REFUSE);
	}
}

static void signals_only_itself(void **state)
{
	(void)state;
	assert_int_equal(ask(SANDBOX_BASIC, SYS_kill, (uint64_t)getpid(), SIGTERM, 0), ALLOW);
	assert_int_equal(ask(SANDBOX_BASIC, SYS_kill, 1, SIGTERM, 0), REFUSE);
	assert_int_equal(ask(SANDBOX_BASIC, SYS_kill, (uint64_t)-1, SIGTERM, 0), REFUSE);
}

/* What glibc and musl make of poll, stat, waiting and ending on this machine. */
static void allows_what_every_process_does(void **state)
{
	static const long calls[] = { SYS_read,           SYS_write,       SYS_close,
				      SYS_ppoll,          SYS_epoll_pwait, SYS_futex,
				      SYS_rt_sigreturn,   SYS_exit_group,  SYS_getrandom,
				      SYS_clock_gettime,  SYS_munmap,      SYS_brk,
				      SYS_rt_sigprocmask, SYS_fstat };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		assert_int_equal(ask(SANDBOX_BASIC, calls[i], 0, 0, 0), ALLOW);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kills_what_calls_for_another_architecture),
		cmocka_unit_test(kills_for_each_deadly_call_whatever_is_allowed),
		cmocka_unit_test(forbids_everybody_programs_mounts_and_name_spaces),
		cmocka_unit_test(judges_files_by_how_they_are_opened),
		cmocka_unit_test(judges_sockets_by_their_kind),
		cmocka_unit_test(tells_forks_threads_and_name_spaces_apart),
		cmocka_unit_test(lets_no_memory_become_code),
		cmocka_unit_test(signals_only_itself),
		cmocka_unit_test(allows_what_every_process_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
