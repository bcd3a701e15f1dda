/*
 * sandbox_table.c - the system calls of each set.
 *
 * Never in any set: openat2, whose flags a filter cannot see; io_uring, which does all of this
 * unseen; open_by_handle_at, userfaultfd, keyctl, perf_event_open, process_vm_writev,
 * pidfd_getfd, name spaces, memfd_create.
 */
#include "sys/sandbox_table.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/attr.h"
#include "sys/sandbox.h"
#include "sys/sandbox_platform.h"

#define BASIC    SANDBOX_BASIC
#define READ     SANDBOX_READ_FILES
#define WRITE    SANDBOX_WRITE_FILES
#define FILES    (READ | WRITE)
#define SOCKETS  SANDBOX_SOCKETS_OPEN
#define INTERNET SANDBOX_INTERNET
#define UNIX     SANDBOX_UNIX
#define CHILDREN SANDBOX_CHILDREN
#define THREADS  SANDBOX_THREADS
#define NOTIFY   SANDBOX_NOTIFY
#define BIND     SANDBOX_BIND

/* Any of these and the file is not opened for reading only. The access mode's two bits include the
 * value 3, which some drivers take as both (O_ACCMODE will not do: musl puts O_PATH into it).
 * __O_TMPFILE comes with write access, which is in it. */
#define OPEN_CHANGES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)

#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
	 CLONE_NEWPID | CLONE_NEWNET)
#define THREAD_FLAGS (CLONE_VM | CLONE_THREAD | CLONE_SIGHAND)

/* What fork asks for beyond the signal at its end. */
#define FORK_FLAGS (CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | CLONE_PARENT_SETTID | 0xff)

/* PR_SET_VMA names anonymous memory; older headers lack it. */
#define NAME_MEMORY 0x53564d41

/* linux/net.h and linux/tcp.h say these; their headers clash with the C library's. */
#define LEVEL_NETLINK 270
#define LEVEL_TLS     282
#define FAST_OPEN     0x20000000

#define ONLY_IF(k, a, v)                                                                           \
	{                                                                                          \
		{                                                                                  \
			k, a, (uint32_t)(v)                                                        \
		}                                                                                  \
	}

const struct call_row sandbox_call_rows[] = {
	/* open descriptors */
	{ SYS_read, BASIC },
	{ SYS_write, BASIC },
	{ SYS_readv, BASIC },
	{ SYS_writev, BASIC },
	{ SYS_pread64, BASIC },
	{ SYS_pwrite64, BASIC },
	{ SYS_preadv, BASIC },
	{ SYS_pwritev, BASIC },
	{ SYS_close, BASIC },
	{ SYS_close_range, BASIC },
	{ SYS_lseek, BASIC },
	{ SYS_fstat, BASIC },
	{ SYS_newfstatat, BASIC, ONLY_IF(ALL_BITS, 3, AT_EMPTY_PATH) }, /* fstat of glibc 2.33 on */
	{ SYS_dup, BASIC },
	{ SYS_dup3, BASIC },
	{ SYS_pipe2, BASIC },
	{ SYS_fcntl, BASIC, ONLY_IF(EQUALS, 1, F_DUPFD) },
	{ SYS_fcntl, BASIC, ONLY_IF(EQUALS, 1, F_DUPFD_CLOEXEC) },
	{ SYS_fcntl, BASIC, ONLY_IF(EQUALS, 1, F_GETFD) },
	{ SYS_fcntl, BASIC, ONLY_IF(EQUALS, 1, F_SETFD) },
	{ SYS_fcntl, BASIC, ONLY_IF(EQUALS, 1, F_GETFL) },
	{ SYS_fcntl, BASIC, ONLY_IF(EQUALS, 1, F_SETFL) },
	{ SYS_ioctl, BASIC, ONLY_IF(EQUALS, 1, TCGETS) }, /* isatty */
	{ SYS_ioctl, BASIC, ONLY_IF(EQUALS, 1, TIOCGWINSZ) },
	{ SYS_ioctl, BASIC, ONLY_IF(EQUALS, 1, FIONREAD) },
	{ SYS_ioctl, BASIC, ONLY_IF(EQUALS, 1, FIONBIO) },

	/* waiting */
	{ SYS_ppoll, BASIC },
	{ SYS_pselect6, BASIC },
	{ SYS_epoll_create1, BASIC },
	{ SYS_epoll_ctl, BASIC },
	{ SYS_epoll_pwait, BASIC },
	{ SYS_epoll_pwait2, BASIC },
	{ SYS_eventfd2, BASIC },
	{ SYS_timerfd_create, BASIC },
	{ SYS_timerfd_settime, BASIC },
	{ SYS_timerfd_gettime, BASIC },
	{ SYS_signalfd4, BASIC },

	/* memory, of which none becomes code */
	{ SYS_mmap, BASIC, ONLY_IF(NO_BITS, 2, PROT_EXEC) },
	{ SYS_mprotect, BASIC, ONLY_IF(NO_BITS, 2, PROT_EXEC) },
	{ SYS_munmap, BASIC },
	{ SYS_mremap, BASIC },
	{ SYS_madvise, BASIC },
	{ SYS_msync, BASIC },
	{ SYS_mincore, BASIC },
	{ SYS_mlock, BASIC },
	{ SYS_mlock2, BASIC },
	{ SYS_munlock, BASIC },
	{ SYS_brk, BASIC },
	{ SYS_membarrier, BASIC },

	/* time, chance, and who one is */
	{ SYS_nanosleep, BASIC },
	{ SYS_clock_nanosleep, BASIC },
	{ SYS_clock_gettime, BASIC },
	{ SYS_clock_getres, BASIC },
	{ SYS_gettimeofday, BASIC },
	{ SYS_times, BASIC },
	{ SYS_getrusage, BASIC },
	{ SYS_getrandom, BASIC },
	{ SYS_uname, BASIC },
	{ SYS_sysinfo, BASIC },
	{ SYS_getcpu, BASIC },
	{ SYS_getpid, BASIC },
	{ SYS_getppid, BASIC },
	{ SYS_gettid, BASIC },
	{ SYS_getpgid, BASIC },
	{ SYS_getsid, BASIC },
	{ SYS_getuid, BASIC },
	{ SYS_geteuid, BASIC },
	{ SYS_getgid, BASIC },
	{ SYS_getegid, BASIC },
	{ SYS_getresuid, BASIC },
	{ SYS_getresgid, BASIC },
	{ SYS_getgroups, BASIC },
	{ SYS_capget, BASIC },
	{ SYS_prlimit64, BASIC, ONLY_IF(EQUALS, 0, 0) },
	{ SYS_prlimit64, BASIC, ONLY_IF(IS_SELF, 0, 0) },
	{ SYS_sched_yield, BASIC },
	{ SYS_sched_getaffinity, BASIC },
	{ SYS_sched_getparam, BASIC },
	{ SYS_sched_getscheduler, BASIC },
	{ SYS_prctl, BASIC, ONLY_IF(EQUALS, 0, PR_SET_NAME) },
	{ SYS_prctl, BASIC, ONLY_IF(EQUALS, 0, PR_GET_NAME) },
	{ SYS_prctl, BASIC, ONLY_IF(EQUALS, 0, PR_SET_PDEATHSIG) },
	{ SYS_prctl, BASIC, ONLY_IF(EQUALS, 0, PR_GET_DUMPABLE) },
	{ SYS_prctl, BASIC, { { EQUALS, 0, PR_SET_DUMPABLE }, { EQUALS, 1, 0 } } },
	{ SYS_prctl, BASIC, ONLY_IF(EQUALS, 0, PR_CAPBSET_READ) },
	{ SYS_prctl, BASIC, ONLY_IF(EQUALS, 0, PR_GET_NO_NEW_PRIVS) },
	{ SYS_prctl, BASIC, ONLY_IF(EQUALS, 0, PR_GET_SECCOMP) },
	{ SYS_prctl, BASIC, ONLY_IF(EQUALS, 0, NAME_MEMORY) },

	/* signals, to itself only */
	{ SYS_rt_sigaction, BASIC },
	{ SYS_rt_sigprocmask, BASIC },
	{ SYS_rt_sigreturn, BASIC },
	{ SYS_rt_sigtimedwait, BASIC },
	{ SYS_rt_sigpending, BASIC },
	{ SYS_rt_sigsuspend, BASIC },
	{ SYS_sigaltstack, BASIC },
	{ SYS_restart_syscall, BASIC },
	{ SYS_kill, BASIC, ONLY_IF(IS_SELF, 0, 0) },
	{ SYS_tgkill, BASIC, ONLY_IF(IS_SELF, 0, 0) },
	{ SYS_tkill, BASIC, ONLY_IF(IS_SELF, 0, 0) }, /* raise of musl; the first thread's number */
	{ SYS_exit, BASIC },
	{ SYS_exit_group, BASIC },

	/* locks between threads */
	{ SYS_futex, BASIC },
	{ SYS_set_robust_list, BASIC },
	{ SYS_get_robust_list, BASIC },
	{ SYS_rseq, BASIC },
	{ SYS_set_tid_address, BASIC },

	/* looking at files */
	{ SYS_openat, READ, ONLY_IF(NO_BITS, 2, OPEN_CHANGES) },
	{ SYS_newfstatat, FILES },
	{ SYS_statx, FILES },
	{ SYS_statfs, FILES },
	{ SYS_fstatfs, FILES },
	{ SYS_faccessat, FILES },
	{ SYS_faccessat2, FILES },
	{ SYS_readlinkat, FILES },
	{ SYS_getdents64, FILES },
	{ SYS_getcwd, FILES },
	{ SYS_chdir, FILES },
	{ SYS_fchdir, FILES },
	{ SYS_readahead, FILES },
	{ SYS_fadvise64, FILES },
	{ SYS_getxattr, FILES },
	{ SYS_lgetxattr, FILES },
	{ SYS_fgetxattr, FILES },
	{ SYS_listxattr, FILES },
	{ SYS_llistxattr, FILES },
	{ SYS_flistxattr, FILES },
	{ SYS_fcntl, FILES, ONLY_IF(EQUALS, 1, F_GETLK) },
	{ SYS_fcntl, FILES, ONLY_IF(EQUALS, 1, F_SETLK) },
	{ SYS_fcntl, FILES, ONLY_IF(EQUALS, 1, F_SETLKW) },
	{ SYS_fcntl, FILES, ONLY_IF(EQUALS, 1, F_OFD_GETLK) },
	{ SYS_fcntl, FILES, ONLY_IF(EQUALS, 1, F_OFD_SETLK) },
	{ SYS_fcntl, FILES, ONLY_IF(EQUALS, 1, F_OFD_SETLKW) },

	/* changing files */
	{ SYS_openat, WRITE },
	{ SYS_renameat, WRITE },
	{ SYS_renameat2, WRITE },
	{ SYS_unlinkat, WRITE },
	{ SYS_mkdirat, WRITE },
	{ SYS_linkat, WRITE },
	{ SYS_ftruncate, WRITE },
	{ SYS_truncate, WRITE },
	{ SYS_fallocate, WRITE },
	{ SYS_fsync, WRITE },
	{ SYS_fdatasync, WRITE },
	{ SYS_sync_file_range, WRITE },
	{ SYS_flock, WRITE },
	{ SYS_fchmod, WRITE },
	{ SYS_fchmodat, WRITE },
	{ SYS_umask, WRITE },
	{ SYS_utimensat, WRITE },

	/* sockets that are open; fast open would connect one */
	{ SYS_sendto, SOCKETS, ONLY_IF(NO_BITS, 3, FAST_OPEN) },
	{ SYS_sendmsg, SOCKETS, ONLY_IF(NO_BITS, 2, FAST_OPEN) },
	{ SYS_sendmmsg, SOCKETS, ONLY_IF(NO_BITS, 3, FAST_OPEN) },
	{ SYS_recvfrom, SOCKETS },
	{ SYS_recvmsg, SOCKETS },
	{ SYS_recvmmsg, SOCKETS },
	{ SYS_sendfile, SOCKETS },
	{ SYS_shutdown, SOCKETS },
	{ SYS_accept, SOCKETS },
	{ SYS_accept4, SOCKETS },
	{ SYS_getsockname, SOCKETS },
	{ SYS_getpeername, SOCKETS },
	{ SYS_getsockopt, SOCKETS },
	{ SYS_setsockopt, SOCKETS, ONLY_IF(EQUALS, 1, SOL_SOCKET) },
	{ SYS_setsockopt, SOCKETS, ONLY_IF(EQUALS, 1, IPPROTO_TCP) },
	{ SYS_setsockopt, SOCKETS, ONLY_IF(EQUALS, 1, LEVEL_NETLINK) },
	{ SYS_setsockopt, SOCKETS, ONLY_IF(EQUALS, 1, LEVEL_TLS) },

	/* new sockets: TCP and UDP, nothing raw */
	{ SYS_socket,
	  INTERNET,
	  { { EQUALS, 0, AF_INET }, { KIND_IS, 1, SOCK_STREAM }, { EQUALS, 2, 0 } } },
	{ SYS_socket,
	  INTERNET,
	  { { EQUALS, 0, AF_INET }, { KIND_IS, 1, SOCK_STREAM }, { EQUALS, 2, IPPROTO_TCP } } },
	{ SYS_socket,
	  INTERNET,
	  { { EQUALS, 0, AF_INET }, { KIND_IS, 1, SOCK_DGRAM }, { EQUALS, 2, 0 } } },
	{ SYS_socket,
	  INTERNET,
	  { { EQUALS, 0, AF_INET }, { KIND_IS, 1, SOCK_DGRAM }, { EQUALS, 2, IPPROTO_UDP } } },
	{ SYS_socket,
	  INTERNET,
	  { { EQUALS, 0, AF_INET6 }, { KIND_IS, 1, SOCK_STREAM }, { EQUALS, 2, 0 } } },
	{ SYS_socket,
	  INTERNET,
	  { { EQUALS, 0, AF_INET6 }, { KIND_IS, 1, SOCK_STREAM }, { EQUALS, 2, IPPROTO_TCP } } },
	{ SYS_socket,
	  INTERNET,
	  { { EQUALS, 0, AF_INET6 }, { KIND_IS, 1, SOCK_DGRAM }, { EQUALS, 2, 0 } } },
	{ SYS_socket,
	  INTERNET,
	  { { EQUALS, 0, AF_INET6 }, { KIND_IS, 1, SOCK_DGRAM }, { EQUALS, 2, IPPROTO_UDP } } },
	{ SYS_setsockopt, INTERNET,
	  ONLY_IF(EQUALS, 1, IPPROTO_IP) }, /* the resolver's IP_RECVERR */
	{ SYS_setsockopt, INTERNET, ONLY_IF(EQUALS, 1, IPPROTO_IPV6) },
	{ SYS_socket, UNIX, ONLY_IF(EQUALS, 0, AF_UNIX) },
	{ SYS_socketpair, UNIX, ONLY_IF(EQUALS, 0, AF_UNIX) },
	/* libcurl's resolver thread; such a pair can be connected to nothing else */
	{ SYS_socketpair, INTERNET, { { EQUALS, 0, AF_UNIX }, { KIND_IS, 1, SOCK_STREAM } } },
	{ SYS_connect, INTERNET | UNIX },
	{ SYS_bind, BIND },

	/* children, which may take more from themselves */
	{ SYS_clone, CHILDREN, ONLY_IF(NO_BITS, 0, ~(uint32_t)FORK_FLAGS) },
	{ SYS_wait4, CHILDREN },
	{ SYS_waitid, CHILDREN },
	{ SYS_kill, CHILDREN },
	{ SYS_tgkill, CHILDREN },
	{ SYS_pidfd_open, CHILDREN },
	{ SYS_pidfd_send_signal, CHILDREN },
	{ SYS_seccomp, CHILDREN, ONLY_IF(EQUALS, 0, SECCOMP_SET_MODE_FILTER) },
	{ SYS_landlock_create_ruleset, CHILDREN },
	{ SYS_landlock_add_rule, CHILDREN },
	{ SYS_landlock_restrict_self, CHILDREN },
	{ SYS_capset, CHILDREN },
	{ SYS_prctl, CHILDREN, ONLY_IF(EQUALS, 0, PR_SET_NO_NEW_PRIVS) },
	{ SYS_prctl, CHILDREN, ONLY_IF(EQUALS, 0, PR_CAPBSET_DROP) },
	{ SYS_prctl, CHILDREN, ONLY_IF(EQUALS, 0, PR_SET_SECUREBITS) },
	{ SYS_prctl, CHILDREN, ONLY_IF(EQUALS, 0, PR_GET_SECUREBITS) },
	{ SYS_prctl,
	  CHILDREN,
	  { { EQUALS, 0, PR_CAP_AMBIENT }, { EQUALS, 1, PR_CAP_AMBIENT_CLEAR_ALL } } },

	{ SYS_clone, THREADS, { { ALL_BITS, 0, THREAD_FLAGS }, { NO_BITS, 0, NAMESPACES } } },

	{ SYS_inotify_add_watch, NOTIFY },
	{ SYS_inotify_rm_watch, NOTIFY },
	{ SYS_fanotify_mark, NOTIFY },
	{ SYS_name_to_handle_at, NOTIFY }, /* tells whose event it is; opens nothing */

#if defined(__x86_64__)
	/* older forms, which other architectures never had */
	{ SYS_dup2, BASIC },
	{ SYS_pipe, BASIC },
	{ SYS_poll, BASIC },
	{ SYS_select, BASIC },
	{ SYS_epoll_wait, BASIC },
	{ SYS_time, BASIC },
	{ SYS_getrlimit, BASIC },
	{ SYS_setrlimit, BASIC },
	{ SYS_getpgrp, BASIC },
	{ SYS_open, READ, ONLY_IF(NO_BITS, 1, OPEN_CHANGES) },
	{ SYS_stat, FILES },
	{ SYS_lstat, FILES },
	{ SYS_access, FILES },
	{ SYS_readlink, FILES },
	{ SYS_getdents, FILES },
	{ SYS_open, WRITE },
	{ SYS_rename, WRITE },
	{ SYS_unlink, WRITE },
	{ SYS_rmdir, WRITE },
	{ SYS_mkdir, WRITE },
	{ SYS_chmod, WRITE },
	{ SYS_fork, CHILDREN },
#endif

#if PLATFORM_IS_SANITIZED
	{ SYS_mmap, BASIC },
	{ SYS_mprotect, BASIC },
	{ SYS_openat, BASIC, ONLY_IF(NO_BITS, 2, OPEN_CHANGES) },
	{ SYS_newfstatat, BASIC },
	{ SYS_readlinkat, BASIC },
	{ SYS_getdents64, BASIC },
	{ SYS_ptrace, BASIC },
	{ SYS_process_vm_readv, BASIC },
	{ SYS_clone, BASIC, ONLY_IF(ALL_BITS, 0, CLONE_VM | CLONE_UNTRACED) },
	{ SYS_wait4, BASIC },
	{ SYS_prctl, BASIC, ONLY_IF(EQUALS, 0, PR_SET_PTRACER) },
	{ SYS_prctl, BASIC, ONLY_IF(EQUALS, 0, PR_SET_DUMPABLE) },
#endif
};

const size_t sandbox_call_row_count = COUNT_OF(sandbox_call_rows);

const long sandbox_deadly_calls[] = {
	SYS_execve,       SYS_execveat,
#if !PLATFORM_IS_SANITIZED
	SYS_ptrace,
#endif
	SYS_bpf,          SYS_mount,         SYS_umount2,    SYS_pivot_root,    SYS_move_mount,
	SYS_fsmount,      SYS_fsopen,        SYS_open_tree,  SYS_mount_setattr, SYS_init_module,
	SYS_finit_module, SYS_delete_module, SYS_kexec_load,
};

const size_t sandbox_deadly_call_count = COUNT_OF(sandbox_deadly_calls);

const long sandbox_refused_calls[] = {
	SYS_unshare,          SYS_setns,
	SYS_chroot,           SYS_open_by_handle_at,
	SYS_userfaultfd,      SYS_keyctl,
	SYS_add_key,          SYS_request_key,
	SYS_io_uring_setup,   SYS_process_vm_writev,
	SYS_pidfd_getfd,      SYS_personality,
	SYS_reboot,           SYS_swapon,
#if !PLATFORM_IS_SANITIZED
	SYS_process_vm_readv,
#endif
};

const size_t sandbox_refused_call_count = COUNT_OF(sandbox_refused_calls);

const long sandbox_missing_calls[] = {
	SYS_clone3, /* its flags are in memory, where no filter looks */
};

const size_t sandbox_missing_call_count = COUNT_OF(sandbox_missing_calls);
